package dev.lockstep.spark.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.awaitility.Awaitility;

/**
 * Trainings of the README's configuration by two workers, by the cluster jar on a real standalone
 * cluster and in one process. Each has a name, which is that of its log and of the directory of its
 * run. The cluster ends with it.
 */
final class ExampleTrainings implements AutoCloseable {
  /** They suffice where a run ends early and goes on. */
  static final String TWO_EPOCHS = "epochs=2";

  private final Path directory;
  private final StandaloneCluster cluster;

  /** On a cluster of two workers of {@code cores} cores, with all files below {@code directory}. */
  ExampleTrainings(Path directory, int cores) {
    this.directory = directory;
    this.cluster = new StandaloneCluster(directory, 2, cores);
  }

  StandaloneCluster cluster() {
    return cluster;
  }

  /**
   * Trains in one process, unless another test has done so.
   *
   * @param training settings without their {@code training.}
   * @return the model
   */
  byte[] here(String name, String... training) throws Exception {
    String settings = String.join(".", training).replaceAll("[^A-Za-z0-9.]", "-");
    Path model =
        SparkProcesses.shared(
            ".local." + settings + ".model.zip",
            unfinished -> {
              Process local = start(name, "local[2]", List.of(), training);
              assertThat(local.waitFor()).as(output(name)).isZero();
              Files.write(unfinished, model(name));
            });
    return Files.readAllBytes(model);
  }

  /** Begins to train on the cluster. */
  Process start(String name, String... training) {
    return start(name, List.of(), training);
  }

  /** As the other, with {@code settings} of Spark. */
  Process start(String name, List<String> settings, String... training) {
    return start(name, cluster.master(), settings, training);
  }

  private Process start(String name, String master, List<String> settings, String... training) {
    return cluster.submit(name, master, settings, arguments(name, training));
  }

  /**
   * What the program is told.
   *
   * @param training settings without their {@code training.}
   */
  List<String> arguments(String name, String... training) {
    List<String> arguments =
        new ArrayList<>(
            List.of(
                "train",
                "--config",
                SparkProcesses.EXAMPLE,
                "--output",
                directory.resolve(name).toString(),
                "--set",
                "training.workers=2"));
    for (String setting : training) {
      arguments.addAll(List.of("--set", "training." + setting));
    }
    return arguments;
  }

  /** What it has printed so far. */
  String output(String name) {
    return cluster.output(name);
  }

  /** How many lines that it has printed so far contain {@code text}. */
  long count(String name, String text) {
    return output(name).lines().filter(line -> line.contains(text)).count();
  }

  /** Waits until its workers compute. */
  void awaitStart(String name) {
    cluster.await(name, "Epoch 1/");
  }

  /** Waits for an event for two minutes at most. */
  static void await(String event, Callable<Boolean> happened) {
    Awaitility.await().alias(event).atMost(Duration.ofMinutes(2)).until(happened);
  }

  byte[] model(String name) throws IOException {
    return Files.readAllBytes(run(name).orElseThrow().resolve("model.zip"));
  }

  private Optional<Path> run(String name) throws IOException {
    if (!Files.isDirectory(directory.resolve(name))) {
      return Optional.empty();
    }
    try (Stream<Path> runs = Files.list(directory.resolve(name))) {
      return runs.findFirst();
    }
  }

  /** Waits until the run has a checkpoint of an epoch, for a minute at most. */
  void awaitCheckpoint(String name) {
    Awaitility.await()
        .alias("checkpoint of " + name)
        .atMost(Duration.ofMinutes(1))
        .until(() -> newestCheckpoint(name).isPresent());
  }

  private Optional<Path> newestCheckpoint(String name) throws IOException {
    Optional<Path> checkpoints = run(name).map(run -> run.resolve("checkpoints"));
    if (checkpoints.filter(Files::isDirectory).isEmpty()) {
      return Optional.empty();
    }
    try (Stream<Path> entries = Files.list(checkpoints.get())) {
      return entries
          .filter(entry -> entry.getFileName().toString().startsWith("epoch-"))
          .max(Comparator.naturalOrder());
    }
  }

  /** Has the run that ended early go on from its newest checkpoint on the cluster, to its end. */
  void resume(String name) throws Exception {
    Path newest = newestCheckpoint(name).orElseThrow();
    String resumed = name + "-resumed";
    Process training =
        cluster.submit(
            resumed,
            cluster.master(),
            List.of(),
            List.of("train", "--resume", run(name).orElseThrow().toString()));
    assertThat(training.waitFor()).as(output(resumed)).isZero();
    assertThat(output(resumed)).contains("going on from " + newest + ": ");
  }

  @Override
  public void close() {
    cluster.close();
  }
}
