package dev.lockstep.spark.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assertions.withinPercentage;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.lockstep.data.Examples;
import dev.lockstep.data.FileSource;
import dev.lockstep.data.IdxDirectory;
import dev.lockstep.spark.LogLines;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** From the command line to files and back. */
class TrainCommandTest {
  private static final JsonMapper JSON = new JsonMapper();

  @TempDir static Path directory;

  private static Invocation trained;
  private static Path run;

  @BeforeAll
  static void train() throws IOException {
    Path configuration = SmallMnist.configuration(SmallMnist.write(directory));
    trained = train(configuration);
    run = Path.of(trained.lastLine());
  }

  private static Invocation train(Path configuration) {
    return Invocation.of(
        "train",
        "--config",
        configuration.toString(),
        "--master",
        "local[2]",
        "--output",
        directory.resolve("runs").toString());
  }

  private static JsonNode json(Path file) throws IOException {
    return JSON.readTree(file.toFile());
  }

  private static Examples test() {
    return new IdxDirectory(directory.toString(), FileSource.directory(directory)).dataset().test();
  }

  @Test
  void printsALineAnEpochThenTheTestAndAtLastTheRunDirectory() {
    assertThat(trained.exitCode()).isZero();
    assertThat(trained.err()).isEmpty();
    String number = "\\d+\\.\\d+";
    for (int epoch = 1; epoch <= 2; epoch++) {
      assertThat(trained.out().get(epoch - 1))
          .matches(
              ("Epoch %d/2 - N s - [\\d,]+ examples/s - loss N - accuracy N - val_loss N"
                      + " - val_accuracy N")
                  .formatted(epoch)
                  .replace("N", number));
    }
    assertThat(trained.out().get(2)).matches("test accuracy " + number);
    assertThat(trained.out().get(3)).matches("test loss     " + number);
    assertThat(trained.out().get(4)).matches("test recall   " + number + " \\(macro\\)");
    assertThat(trained.lastLine()).startsWith(directory.resolve("runs").toString());
  }

  private static final String NORMALIZING =
      "network={layers: [{dense: {units: 8, activation: relu}}, batch_normalization,"
          + " {dense: {units: 10, activation: softmax}}], loss: categorical_crossentropy}";

  /** As many lines as say so: once, or not at all. */
  @ParameterizedTest
  @CsvSource({"2, training.microBatches=null, 1", "2, training.microBatches=2, 0", "1, seed=3, 0"})
  void warnsThatBatchNormalisationDependsOnTheNumberOfWorkers(
      int workers, String setting, int warnings) {
    try (LogLines log = LogLines.open()) {
      Invocation normalizing =
          Invocation.of(
              "train",
              "--config",
              directory.resolve("small.yaml").toString(),
              "--set",
              NORMALIZING,
              "--set",
              "training.epochs=1",
              "--set",
              setting,
              "--master",
              "local[2]",
              "--workers",
              Integer.toString(workers),
              "--output",
              directory.resolve("runs").toString());

      assertThat(normalizing.exitCode()).isZero();
      assertThat(log.with("another number of workers than " + workers)).hasSize(warnings);
    }
  }

  @Test
  void leavesEveryFileAndAManifestThatNamesThem() throws Exception {
    JsonNode manifest = json(run.resolve("manifest.json"));

    assertThat(manifest.path("workers").asInt()).isEqualTo(2);
    assertThat(manifest.path("seed").asInt()).isEqualTo(3);
    assertThat(manifest.path("network").path("parameters").asInt()).isEqualTo(785 * 32 + 33 * 10);
    assertThat(manifest.path("dataset").path("test").path("fingerprint").asText())
        .isEqualTo(test().fingerprint());
    assertThat(manifest.path("versions").path("dl4j").asText()).isEqualTo("1.0.0-M2");
    assertThat(manifest.path("versions").path("spark").asText()).startsWith("3.5.");
    assertThat(manifest.path("rounds").path("count").asInt()).isEqualTo(40);
    for (JsonNode file : manifest.path("files")) {
      byte[] bytes = Files.readAllBytes(run.resolve(file.path("name").asText()));
      assertThat(file.path("bytes").asInt()).isEqualTo(bytes.length);
      assertThat(file.path("sha256").asText())
          .isEqualTo(HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes)));
    }
    assertThat(manifest.path("files").findValuesAsText("name"))
        .containsExactly(
            "configuration.yaml",
            "history.json",
            "history.csv",
            "metrics.json",
            "model.zip",
            "report.json",
            "report.html",
            "accuracy.png",
            "loss.png",
            "events.out.tfevents.lockstep");
    try (Stream<Path> files = Files.list(run)) {
      assertThat(files).hasSize(12);
    }
  }

  @Test
  void theReportHoldsTheRunsNumbersItsWorkersAndWhatItGotWrong() throws IOException {
    JsonNode report = json(run.resolve("report.json")).path("runs").path(0);
    JsonNode metrics = json(run.resolve("metrics.json"));

    assertThat(report.path("name").asText()).isEqualTo(run.getFileName().toString());
    assertThat(report.path("metrics").path("test").path("accuracy"))
        .isEqualTo(metrics.path("test.accuracy"));
    assertThat(report.path("metrics").path("test").path("confusion"))
        .isEqualTo(metrics.path("test.confusion"));
    assertThat(report.path("configuration").asText())
        .isEqualTo(Files.readString(run.resolve("configuration.yaml")));
    assertThat(report.path("timeline").findValuesAsText("lane"))
        .containsExactly("worker 0", "worker 1");
    for (JsonNode span : report.path("timeline")) {
      assertThat(span.path("outcome").asText()).isEqualTo("done");
      assertThat(span.path("end").asDouble()).isGreaterThan(span.path("start").asDouble());
    }
    assertThat(report.path("weights").path(0).path("pictures").size()).isEqualTo(32);
    assertThat(report.path("worst").size()).isEqualTo(24);
    Examples test = test();
    INDArray predicted =
        MultiLayerNetwork.load(run.resolve("model.zip").toFile(), false).output(testFeatures());
    for (JsonNode wrong : report.path("worst")) {
      int index = wrong.path("index").asInt();
      assertThat(wrong.path("label").asInt()).isEqualTo(test.label(index));
      assertThat(wrong.path("predicted").asInt())
          .isNotEqualTo(test.label(index))
          .isEqualTo(predicted.getRow(index).argMax().getInt(0));
      assertThat(wrong.path("probability").asDouble())
          .isCloseTo(predicted.getRow(index).maxNumber().doubleValue(), within(1e-5));
    }
  }

  @Test
  void theReportIsMadeAgainTheSame() throws IOException {
    Path again = directory.resolve("again.html");
    Invocation made = Invocation.of("report", run.toString(), "--output", again.toString());

    assertThat(made.exitCode()).as(made.err()).isZero();
    assertThat(made.lastLine()).isEqualTo(again.toString());
    assertThat(again).hasSameBinaryContentAs(run.resolve("report.html"));
    for (String picture : List.of("accuracy.png", "loss.png")) {
      assertThat(directory.resolve("again-" + picture))
          .hasSameBinaryContentAs(run.resolve(picture));
    }
  }

  @Test
  void severalRunsAreLaidOverOneAnotherUnderDifferentNames() throws IOException {
    Path together = directory.resolve("together.html");
    Invocation made =
        Invocation.of("report", run.toString(), run.toString(), "--output", together.toString());

    assertThat(made.exitCode()).as(made.err()).isZero();
    assertThat(together)
        .content()
        .contains("<title>Comparison of 2 runs</title>")
        .contains("\"name\":\"%s\"".formatted(run.getFileName()))
        .contains("\"name\":\"%s (%s)\"".formatted(run.getFileName(), run));
  }

  @Test
  void metricsAreFlatKeysForTestAndValidation() throws IOException {
    JsonNode metrics = json(run.resolve("metrics.json"));

    for (String part : List.of("test", "validation")) {
      assertThat(metrics.path(part + ".accuracy").asDouble()).isBetween(0.5, 1.0);
      for (String key :
          List.of(
              "loss",
              "mse",
              "recall.macro",
              "precision.macro",
              "f1.macro",
              "recall.perClass",
              "precision.perClass",
              "f1.perClass",
              "confusion")) {
        assertThat(metrics.has(part + "." + key)).as(part + "." + key).isTrue();
      }
    }
    assertThat(metrics.path("test.examples").asInt()).isEqualTo(SmallMnist.TEST);
    assertThat(metrics.path("validation.examples").asInt()).isEqualTo(SmallMnist.VALIDATION);
    JsonNode history = json(run.resolve("history.json"));
    assertThat(history.path("val_loss").path(1).asDouble())
        .isEqualTo(metrics.path("validation.loss").asDouble());
    assertThat(history.path("examples").path(0).asInt())
        .isEqualTo(SmallMnist.TRAINING - SmallMnist.VALIDATION);
  }

  @Test
  void theRunsOwnConfigurationRepeatsItToTheLastBit() throws IOException {
    Invocation again = train(run.resolve("configuration.yaml"));

    assertThat(Path.of(again.lastLine())).isNotEqualTo(run);
    assertThat(Path.of(again.lastLine()).resolve("model.zip"))
        .hasSameBinaryContentAs(run.resolve("model.zip"));
  }

  /** Sums of floats depend on their grouping, and on nothing else that differs here. */
  @Test
  void theHistoryHardlyDependsOnTheNumberOfWorkers() throws IOException {
    List<JsonNode> losses = new ArrayList<>();
    for (int workers : List.of(1, 2, 4)) {
      Invocation alike =
          Invocation.of(
              "train",
              "--config",
              directory.resolve("small.yaml").toString(),
              "--set",
              "network={layers: [dense: {units: 32, activation: relu}, dense: {units: 10, activation: softmax}], loss: categorical_crossentropy}",
              "--set",
              "training.epochs=5",
              "--workers",
              Integer.toString(workers),
              "--master",
              "local[4]",
              "--output",
              directory.resolve("runs").toString());
      Path results = Path.of(alike.lastLine());
      assertThat(json(results.resolve("manifest.json")).path("workers").asInt()).isEqualTo(workers);
      losses.add(json(results.resolve("history.json")).path("loss"));
    }

    for (JsonNode loss : losses) {
      assertThat(loss.size()).isEqualTo(5);
      for (int epoch = 0; epoch < 5; epoch++) {
        assertThat(loss.path(epoch).asDouble())
            .isCloseTo(
                losses.get(0).path(epoch).asDouble(), withinPercentage(epoch == 0 ? 0.01 : 1));
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"local[1], false", "local[3], false", "local[1], true", "local[3], true"})
  void evaluateRepeatsTheTestMetricsOnAnyNumberOfSlots(String master, boolean asInput)
      throws IOException {
    JsonNode metrics = json(run.resolve("metrics.json"));
    List<String> arguments =
        new ArrayList<>(
            List.of("evaluate", "--model", run.toString(), "--json", "--master", master));
    if (asInput) {
      arguments.addAll(
          List.of(
              "--input",
              directory.resolve("t10k-images-idx3-ubyte").toString(),
              "--labels",
              directory.resolve("t10k-labels-idx1-ubyte").toString()));
    }

    Invocation evaluated = Invocation.of(arguments.toArray(String[]::new));

    assertThat(evaluated.exitCode()).as(evaluated.err()).isZero();
    JsonNode again = JSON.readTree(String.join("\n", evaluated.out()));
    assertThat(again.size()).isEqualTo(11);
    again
        .fields()
        .forEachRemaining(
            field ->
                assertThat(field.getValue())
                    .as(field.getKey())
                    .isEqualTo(metrics.get(field.getKey())));
  }

  @Test
  void evaluatePrintsMetricsAndTheConfusionMatrix() throws IOException {
    Invocation evaluated =
        Invocation.of("evaluate", "--model", run.resolve("model.zip").toString());

    assertThat(evaluated.out())
        .contains("test examples  " + SmallMnist.TEST)
        .contains(
            "test accuracy  %.4f"
                .formatted(json(run.resolve("metrics.json")).path("test.accuracy").asDouble()));
    assertThat(evaluated.out().subList(evaluated.out().size() - 10, evaluated.out().size()))
        .allMatch(row -> row.strip().split(" +").length == 10);
  }

  @Test
  void predictionsAreThoseOfDl4jWithTheSameModel() throws IOException {
    Path csv = directory.resolve("predictions.csv");
    Invocation predicted =
        Invocation.of(
            "predict",
            "--model",
            run.toString(),
            "--input",
            directory.resolve("t10k-images-idx3-ubyte").toString(),
            "--labels",
            directory.resolve("t10k-labels-idx1-ubyte").toString(),
            "--output",
            csv.toString());

    assertThat(predicted.exitCode()).isZero();
    assertThat(predicted.out()).isEmpty();
    List<String> lines = Files.readAllLines(csv);
    assertThat(lines).hasSize(1 + SmallMnist.TEST);
    assertThat(lines.get(0)).startsWith("example,label,class,probability_0,probability_1");
    INDArray expected = dl4jPredictions(run.resolve("model.zip"));
    long hits = 0;
    for (int i = 0; i < SmallMnist.TEST; i++) {
      String[] cells = lines.get(i + 1).split(",");
      assertThat(cells[0]).isEqualTo(Integer.toString(i));
      assertThat(cells[2]).isEqualTo(expected.getRow(i).argMax().toString());
      hits += cells[1].equals(cells[2]) ? 1 : 0;
      for (int c = 0; c < 10; c++) {
        assertThat(Float.parseFloat(cells[3 + c]))
            .isCloseTo(expected.getFloat(i, c), within(1e-6f));
      }
    }
    assertThat((double) hits / SmallMnist.TEST)
        .isEqualTo(json(run.resolve("metrics.json")).path("test.accuracy").asDouble());
  }

  private static INDArray dl4jPredictions(Path model) throws IOException {
    return MultiLayerNetwork.load(model.toFile(), false).output(testFeatures());
  }

  private static INDArray testFeatures() {
    Examples test = test();
    INDArray features = Nd4j.zeros(test.size(), test.shape().size());
    float[] row = new float[test.shape().size()];
    for (int i = 0; i < test.size(); i++) {
      test.copy(i, row, 0);
      features.putRow(i, Nd4j.createFromArray(row));
    }
    return features;
  }

  @Test
  void aModelThatDl4jAloneWroteIsEvaluatedOnTheDataItIsGiven() throws IOException {
    MultiLayerConfiguration configuration =
        new NeuralNetConfiguration.Builder()
            .seed(5)
            .list()
            .layer(
                new OutputLayer.Builder(LossFunction.MCXENT)
                    .nIn(784)
                    .nOut(10)
                    .activation(Activation.SOFTMAX)
                    .build())
            .build();
    MultiLayerNetwork foreign = new MultiLayerNetwork(configuration);
    foreign.init();
    Path zip = directory.resolve("foreign.zip");
    foreign.save(zip.toFile(), false);

    Invocation without = Invocation.of("evaluate", "--model", zip.toString());
    assertThat(without.exitCode()).isEqualTo(2);
    assertThat(without.err())
        .contains("the model does not say what it was trained on; use --dataset or --input");

    Invocation evaluated =
        Invocation.of(
            "evaluate", "--model", zip.toString(), "--dataset", directory.toString(), "--json");
    Examples test = test();
    INDArray predicted = foreign.output(testFeatures()).argMax(1);
    long hits = 0;
    for (int i = 0; i < test.size(); i++) {
      hits += predicted.getInt(i) == test.label(i) ? 1 : 0;
    }
    assertThat(evaluated.exitCode()).isZero();
    assertThat(JSON.readTree(String.join("\n", evaluated.out())).path("test.accuracy").asDouble())
        .isEqualTo((double) hits / test.size());
  }
}
