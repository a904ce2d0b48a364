package dev.lockstep.spark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.lockstep.data.Dataset;
import dev.lockstep.data.Examples;
import dev.lockstep.data.FileSource;
import dev.lockstep.data.IdxDirectory;
import dev.lockstep.data.Outline;
import dev.lockstep.data.Shape;
import dev.lockstep.spark.source.InputSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.spark.ml.linalg.SQLDataTypes;
import org.apache.spark.ml.linalg.Vectors;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The same pixels, as IDX files and as Parquet files, are the same training. */
class ParquetTrainingTest {
  private static final JsonMapper JSON = new JsonMapper();

  @TempDir static Path directory;

  private static Path configuration;

  @BeforeAll
  static void writeBoth() throws IOException {
    configuration = SmallMnist.configuration(SmallMnist.write(directory));
    Dataset idx = new IdxDirectory(directory.toString(), FileSource.directory(directory)).dataset();
    try (SparkSession spark =
        SparkSession.builder()
            .master("local[2]")
            .config("spark.ui.enabled", "false")
            .getOrCreate()) {
      write(spark, idx.training(), 3, directory.resolve("training"));
      write(spark, idx.test(), 1, directory.resolve("test"));
    }
  }

  /** The bytes as floats from 0 to 1, in the ways in which Spark's users keep them. */
  private static void write(SparkSession spark, Examples examples, int files, Path path) {
    List<Row> rows = new ArrayList<>();
    float[] pixels = new float[examples.shape().size()];
    for (int i = 0; i < examples.size(); i++) {
      examples.copy(i, pixels, 0);
      double[] numbers = new double[pixels.length];
      Arrays.setAll(numbers, p -> pixels[p]);
      rows.add(
          RowFactory.create(
              (double) examples.label(i), Vectors.dense(numbers).compressed(), pixels.clone()));
    }
    StructType schema =
        new StructType()
            .add("label", DataTypes.DoubleType)
            .add("features", SQLDataTypes.VectorType())
            .add("pixels", DataTypes.createArrayType(DataTypes.FloatType));
    spark
        .createDataFrame(rows, schema)
        .coalesce(1)
        .write()
        .option("maxRecordsPerFile", (examples.size() - 1) / files + 1)
        .parquet(path.toString());
  }

  private static String parquet(String more) {
    return "{parquet: '%s', test: '%s', label: label, %s}"
        .formatted(directory.resolve("training"), directory.resolve("test"), more);
  }

  private static Invocation train(String... settings) {
    List<String> arguments =
        new ArrayList<>(
            List.of(
                "train",
                "--config",
                configuration.toString(),
                "--master",
                "local[2]",
                "--output",
                directory.resolve("runs").toString()));
    for (String setting : settings) {
      arguments.add("--set");
      arguments.add(setting);
    }
    return Invocation.of(arguments.toArray(String[]::new));
  }

  private static Path trained(String... settings) {
    Invocation trained = train(settings);
    assertThat(trained.err()).isEmpty();
    assertThat(trained.exitCode()).isZero();
    return Path.of(trained.lastLine());
  }

  private static void assertSameModel(Path run, Path expected) throws IOException {
    assertThat(parameters(run)).isEqualTo(parameters(expected));
    JsonNode metrics = JSON.readTree(run.resolve("metrics.json").toFile());
    assertThat(metrics).isEqualTo(JSON.readTree(expected.resolve("metrics.json").toFile()));
    assertThat(metrics.path("test.examples").asInt()).isEqualTo(SmallMnist.TEST);
  }

  private static float[] parameters(Path run) throws IOException {
    return MultiLayerNetwork.load(run.resolve("model.zip").toFile(), false)
        .params()
        .toFloatVector();
  }

  @ParameterizedTest
  @ValueSource(strings = {"engine: fused", "engine: dl4j", "training.microBatches: 4"})
  void vectorsGiveTheModelOfTheImagesToTheLastBit(String setting) throws IOException {
    String set = setting.replace(": ", "=");
    assertSameModel(
        trained(set, "dataset=" + parquet("features: features, shape: [28, 28]")), trained(set));
  }

  @Test
  void plainVectorsDoSoTooWhereTheNetworkAsksForNoImage() throws IOException {
    assertSameModel(trained("dataset=" + parquet("features: [pixels]")), trained());
  }

  @Test
  void vectorsWithAShapeAreAugmentedAsImages() throws IOException {
    String augmentation = "training.augmentation={rotation: 10, shift: 2}";
    assertSameModel(
        trained(augmentation, "dataset=" + parquet("features: pixels, shape: [28, 28]")),
        trained(augmentation));
  }

  @Test
  void vectorsWithoutAShapeAreNotAugmented() {
    Invocation refused =
        train("training.augmentation.rotation=10", "dataset=" + parquet("features: pixels"));

    assertThat(refused.exitCode()).isEqualTo(2);
    assertThat(refused.err())
        .contains(
            "small: training.augmentation moves images, but an example of the data set is a vector"
                + " of 784 numbers; leave augmentation out, or say with dataset.shape")
        .doesNotContain("\tat ");
  }

  @Test
  void theRunNamesItsDataAndIsEvaluatedOnItAndPredictsMoreOfTheSame() throws IOException {
    Path run = trained("dataset=" + parquet("features: features, shape: [28, 28]"));

    JsonNode manifest = JSON.readTree(run.resolve("manifest.json").toFile()).path("dataset");
    assertThat(manifest.path("name").asText()).isEqualTo(directory.resolve("training").toString());
    assertThat(manifest.path("training").path("examples").asInt()).isEqualTo(SmallMnist.TRAINING);
    JsonNode metrics = JSON.readTree(run.resolve("metrics.json").toFile());

    Invocation evaluated = Invocation.of("evaluate", "--model", run.toString(), "--json");
    assertThat(evaluated.err()).isEmpty();
    JsonNode again = JSON.readTree(String.join("\n", evaluated.out()));
    assertThat(again.path("test.loss")).isEqualTo(metrics.path("test.loss"));
    assertThat(again.path("test.confusion")).isEqualTo(metrics.path("test.confusion"));

    List<String> ofImages =
        predicted(
            run,
            directory.resolve("t10k-images-idx3-ubyte").toString(),
            "--labels",
            directory.resolve("t10k-labels-idx1-ubyte").toString());
    String test = directory.resolve("test").toString();
    assertThat(ofImages).hasSize(1 + SmallMnist.TEST);
    assertThat(predicted(run, "{parquet: '%s', label: label}".formatted(test))).isEqualTo(ofImages);
    assertThat(
            predicted(
                run,
                "{parquet: '%s', label: label, features: pixels, shape: [28, 28]}".formatted(test)))
        .isEqualTo(ofImages);
    assertThat(predicted(run, "{parquet: '%s'}".formatted(test)).get(0))
        .startsWith("example,class,probability_0");

    List<String> learned =
        evaluated(
            run,
            directory.resolve("train-images-idx3-ubyte").toString(),
            "--labels",
            directory.resolve("train-labels-idx1-ubyte").toString());
    assertThat(learned).contains("test examples  1,200");
    String rows = "{parquet: '%s', label: label}".formatted(directory.resolve("training"));
    assertThat(evaluated(run, rows)).isEqualTo(learned);
  }

  @Test
  void theDriverOfAClusterKnowsInputsWithoutTheirNumbers() {
    Path images = directory.resolve("t10k-images-idx3-ubyte");
    String rows =
        "parquet: '%s', features: pixels, shape: [28, 28]".formatted(directory.resolve("test"));
    for (InputSource input :
        List.of(
            InputSource.of(images.toString(), Optional.empty(), Optional.empty()),
            InputSource.of(
                images.toString(),
                Optional.of(directory.resolve("t10k-labels-idx1-ubyte").toString()),
                Optional.empty()),
            InputSource.of("{" + rows + "}", Optional.empty(), Optional.empty()),
            InputSource.of("{" + rows + ", label: label}", Optional.empty(), Optional.empty()))) {
      Examples outline = input.outline(10);

      assertThat(outline.features()).as(input.toString()).isInstanceOf(Outline.class);
      assertThat(outline.shape()).isEqualTo(new Shape(28, 28, 1));
      assertThat(outline.fingerprint()).isEqualTo(input.examples(10).fingerprint());
      assertThat(outline.classCounts()[0] == SmallMnist.TEST).isEqualTo(!input.labelled());
    }
  }

  private static List<String> predicted(Path run, String input, String... more) {
    return printed("predict", run, input, more);
  }

  private static List<String> evaluated(Path run, String input, String... more) {
    return printed("evaluate", run, input, more);
  }

  private static List<String> printed(String command, Path run, String input, String... more) {
    Invocation invocation =
        Invocation.of(
            Stream.concat(
                    Stream.of(command, "--model", run.toString(), "--input", input),
                    Stream.of(more))
                .toArray(String[]::new));
    assertThat(invocation.err()).isEmpty();
    return invocation.out();
  }

  @Test
  void aRunIsRepeatedByItsOwnConfiguration() throws IOException {
    Path run = trained("dataset=" + parquet("features: features"));

    Invocation again =
        Invocation.of(
            "train",
            "--config",
            run.resolve("configuration.yaml").toString(),
            "--master",
            "local[2]",
            "--output",
            directory.resolve("again").toString());

    assertSameModel(Path.of(again.lastLine()), run);
  }

  @Test
  void describeShowsTheNetworkOnTheVectors() {
    Invocation described =
        Invocation.of(
            "describe",
            "--config",
            configuration.toString(),
            "--set",
            "dataset=" + parquet("features: features, classes: 10"));

    assertThat(described.err()).isEmpty();
    assertThat(described.out()).contains("input   1 x 784, 10 classes");
  }

  @Test
  void whatCannotBePredictedIsRefusedInOneSentence() throws IOException {
    Path run = trained();
    String test = directory.resolve("test").toString();

    assertRefused(
        run,
        "{parquet: '%s'}".formatted(test),
        "the input: 'features' is missing; it must be the name of a column or a list of such names");
    assertRefused(
        run,
        "{parquet: '%s', features: pixels}".formatted(test),
        "the model takes inputs of 28 x 28 but the data has inputs of 1 x 784");
    assertRefused(
        run, "{parquet: /none, features: x}", "/none: there is no such file or directory");
    assertRefused(
        run,
        "{parquet: '%s', features: pixels}".formatted(test),
        "--labels is labels, an IDX file's, but the input is Parquet",
        "--labels",
        "labels");
  }

  private static void assertRefused(Path run, String input, String message, String... more) {
    Invocation refused =
        Invocation.of(
            Stream.concat(
                    Stream.of("predict", "--model", run.toString(), "--input", input),
                    Stream.of(more))
                .toArray(String[]::new));
    assertThat(refused.exitCode()).isEqualTo(2);
    assertThat(refused.err()).contains(message).doesNotContain("\tat ");
    assertThat(refused.out()).isEmpty();
  }

  @Test
  void aDamagedPartIsRefusedByName() throws IOException {
    Path damaged = Files.createDirectory(directory.resolve("damaged"));
    try (Stream<Path> parts = Files.list(directory.resolve("training"))) {
      Path part =
          parts.filter(path -> path.toString().endsWith(".parquet")).sorted().findFirst().get();
      byte[] bytes = Files.readAllBytes(part);
      Files.write(damaged.resolve("part.parquet"), Arrays.copyOf(bytes, bytes.length / 2));
    }

    Invocation refused =
        train("dataset={parquet: '%s', features: pixels, label: label}".formatted(damaged));

    assertThat(refused.exitCode()).isEqualTo(2);
    assertThat(refused.err())
        .contains("damaged/part.parquet: cannot be read as Parquet: ")
        .doesNotContain("\tat ");
  }
}
