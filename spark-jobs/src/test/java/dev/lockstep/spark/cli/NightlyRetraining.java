package dev.lockstep.spark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lockstep.data.Examples;
import dev.lockstep.spark.Digits;
import dev.lockstep.spark.job.ModelFile;
import dev.lockstep.spark.registry.ModelRegistry;
import dev.lockstep.spark.storage.Location;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.function.Executable;

/**
 * Retraining on MNIST dealt into days, as a scheduler starts it.
 *
 * @param directory of the configuration and of the partitions, before they are delivered
 * @param aDay how many examples come on a day
 * @param data where retraining finds the partitions
 * @param registry where it keeps models
 * @param delivery brings the partitions of {@code directory} there
 */
record NightlyRetraining(
    Path directory, int aDay, String data, String registry, Executable delivery) {
  static final LocalDate FIRST = LocalDate.of(2026, 11, 9);
  private static final int DAYS = 14;
  private static final int FEW = 250;
  private static final Examples DIGITS = Digits.MNIST.training();

  /** A few examples a day, with partitions and registry in {@code directory}. */
  static NightlyRetraining in(Path directory) throws IOException {
    String data = directory.resolve("digits").toString();
    return of(directory, FEW, data, directory.resolve("models").toString(), 8, 0.6, () -> {});
  }

  /** All of MNIST's training examples, dealt into the days of a fortnight. */
  static NightlyRetraining ofMnist(
      Path directory, String data, String registry, Executable delivery) throws IOException {
    return of(directory, DIGITS.size() / DAYS, data, registry, 1, 0.8, delivery);
  }

  private static NightlyRetraining of(
      Path directory,
      int aDay,
      String data,
      String registry,
      int epochs,
      double accuracy,
      Executable delivery)
      throws IOException {
    Files.createDirectory(directory.resolve("digits"));
    Files.writeString(
        directory.resolve("retrain.yaml"),
        """
        seed: 3
        dataset:
          partitions: '%s'
          window: 3
          classes: 10
          test: {fraction: 0.2}
        network:
          layers:
            - dense: {units: 32, activation: relu}
            - dense: {units: 10, activation: softmax}
          loss: categorical_crossentropy
        training: {epochs: %d, batchSize: 20, shards: 4, optimizer: {name: adam, learningRate: 0.003}}
        retrain:
          registry: '%s'
          gate:
            minimum: {accuracy: %s}
            gain: {accuracy: -0.05}
          data: {minExamples: 100, classShift: 0.2}
        """
            .formatted(data, epochs, registry, accuracy));
    return new NightlyRetraining(directory, aDay, data, registry, delivery);
  }

  Partitions partitions() {
    return new Partitions(directory.resolve("digits"));
  }

  ModelRegistry models() {
    return new ModelRegistry(Location.of(registry));
  }

  Examples day(int number) {
    return DIGITS.select(IntStream.range(aDay * number, aDay * (number + 1)).toArray());
  }

  LocalDate write(int number) throws Exception {
    LocalDate date = FIRST.plusDays(number);
    partitions().write(date, day(number));
    return date;
  }

  Invocation retrain(String... more) throws Exception {
    deliver();
    List<String> arguments =
        new ArrayList<>(
            List.of(
                "retrain",
                "--config",
                directory.resolve("retrain.yaml").toString(),
                "--master",
                "local[1]"));
    arguments.addAll(List.of(more));
    return Invocation.of(arguments.toArray(String[]::new));
  }

  private void deliver() throws Exception {
    try {
      delivery.execute();
    } catch (Exception | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  static JsonNode summary(Invocation run) throws Exception {
    assertThat(run.out()).as(run.err()).hasSize(1);
    JsonNode summary = new ObjectMapper().readTree(run.lastLine());
    assertThat(summary.path("exitCode").asInt()).isEqualTo(run.exitCode());
    return summary;
  }

  static String decision(Invocation run) throws Exception {
    return summary(run).path("decision").asText();
  }

  String championFile() {
    return ModelFile.read("registry:" + registry + "/champion").name();
  }

  int championVersion() {
    return models().champion().orElseThrow().version();
  }

  /**
   * Fourteen days: one without data, one with shuffled labels, which are in the window on the next
   * one too, one with a truncated file; and at the end a rollback.
   */
  void fortnight() throws Exception {
    int versions = 0;
    for (int number = 0; number < DAYS; number++) {
      if (number == 4) {
        // The source delivered nothing.
        Invocation run = retrain();
        assertThat(run.exitCode()).isZero();
        assertThat(summary(run).path("decision").asText()).isEqualTo("unchanged");
        assertThat(summary(run).path("reason").asText()).contains("no data are new since version");
      } else if (number == 9) {
        int before = championVersion();
        Examples day = day(number);
        byte[] labels = new byte[aDay];
        for (int i = 0; i < aDay; i++) {
          labels[i] = (byte) day.label((i * 7 + 1) % aDay);
        }
        partitions().write(FIRST.plusDays(number), new Examples(day.features(), 10, labels));

        Invocation run = retrain("--fail-on-refusal");

        assertThat(run.exitCode()).as(run.err()).isEqualTo(10);
        assertThat(decision(run)).isEqualTo("refused");
        assertThat(summary(run).path("reason").asText())
            .containsPattern("accuracy is 0\\.[0-9]+ but must be at least 0\\.8");
        assertThat(championVersion()).isEqualTo(before);
        versions++;
        // Once more tells the same without training again.
        Invocation again = retrain("--fail-on-refusal");
        assertThat(again.exitCode()).isEqualTo(10);
        assertThat(decision(again)).isEqualTo("unchanged");
        assertThat(summary(again).path("reason").asText()).contains("which was refused: accuracy");
      } else if (number == 10) {
        int before = championVersion();
        write(number);

        assertThat(decision(retrain())).isEqualTo("refused");
        assertThat(championVersion()).isEqualTo(before);
        versions++;
      } else if (number == 11) {
        Path images = partitions().partition(write(number)).resolve("images-idx3-ubyte");
        Files.write(images, Arrays.copyOf(Files.readAllBytes(images), 5000));

        Invocation run = retrain();

        assertThat(run.exitCode()).isEqualTo(11);
        assertThat(decision(run)).isEqualTo("data_refused");
        assertThat(summary(run).path("reason").asText())
            .startsWith("%s/dt=%s/images-idx3-ubyte".formatted(data, FIRST.plusDays(number)));
        write(number);
      } else {
        write(number);
        Invocation run = retrain();

        assertThat(run.exitCode()).as(run.err()).isZero();
        assertThat(decision(run)).as(run.lastLine()).isEqualTo("promoted");
        versions++;
        assertThat(championVersion()).isEqualTo(summary(run).path("version").asInt());
        assertThat(summary(run).path("data").path("through").asText())
            .isEqualTo(FIRST.plusDays(number).toString());
      }
      assertThat(models().numbers()).hasSize(versions);
      assertThat(championFile()).contains("%06d".formatted(championVersion()));
    }
    JsonNode lineage = models().about(championVersion()).orElseThrow().toJson().path("lineage");
    assertThat(lineage.path("start").asText()).isEqualTo("champion");

    // Whoever evaluates it gets the numbers that the registry has.
    Invocation evaluated =
        Invocation.of("evaluate", "--json", "--model", "registry:" + registry + "/champion");
    assertThat(new ObjectMapper().readTree(String.join("", evaluated.out())).path("test.confusion"))
        .isEqualTo(
            models()
                .about(championVersion())
                .orElseThrow()
                .metrics()
                .path("challenger")
                .path("confusion"));

    int last = championVersion();
    int before = ModelRegistry.previous(models().history()).orElseThrow();
    assertThat(predictions("registry:" + registry + "/champion")).isEqualTo(predictionsOf(last));

    assertThat(Invocation.of("models", "rollback", "--registry", registry).exitCode()).isZero();

    assertThat(championVersion()).isEqualTo(before).isLessThan(last);
    assertThat(championFile()).contains("%06d".formatted(before));
    assertThat(predictions("registry:" + registry + "/champion"))
        .isEqualTo(predictionsOf(before))
        .isNotEqualTo(predictionsOf(last));
    // The next start does not undo it.
    assertThat(decision(retrain())).isEqualTo("unchanged");
    assertThat(championVersion()).isEqualTo(before);
  }

  private List<String> predictionsOf(int version) {
    return predictions(registry + "/versions/%06d".formatted(version));
  }

  /** What {@code model} makes of the first day's images. */
  private List<String> predictions(String model) {
    Invocation predicted =
        Invocation.of(
            "predict",
            "--model",
            model,
            "--input",
            partitions().partition(FIRST).resolve("images-idx3-ubyte").toString(),
            "--master",
            "local[1]");
    assertThat(predicted.exitCode()).as(predicted.err()).isZero();
    assertThat(predicted.out()).hasSize(1 + aDay);
    return predicted.out();
  }
}
