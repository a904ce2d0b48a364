package dev.lockstep.spark.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lockstep.random.CounterRandom;
import dev.lockstep.spark.Digits;
import dev.lockstep.spark.ListeningSocket;
import dev.lockstep.spark.cli.Partitions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The README's training, by the cluster jar on a real standalone cluster. */
@TestInstance(Lifecycle.PER_CLASS)
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class StandaloneClusterIT {
  private static final String BRIEF = "epochs=2";
  private static final int LOSSES = 10;
  private static final String CHECKPOINT = "; to go on from there: lockstep train --resume ";

  @TempDir private static Path directory;
  private StandaloneCluster cluster;
  private byte[] undisturbed;
  private byte[] brief;

  @BeforeAll
  void trainInOneProcess() throws Exception {
    cluster = new StandaloneCluster(directory, 2, 1);
    undisturbed = trainInOneProcess("local");
    brief = trainInOneProcess("local-brief", BRIEF);
  }

  private byte[] trainInOneProcess(String name, String... training) throws Exception {
    Process local = submit(name, "local[2]", List.of(), training);
    assertThat(local.waitFor()).as(cluster.output(name)).isZero();
    return model(name);
  }

  @AfterAll
  void end() {
    cluster.close();
  }

  private Process submit(String name, String master, List<String> settings, String... training) {
    return cluster.submit(name, master, settings, arguments(name, training));
  }

  private static List<String> arguments(String name, String... training) {
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

  private byte[] model(String name) throws IOException {
    return Files.readAllBytes(run(name).orElseThrow().resolve("model.zip"));
  }

  private static Optional<Path> run(String name) throws IOException {
    if (!Files.isDirectory(directory.resolve(name))) {
      return Optional.empty();
    }
    try (Stream<Path> runs = Files.list(directory.resolve(name))) {
      return runs.findFirst();
    }
  }

  private static boolean hasCheckpoint(String name) throws IOException {
    Optional<Path> checkpoints = run(name).map(run -> run.resolve("checkpoints"));
    if (checkpoints.filter(Files::isDirectory).isEmpty()) {
      return false;
    }
    try (Stream<Path> entries = Files.list(checkpoints.get())) {
      return entries.anyMatch(entry -> entry.getFileName().toString().startsWith("epoch-"));
    }
  }

  private static Path newestCheckpoint(String name) throws IOException {
    try (Stream<Path> entries = Files.list(run(name).orElseThrow().resolve("checkpoints"))) {
      return entries
          .filter(entry -> entry.getFileName().toString().startsWith("epoch-"))
          .max(Comparator.naturalOrder())
          .orElseThrow();
    }
  }

  /** Has the brief run that was started as {@code name} gone on with, on the cluster. */
  private void resume(String name) throws Exception {
    Path newest = newestCheckpoint(name);
    String resumed = name + "-resumed";
    Process training =
        cluster.submit(
            resumed,
            cluster.master(),
            List.of(),
            List.of("train", "--resume", run(name).orElseThrow().toString()));
    assertThat(training.waitFor()).as(cluster.output(resumed)).isZero();
    assertThat(cluster.output(resumed)).contains("going on from " + newest + ": ");
    assertThat(model(name)).isEqualTo(brief);
  }

  @Test
  void twoExecutorsThatTheDriverServesWithTheProgramGiveTheBitsOfTwoThreads() throws Exception {
    Path metrics = Files.createDirectory(directory.resolve("metrics"));
    String sink = "spark.metrics.conf.driver.sink.csv.";
    Process training =
        cluster.submitJar(
            "undisturbed",
            SparkProcesses.clusterJar(),
            List.of(
                sink + "class=org.apache.spark.metrics.sink.CsvSink",
                sink + "directory=" + metrics),
            arguments("undisturbed", BRIEF));

    assertThat(training.waitFor()).as(cluster.output("undisturbed")).isZero();
    assertThat(model("undisturbed")).isEqualTo(brief);
    assertThat(cluster.output("undisturbed")).doesNotContain("is lost");
    assertThat(lastCount(metrics, ".lockstep.round.transfer.csv"))
        .as("two contributions a step")
        .isEqualTo(2 * lastCount(metrics, ".lockstep.round.compute.csv"))
        .isPositive();
  }

  /** The column {@code count} of the last row of the timer whose file's name ends so. */
  private static long lastCount(Path metrics, String file) throws IOException {
    try (Stream<Path> files = Files.walk(metrics)) {
      Path timer = files.filter(each -> each.toString().endsWith(file)).findFirst().orElseThrow();
      List<String> rows = Files.readAllLines(timer);
      int column = List.of(rows.get(0).split(",")).indexOf("count");
      return Long.parseLong(rows.get(rows.size() - 1).split(",")[column]);
    }
  }

  @Test
  void encryptionAndAJarThatExecutorsFindThemselvesChangeNoBit() throws Exception {
    String fewRounds = "batchSize=512";
    Process training =
        cluster.submitJar(
            "encrypted",
            "local:" + SparkProcesses.clusterJar(),
            List.of("spark.network.crypto.enabled=true"),
            arguments("encrypted", BRIEF, fewRounds));

    assertThat(training.waitFor()).as(cluster.output("encrypted")).isZero();
    assertThat(model("encrypted"))
        .isEqualTo(trainInOneProcess("local-few-rounds", BRIEF, fewRounds));
  }

  @Test
  void executorsThatAreKilledAreReplacedAndTheParametersHaveTheSameBits() throws Exception {
    Process training = submit("killed", cluster.master(), List.of());
    loseExecutors("killed", "KILL", new CounterRandom(1));

    assertThat(training.waitFor()).as(cluster.output("killed")).isZero();
    assertThat(count("killed", "is lost")).isEqualTo(LOSSES);
    assertThat(model("killed")).isEqualTo(undisturbed);
  }

  @Test
  void executorsThatHangAreReplacedAndTheParametersHaveTheSameBits() throws Exception {
    Process training = submit("stopped", cluster.master(), List.of(), "workerTimeout=3");
    loseExecutors("stopped", "STOP", new CounterRandom(2));

    assertThat(training.waitFor()).as(cluster.output("stopped")).isZero();
    assertThat(count("stopped", "not a byte came from it for")).isEqualTo(LOSSES);
    assertThat(model("stopped")).isEqualTo(undisturbed);
  }

  @Test
  void whereWorkersMustNotBeLostAKilledExecutorEndsTheRun() throws Exception {
    Process training = submit("fails", cluster.master(), List.of(), "onWorkerLoss=fail");
    awaitWorkers("fails", 0);
    signal("KILL", cluster.executors().get(0));

    assertThat(training.waitFor()).isEqualTo(1);
    assertThat(cluster.output("fails"))
        .containsPattern("failed: worker of rank [01] .*training.onWorkerLoss is fail")
        .contains(CHECKPOINT);
  }

  @Test
  void theDriverListensOnItsOwnAddressAndKilledLeavesNoExecutorAndARunThatCanGoOn()
      throws Exception {
    int driver = StandaloneCluster.freePort();
    int blocks = StandaloneCluster.freePort();
    int coordinator = StandaloneCluster.freePort();
    Process training =
        submit(
            "orphaned",
            cluster.master(),
            List.of(
                "spark.driver.port=" + driver,
                "spark.driver.blockManager.port=" + blocks,
                "spark.lockstep.port=" + coordinator),
            BRIEF);
    awaitWorkers("orphaned", 0);

    assertThat(cluster.executors()).hasSize(2);
    assertThat(ListeningSocket.of(training.pid()))
        .extracting(ListeningSocket::address, ListeningSocket::port)
        .containsExactlyInAnyOrder(
            tuple("127.0.0.1", driver),
            tuple("127.0.0.1", blocks),
            tuple("127.0.0.1", coordinator));
    assertThat(cluster.executors())
        .as("each executor's blocks, on its own address")
        .flatExtracting(executor -> ListeningSocket.of(executor.pid()))
        .extracting(ListeningSocket::address)
        .containsExactlyInAnyOrder("127.0.0.1", "127.0.0.2");

    Awaitility.await().atMost(Duration.ofMinutes(1)).until(() -> hasCheckpoint("orphaned"));
    training.destroyForcibly().waitFor();

    Awaitility.await().atMost(Duration.ofMinutes(1)).until(() -> cluster.executors().isEmpty());
    resume("orphaned");
  }

  @Test
  void aRunWhoseWorkerIsNotReplacedInTimeEndsWithACheckpointAndGoesOnFromIt() throws Exception {
    Process training = submit("alone", cluster.master(), List.of(), BRIEF, "replacementTimeout=30");
    awaitWorkers("alone", 0);
    ProcessHandle lost = cluster.executors().get(0);
    ProcessHandle machine = lost.parent().orElseThrow();
    signal("STOP", machine);
    try {
      signal("KILL", lost);

      assertThat(training.waitFor()).isEqualTo(1);
    } finally {
      signal("CONT", machine);
    }
    assertThat(cluster.output("alone"))
        .containsPattern("failed: worker of rank [01] did not come within 30 s")
        .contains(CHECKPOINT);
    resume("alone");
  }

  @Test
  void aGangThatCannotComeTogetherSaysWhomItWaitsForAndGivesUp() throws Exception {
    Process training =
        submit("short", cluster.master(), List.of("spark.cores.max=1"), "replacementTimeout=20");

    assertThat(training.waitFor()).isEqualTo(1);
    assertThat(cluster.output("short"))
        .containsPattern(
            "waiting since 1[01] s for worker of rank 1: it has not joined yet; its task has not been"
                + " started: the workers need 2 tasks at once, and there is room for 1 on 1"
                + " executors; the run gives up in [89] s")
        .contains("failed: worker of rank 1 did not come within 20 s");
  }

  @Test
  void twoExecutorsRetrainToTheBitsOfTwoThreadsNightAfterNight() throws Exception {
    LocalDate first = LocalDate.of(2026, 11, 9);
    Partitions digits = new Partitions(directory.resolve("digits"));
    Map<String, String> masters = Map.of("local", "local[2]", "cluster", cluster.master());
    for (int night = 0; night < 2; night++) {
      LocalDate day = first.plusDays(night);
      digits.write(
          day,
          Digits.MNIST
              .training()
              .select(IntStream.range(500 * night, 500 * night + 500).toArray()));
      atOnce(
          "retrain-" + night,
          masters,
          place -> List.of("retrain", "--config", retraining(digits, place).toString()));
      for (String file : List.of("model.zip", "metrics.json")) {
        assertThat(version("cluster", night + 1).resolve(file))
            .hasSameBinaryContentAs(version("local", night + 1).resolve(file));
      }
      JsonNode metrics = about("cluster", night + 1).path("metrics");
      assertThat(metrics).isEqualTo(about("local", night + 1).path("metrics")).isNotEmpty();
    }
    assertThat(about("cluster", 2).path("lineage").path("parentVersion").asInt()).isEqualTo(1);

    String last = digits.partition(first.plusDays(1)).toString();
    atOnce(
        "evaluate",
        masters,
        place ->
            List.of(
                "evaluate",
                "--model",
                "registry:" + directory.resolve("models-" + place) + "/champion",
                "--input",
                last + "/images-idx3-ubyte",
                "--labels",
                last + "/labels-idx1-ubyte"));
    assertThat(measured("evaluate-cluster"))
        .isEqualTo(measured("evaluate-local"))
        .startsWith("test examples  500")
        .as("seven metrics, and a row for each class in two tables")
        .hasSize(7 + 10 + 10);
  }

  /** Runs the program here and on the cluster at the same time. */
  private void atOnce(
      String name, Map<String, String> masters, Function<String, List<String>> arguments)
      throws Exception {
    Map<String, Process> processes = new HashMap<>();
    masters.forEach(
        (place, master) -> {
          String log = name + "-" + place;
          processes.put(log, cluster.submit(log, master, List.of(), arguments.apply(place)));
        });
    for (Map.Entry<String, Process> each : processes.entrySet()) {
      assertThat(each.getValue().waitFor()).as(cluster.output(each.getKey())).isZero();
    }
  }

  /** The configuration of a retraining with a registry of its own. */
  private static Path retraining(Partitions digits, String place) {
    try {
      return Files.writeString(
          directory.resolve("retrain-" + place + ".yaml"),
          """
          name: digits
          seed: 3
          dataset: {partitions: '%s', classes: 10, test: {fraction: 0.2}}
          network:
            layers:
              - dense: {units: 32, activation: relu}
              - dense: {units: 10, activation: softmax}
            loss: categorical_crossentropy
          training: {workers: 2, epochs: 3, batchSize: 20, shards: 4, optimizer: {name: adam}}
          retrain: {registry: '%s', gate: {gain: {accuracy: -1}}}
          """
              .formatted(digits.directory(), directory.resolve("models-" + place)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Path version(String place, int number) {
    return directory.resolve("models-%s/versions/%06d".formatted(place, number));
  }

  private static JsonNode about(String place, int number) throws IOException {
    return new ObjectMapper().readTree(version(place, number).resolve("version.json").toFile());
  }

  /** The numbers that {@code evaluate} printed, without the log. */
  private List<String> measured(String name) {
    return cluster.output(name).lines().filter(line -> line.matches("test .*|[ 0-9.,]+")).toList();
  }

  /** Waits until both workers compute, after so many were lost. */
  private void awaitWorkers(String name, int losses) {
    Awaitility.await()
        .alias("%s after %d losses".formatted(name, losses))
        .atMost(Duration.ofMinutes(2))
        .until(
            () ->
                losses == 0
                    ? cluster.output(name).contains("Epoch 1/")
                    : count(name, "is back") == losses);
  }

  private long count(String name, String text) {
    return cluster.output(name).lines().filter(line -> line.contains(text)).count();
  }

  /** Sends {@code signal} to one executor after the other, each at a random step. */
  private void loseExecutors(String name, String signal, CounterRandom random) throws Exception {
    Set<ProcessHandle> lost = new HashSet<>();
    for (int losses = 0; losses < LOSSES; losses++) {
      awaitWorkers(name, losses);
      pass(random.nextInt(500));
      List<ProcessHandle> living =
          cluster.executors().stream().filter(each -> !lost.contains(each)).toList();
      ProcessHandle chosen = living.get(random.nextInt(living.size()));
      lost.add(chosen);
      signal(signal, chosen);
    }
    awaitWorkers(name, LOSSES);
  }

  private static void pass(int millis) {
    long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
    Awaitility.await().until(() -> System.nanoTime() > end);
  }

  private static void signal(String name, ProcessHandle process) throws Exception {
    new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).start().waitFor();
  }
}
