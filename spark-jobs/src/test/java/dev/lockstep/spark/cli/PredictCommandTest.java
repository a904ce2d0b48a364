package dev.lockstep.spark.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.lockstep.data.Examples;
import dev.lockstep.spark.Digits;
import dev.lockstep.spark.ml.NetworkClassificationModel;
import dev.lockstep.spark.ml.NetworkClassifier;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.spark.SparkContext;
import org.apache.spark.ml.linalg.SQLDataTypes;
import org.apache.spark.ml.linalg.Vectors;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerTaskStart;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Predictions of many inputs, written by the tasks. */
class PredictCommandTest {
  private static final String LISTENERS = "spark.extraListeners";

  @TempDir static Path directory;
  private static Path run;

  /** What {@code predict} prints. */
  private static List<String> printed;

  @BeforeAll
  static void trainAndPrint() throws IOException {
    Path configuration = SmallMnist.configuration(SmallMnist.write(directory));
    Invocation trained =
        Invocation.of(
            "train",
            "--config",
            configuration.toString(),
            "--master",
            "local[2]",
            "--output",
            directory.resolve("runs").toString());
    run = Path.of(trained.lastLine());
    printed = predict().out();
  }

  /** Tasks of a job that was cancelled would ask the next one's Spark whether they may commit. */
  @AfterEach
  void leaveSparkAlone() {
    System.clearProperty(LISTENERS);
    await()
        .atMost(Duration.ofSeconds(20))
        .until(
            () ->
                Thread.getAllStackTraces().keySet().stream()
                    .noneMatch(thread -> thread.getName().startsWith("Executor task launch")));
  }

  private static Invocation predict(String... more) {
    List<String> arguments =
        new ArrayList<>(
            List.of(
                "predict",
                "--model",
                run.toString(),
                "--input",
                directory.resolve("t10k-images-idx3-ubyte").toString(),
                "--labels",
                directory.resolve("t10k-labels-idx1-ubyte").toString(),
                "--master",
                "local[3]"));
    arguments.addAll(List.of(more));
    return Invocation.of(arguments.toArray(String[]::new));
  }

  private static List<Path> files(Path output) throws IOException {
    try (Stream<Path> files = Files.list(output)) {
      return files
          .filter(file -> file.getFileName().toString().startsWith("part-"))
          .sorted()
          .toList();
    }
  }

  @Test
  void filesOfCsvHaveTheLinesThatArePrintedEachUnderAHeading() throws IOException {
    Path output = directory.resolve("csv");

    Invocation predicted = predict("--format", "csv", "--output", output.toString());

    assertThat(predicted.exitCode()).as(predicted.err()).isZero();
    assertThat(output.resolve("_SUCCESS")).exists();
    List<String> lines = new ArrayList<>();
    lines.add(printed.get(0));
    for (Path file : files(output)) {
      assertThat(file.getFileName().toString()).endsWith(".csv");
      List<String> part = Files.readAllLines(file);
      assertThat(part.get(0)).isEqualTo(printed.get(0));
      lines.addAll(part.subList(1, part.size()));
    }
    assertThat(lines).isEqualTo(printed).hasSize(1 + SmallMnist.TEST);
  }

  private static SparkSession spark() {
    return SparkSession.builder()
        .master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .getOrCreate();
  }

  @Test
  void aModelThatSparkMlSavedGivesTheClassesOfItsTransform() throws IOException {
    Examples images = Digits.MNIST.test();
    List<Row> rows = new ArrayList<>();
    float[] pixels = new float[28 * 28];
    for (int i = 0; i < SmallMnist.TEST; i++) {
      images.copy(i, pixels, 0);
      double[] vector = IntStream.range(0, pixels.length).mapToDouble(p -> pixels[p]).toArray();
      rows.add(RowFactory.create(i, (double) images.label(i), Vectors.dense(vector)));
    }
    Path saved = directory.resolve("saved");
    List<String> classes = new ArrayList<>();
    try (SparkSession spark = spark()) {
      org.apache.spark.sql.Dataset<Row> frame =
          spark.createDataFrame(
              rows,
              new StructType()
                  .add("id", DataTypes.IntegerType)
                  .add("label", DataTypes.DoubleType)
                  .add("features", SQLDataTypes.VectorType()));
      NetworkClassificationModel model =
          new NetworkClassifier()
              .setNetwork(
                  "{layers: [{dense: {units: 10, activation: softmax}}], loss: categorical_crossentropy}")
              .setInputShape(28, 28)
              .setOptimizer("adam")
              .setWorkers(2)
              .fit(frame);
      model.write().save(saved.toUri().toString());
      for (Row row : model.transform(frame).orderBy("id").select("prediction").collectAsList()) {
        classes.add("%d,%d".formatted(classes.size(), (int) row.getDouble(0)));
      }
    }

    Invocation predicted =
        Invocation.of(
            "predict",
            "--model",
            saved.toString(),
            "--input",
            directory.resolve("t10k-images-idx3-ubyte").toString(),
            "--master",
            "local[2]");

    assertThat(predicted.exitCode()).as(predicted.err()).isZero();
    assertThat(predicted.out().stream().skip(1))
        .extracting(line -> line.split(",")[0] + "," + line.split(",")[1])
        .isEqualTo(classes);
    assertThat(classes.stream().map(line -> line.split(",")[1]).distinct()).hasSizeGreaterThan(5);
  }

  @Test
  void sparkReadsTheParquetAndCountsTheConfusionThatEvaluateDoes() throws IOException {
    Path output = directory.resolve("parquet");

    Invocation predicted = predict("--format", "parquet", "--output", output.toString());

    assertThat(predicted.exitCode()).as(predicted.err()).isZero();
    long[][] confusion = new long[10][10];
    List<String> lines = new ArrayList<>(List.of(printed.get(0)));
    try (SparkSession spark = spark()) {
      for (Row row : spark.read().parquet(output.toString()).orderBy("example").collectAsList()) {
        List<Float> probabilities = row.getList(3);
        confusion[row.getInt(1)][row.getInt(2)]++;
        lines.add(
            "%d,%d,%d,".formatted(row.getLong(0), row.getInt(1), row.getInt(2))
                + String.join(",", probabilities.stream().map(String::valueOf).toList()));
        assertThat(probabilities.indexOf(Collections.max(probabilities))).isEqualTo(row.getInt(2));
      }
    }
    assertThat(lines).isEqualTo(printed);
    Invocation evaluated =
        Invocation.of("evaluate", "--model", run.toString(), "--json", "--master", "local[2]");
    JsonNode expected =
        new JsonMapper().readTree(String.join("\n", evaluated.out())).path("test.confusion");
    assertThat(expected).hasToString(new JsonMapper().writeValueAsString(confusion));
  }

  private static long[][] confusion(List<String> predicted) {
    long[][] confusion = new long[10][10];
    for (String line : predicted.subList(1, predicted.size())) {
      String[] cells = line.split(",");
      confusion[Integer.parseInt(cells[1])][Integer.parseInt(cells[2])]++;
    }
    return confusion;
  }

  @Test
  void evaluateCountsTheConfusionOfPredictOnTheSameInputs() throws IOException {
    String[] inputs = {
      "--input",
      directory.resolve("train-images-idx3-ubyte").toString(),
      "--labels",
      directory.resolve("train-labels-idx1-ubyte").toString(),
      "--model",
      run.toString(),
      "--master",
      "local[3]"
    };

    Invocation evaluated =
        Invocation.of(
            Stream.concat(Stream.of("evaluate", "--json"), Stream.of(inputs))
                .toArray(String[]::new));

    assertThat(evaluated.exitCode()).as(evaluated.err()).isZero();
    List<String> predicted =
        Invocation.of(Stream.concat(Stream.of("predict"), Stream.of(inputs)).toArray(String[]::new))
            .out();
    assertThat(predicted).hasSize(1 + SmallMnist.TRAINING);
    assertThat(new JsonMapper().readTree(String.join("\n", evaluated.out())).path("test.confusion"))
        .hasToString(new JsonMapper().writeValueAsString(confusion(predicted)));
  }

  @Test
  void evaluateNeedsTheTrueClassesOfInputs() {
    String images = directory.resolve("t10k-images-idx3-ubyte").toString();
    for (String input : List.of(images, "{parquet: /none, features: x}")) {
      Invocation refused = Invocation.of("evaluate", "--model", run.toString(), "--input", input);

      assertThat(refused.exitCode()).isEqualTo(2);
      assertThat(refused.err())
          .contains(
              "--input is " + input + ", without the true classes that evaluate compares with")
          .hasLineCount(1);
      assertThat(refused.out()).isEmpty();
    }
  }

  /** A named pipe gives its content once; whoever opens it again waits for ever. */
  @Test
  @Timeout(value = 30, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void inputsAreReadOnce() throws Exception {
    Path pipe = directory.resolve("pipe");
    assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor()).isZero();
    Thread writer =
        new Thread(
            () -> {
              try (OutputStream out = Files.newOutputStream(pipe)) {
                Files.copy(directory.resolve("t10k-images-idx3-ubyte"), out);
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            });
    writer.setDaemon(true);
    writer.start();

    Invocation predicted =
        Invocation.of(
            "predict",
            "--model",
            run.toString(),
            "--input",
            pipe.toString(),
            "--labels",
            directory.resolve("t10k-labels-idx1-ubyte").toString(),
            "--master",
            "local[3]");

    assertThat(predicted.out()).as(predicted.err()).isEqualTo(printed);
  }

  @Test
  void whatIsThereIsReplacedOnlyWhenThatIsAskedFor() throws IOException {
    Path output = directory.resolve("twice");
    predict("--format", "csv", "--output", output.toString());
    Path own =
        Files.writeString(
            Files.createDirectory(directory.resolve("twice.unfinished")).resolve("notes"),
            "of the user");
    Path left = Files.writeString(output.resolve("part-r-99999"), "of an earlier day");

    Invocation refused = predict("--format", "csv", "--output", output.toString());
    assertThat(refused.exitCode()).isEqualTo(2);
    assertThat(refused.err())
        .contains(output + " is there already; name another directory, or use --overwrite");
    assertThat(left).exists();

    Invocation replaced = predict("--format", "csv", "--output", output.toString(), "--overwrite");
    assertThat(replaced.exitCode()).as(replaced.err()).isZero();
    assertThat(left).doesNotExist();
    assertThat(output.resolve("_SUCCESS")).exists();
    assertThat(directory).isDirectoryNotContaining("glob:**/twice.{un,re}*-*");
    assertThat(own).hasContent("of the user");
  }

  /** Cancels a job when its first task has begun. */
  public static final class Saboteur extends SparkListener {
    @Override
    public void onTaskStart(SparkListenerTaskStart start) {
      if (start.taskInfo().index() == 0) {
        SparkContext.getOrCreate().cancelStage(start.stageId());
      }
    }
  }

  @Test
  void ofAJobThatFailsNothingIsLeft() {
    System.setProperty(LISTENERS, Saboteur.class.getName());
    Path output = directory.resolve("failed");

    Invocation failed = predict("--format", "parquet", "--output", output.toString());

    assertThat(failed.exitCode()).isEqualTo(1);
    assertThat(failed.err()).doesNotContain("\tat ");
    assertThat(output).doesNotExist();
  }

  @Test
  void aFormatNeedsADirectoryAndADirectoryAFormat() {
    assertThat(predict("--format", "csv").err())
        .contains("--format needs --output, the directory to write");
    assertThat(predict("--overwrite").err()).contains("--overwrite is for directories");
    assertThat(predict("--format", "xml", "--output", directory.resolve("xml").toString()).err())
        .contains("--format");
  }
}
