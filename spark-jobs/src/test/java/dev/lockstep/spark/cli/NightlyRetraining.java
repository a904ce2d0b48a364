package dev.lockstep.spark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lockstep.data.Examples;
import dev.lockstep.data.Mnist;
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
 * @param data where retraining finds the partitions
 * @param registry where it keeps models
 * @param delivery brings the partitions of {@code directory} there
 */
record NightlyRetraining(Path directory, String data, String registry, Executable delivery) {
  static final LocalDate FIRST = LocalDate.of(2026, 11, 9);
  static final int A_DAY = 250;
  private static final Examples DIGITS = Mnist.load().training();

  /** Partitions and registry in {@code directory}. */
  static NightlyRetraining in(Path directory) throws IOException {
    String data = directory.resolve("digits").toString();
    return of(directory, data, directory.resolve("models").toString(), () -> {});
  }

  /** The same with its configuration written. */
  static NightlyRetraining of(Path directory, String data, String registry, Executable delivery)
      throws IOException {
    Files.createDirectory(directory.resolve("digits"));
    Files.writeString(
        directory.resolve("retrain.yaml"),
        """
        seed: 3
        dataset:
          partitions: '%s'
          classes: 10
          test: {fraction: 0.2}
        network:
          layers:
            - dense: {units: 32, activation: relu}
            - dense: {units: 10, activation: softmax}
          loss: categorical_crossentropy
        training: {epochs: 8, batchSize: 20, shards: 4, optimizer: {name: adam, learningRate: 0.003}}
        retrain:
          registry: '%s'
          gate:
            minimum: {accuracy: 0.6}
            gain: {accuracy: -0.05}
          data: {minExamples: 100, classShift: 0.2}
        """
            .formatted(data, registry));
    return new NightlyRetraining(directory, data, registry, delivery);
  }

  Partitions partitions() {
    return new Partitions(directory.resolve("digits"));
  }

  ModelRegistry models() {
    return new ModelRegistry(Location.of(registry));
  }

  static Examples day(int number) {
    return DIGITS.select(IntStream.range(A_DAY * number, A_DAY * (number + 1)).toArray());
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
   * Fourteen days: one without data, one with shuffled labels, one with a truncated file; and at
   * the end a rollback.
   */
  void fortnight() throws Exception {
    int versions = 0;
    for (int number = 0; number < 14; number++) {
      if (number == 4) {
        // The source delivered nothing.
        Invocation run = retrain();
        assertThat(run.exitCode()).isZero();
        assertThat(summary(run).path("decision").asText()).isEqualTo("unchanged");
        assertThat(summary(run).path("reason").asText()).contains("no data are new since version");
      } else if (number == 9) {
        int before = championVersion();
        Examples day = day(number);
        byte[] labels = new byte[A_DAY];
        for (int i = 0; i < A_DAY; i++) {
          labels[i] = (byte) day.label((i * 7 + 1) % A_DAY);
        }
        LocalDate date = FIRST.plusDays(number);
        partitions().write(date, new Examples(day.features(), 10, labels));

        Invocation run = retrain("--fail-on-refusal", "--set", "dataset.window=2");

        assertThat(run.exitCode()).as(run.err()).isEqualTo(10);
        assertThat(decision(run)).isEqualTo("refused");
        assertThat(summary(run).path("reason").asText()).contains("accuracy is 0.");
        assertThat(championVersion()).isEqualTo(before);
        versions++;
        // Once more tells the same without training again.
        Invocation again = retrain("--fail-on-refusal", "--set", "dataset.window=2");
        assertThat(again.exitCode()).isEqualTo(10);
        assertThat(decision(again)).isEqualTo("unchanged");
        assertThat(summary(again).path("reason").asText()).contains("which was refused: accuracy");
        delete(partitions().partition(date));
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
    assertThat(Invocation.of("models", "rollback", "--registry", registry).exitCode()).isZero();

    assertThat(championVersion()).isEqualTo(before).isLessThan(last);
    assertThat(championFile()).contains("%06d".formatted(before));
    // The next start does not undo it.
    assertThat(decision(retrain())).isEqualTo("unchanged");
    assertThat(championVersion()).isEqualTo(before);
  }

  private static void delete(Path partition) throws Exception {
    try (java.util.stream.Stream<Path> files = Files.list(partition)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
    Files.delete(partition);
  }
}
