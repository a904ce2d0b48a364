package dev.lockstep.spark.cluster;

import static dev.lockstep.spark.cluster.ExampleTrainings.TWO_EPOCHS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lockstep.spark.Digits;
import dev.lockstep.spark.ListeningSocket;
import dev.lockstep.spark.Signal;
import dev.lockstep.spark.cli.Partitions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
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
  private static final String CHECKPOINT = "; to go on from there: lockstep train --resume ";

  @TempDir private static Path directory;
  private ExampleTrainings trainings;
  private StandaloneCluster cluster;

  /** Takes connections, and says nothing. */
  private ServerSocket mute;

  private final List<Untaken> untaken = new ArrayList<>();

  /** The model of an undisturbed run. */
  private byte[] brief;

  @BeforeAll
  void trainInOneProcess() throws Exception {
    trainings = new ExampleTrainings(directory, 1);
    cluster = trainings.cluster();
    // They wait for a minute, beside the others.
    mute = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    begin("unreachable", StandaloneCluster.freePort());
    begin("mute", mute.getLocalPort());
    brief = trainings.here("local", TWO_EPOCHS);
  }

  /** A training on a cluster that does not answer. */
  private record Untaken(String name, String master, Process process) {}

  private void begin(String name, int port) {
    String master = "spark://127.0.0.1:" + port;
    List<String> arguments = trainings.arguments(name);
    untaken.add(new Untaken(name, master, cluster.submit(name, master, List.of(), arguments)));
  }

  @AfterAll
  void end() throws IOException {
    trainings.close();
    mute.close();
  }

  @Test
  void aClusterThatDoesNotAnswerIsNamedAndGivenUp() throws Exception {
    for (Untaken each : untaken) {
      assertThat(each.process().waitFor()).isEqualTo(1);
      assertThat(cluster.output(each.name()))
          .containsOnlyOnce(
              "waiting since 10 s for the cluster %s: it has not taken the application; Spark gives up after 60 s"
                  .formatted(each.master()))
          .containsOnlyOnce(
              "lockstep train: failed: the cluster %s did not take the application"
                  .formatted(each.master()));
    }
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
            trainings.arguments("undisturbed", TWO_EPOCHS));

    assertThat(training.waitFor()).as(cluster.output("undisturbed")).isZero();
    assertThat(trainings.model("undisturbed")).isEqualTo(brief);
    assertThat(cluster.output("undisturbed")).doesNotContain("is lost");
    int steps = 2 * 391; // of 50,000 examples in batches of 128
    for (String part : List.of("compute", "wire", "wait", "update")) {
      String file = ".lockstep.round.%s.csv".formatted(part);
      assertThat(last(metrics, file, "count")).as(part).isEqualTo(steps);
      assertThat(last(metrics, file, "mean")).as(part).isPositive();
    }
  }

  /** The column of the last row of the metric whose file's name ends so. */
  private static double last(Path metrics, String file, String column) throws IOException {
    try (Stream<Path> files = Files.walk(metrics)) {
      Path metric = files.filter(each -> each.toString().endsWith(file)).findFirst().orElseThrow();
      List<String> rows = Files.readAllLines(metric);
      int place = List.of(rows.get(0).split(",")).indexOf(column);
      return Double.parseDouble(rows.get(rows.size() - 1).split(",")[place]);
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
            trainings.arguments("encrypted", TWO_EPOCHS, fewRounds));

    assertThat(training.waitFor()).as(cluster.output("encrypted")).isZero();
    assertThat(trainings.model("encrypted"))
        .isEqualTo(trainings.here("local-few-rounds", TWO_EPOCHS, fewRounds));
  }

  @Test
  void theDriverListensOnItsOwnAddressAndKilledLeavesNoExecutorAndARunThatCanGoOn()
      throws Exception {
    int driver = StandaloneCluster.freePort();
    int blocks = StandaloneCluster.freePort();
    int coordinator = StandaloneCluster.freePort();
    Process training =
        trainings.start(
            "orphaned",
            List.of(
                "spark.driver.port=" + driver,
                "spark.driver.blockManager.port=" + blocks,
                "spark.lockstep.port=" + coordinator),
            TWO_EPOCHS,
            "checkpoints={everySteps: 100}");
    trainings.awaitStart("orphaned");

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

    trainings.awaitCheckpoint("orphaned");
    training.destroyForcibly().waitFor();

    cluster.awaitNoExecutor();
    trainings.resume("orphaned");
    assertThat(trainings.model("orphaned")).isEqualTo(brief);
  }

  @Test
  void aRunWhoseWorkerIsNotReplacedInTimeEndsWithACheckpointAndGoesOnFromIt() throws Exception {
    Process training = trainings.start("alone", TWO_EPOCHS, "replacementTimeout=30");
    trainings.awaitStart("alone");
    ProcessHandle lost = cluster.executors().get(0);
    ProcessHandle machine = lost.parent().orElseThrow();
    Signal.send("STOP", machine);
    try {
      Signal.send("KILL", lost);

      assertThat(training.waitFor()).isEqualTo(1);
    } finally {
      Signal.send("CONT", machine);
    }
    assertThat(cluster.output("alone"))
        .containsPattern("failed: worker of rank [01] did not come within 30 s")
        .contains(CHECKPOINT);
    trainings.resume("alone");
    assertThat(trainings.model("alone")).isEqualTo(brief);
  }

  @Test
  void whereTheDriverHangsWorkersEndInTimeAndOthersGoOnWhenItLivesAgain() throws Exception {
    Process training = trainings.start("hanging", TWO_EPOCHS, "workerTimeout=3");
    trainings.awaitStart("hanging");
    Signal.send("STOP", training.toHandle());
    try {
      for (int rank = 0; rank < 2; rank++) {
        String end = "is gone for the worker of rank " + rank + ", attempt [0-9]+: it has not sent";
        Pattern gone = Pattern.compile(end + " a byte for [34] s \\(training.workerTimeout\\)");
        ExampleTrainings.await(
            gone.pattern(),
            () -> cluster.executorLogs().stream().anyMatch(log -> gone.matcher(log).find()));
      }
    } finally {
      Signal.send("CONT", training.toHandle());
    }

    assertThat(training.waitFor()).as(cluster.output("hanging")).isZero();
    assertThat(trainings.count("hanging", "is back at step")).isGreaterThanOrEqualTo(2);
    assertThat(trainings.model("hanging")).isEqualTo(brief);
  }

  @Test
  void aGangThatCannotComeTogetherSaysWhomItWaitsForAndGivesUp() throws Exception {
    Process training = trainings.start("short", "workers=3", "replacementTimeout=20");

    assertThat(training.waitFor()).isEqualTo(1);
    assertThat(cluster.output("short"))
        .containsPattern(
            "waiting since 1[01] s for worker of rank 2: it has not joined yet; its task has not been"
                + " started: the workers need 3 tasks at once, and there is room for 2 tasks on 2"
                + " executors; the run gives up in [89] s")
        .contains("failed: worker of rank 2 did not come within 20 s");
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
}
