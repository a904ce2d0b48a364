package dev.lockstep.spark.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.random.CounterRandom;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
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
  private static final int EPOCHS = 12;
  private static final int KILLS = 10;
  private static final int STOPS = 3;

  @TempDir private static Path directory;
  private StandaloneCluster cluster;
  private byte[] undisturbed;

  @BeforeAll
  void trainInOneProcess() throws Exception {
    cluster = new StandaloneCluster(directory, 2);
    Process local = submit("local", "local[2]", List.of());
    assertThat(local.waitFor()).as(cluster.output("local")).isZero();
    undisturbed = model("local");
  }

  @AfterAll
  void end() {
    cluster.close();
  }

  private Process submit(String name, String master, List<String> settings) {
    return cluster.submit(
        name,
        master,
        settings,
        List.of(
            "train",
            "--config",
            Path.of("../conf/mnist-mlp.yaml").toAbsolutePath().normalize().toString(),
            "--output",
            directory.resolve(name).toString(),
            "--set",
            "training.workers=2",
            "--set",
            "training.epochs=" + EPOCHS));
  }

  private byte[] model(String name) throws IOException {
    try (Stream<Path> runs = Files.list(directory.resolve(name))) {
      return Files.readAllBytes(runs.findFirst().orElseThrow().resolve("model.zip"));
    }
  }

  @Test
  void twoExecutorsGiveTheBitsOfTwoThreads() throws Exception {
    Process training = submit("undisturbed", cluster.master(), List.of());

    assertThat(training.waitFor()).as(cluster.output("undisturbed")).isZero();
    assertThat(model("undisturbed")).isEqualTo(undisturbed);
    assertThat(cluster.output("undisturbed")).doesNotContain("is lost");
  }

  @Test
  void encryptionChangesNoBit() throws Exception {
    Process training =
        submit("encrypted", cluster.master(), List.of("spark.network.crypto.enabled=true"));

    assertThat(training.waitFor()).as(cluster.output("encrypted")).isZero();
    assertThat(model("encrypted")).isEqualTo(undisturbed);
  }

  @Test
  void executorsThatAreKilledAreReplacedAndTheParametersHaveTheSameBits() throws Exception {
    Process training = submit("killed", cluster.master(), List.of());
    CounterRandom random = new CounterRandom(1);

    for (int kill = 0; kill < KILLS; kill++) {
      awaitWorkers("killed", kill);
      pass(random.nextInt(2000));
      executors().get(kill % 2).destroyForcibly();
    }

    assertThat(training.waitFor()).as(cluster.output("killed")).isZero();
    assertThat(losses("killed")).isEqualTo(KILLS);
    assertThat(model("killed")).isEqualTo(undisturbed);
  }

  @Test
  void executorsThatHangAreReplacedAndTheParametersHaveTheSameBits() throws Exception {
    Process training =
        submit(
            "stopped",
            cluster.master(),
            List.of("spark.lockstep.heartbeatInterval=1s", "spark.lockstep.silenceTimeout=5s"));
    CounterRandom random = new CounterRandom(2);

    for (int stop = 0; stop < STOPS; stop++) {
      awaitWorkers("stopped", stop);
      pass(random.nextInt(1000));
      signal("STOP", executors().get(stop % 2));
    }

    assertThat(training.waitFor()).as(cluster.output("stopped")).isZero();
    assertThat(cluster.output("stopped")).contains("not a byte came from it for");
    assertThat(model("stopped")).isEqualTo(undisturbed);
  }

  @Test
  void whenTheDriverIsKilledItsExecutorsEnd() throws Exception {
    Process training = submit("orphaned", cluster.master(), List.of());
    awaitWorkers("orphaned", 0);
    assertThat(cluster.executors()).hasSize(2);

    training.destroyForcibly().waitFor();

    Awaitility.await().atMost(Duration.ofMinutes(1)).until(() -> cluster.executors().isEmpty());
  }

  @Test
  void aGangThatCannotComeTogetherSaysWhomItWaitsForAndGivesUp() throws Exception {
    Process training =
        submit(
            "short",
            cluster.master(),
            List.of("spark.cores.max=1", "spark.lockstep.replacementTimeout=30s"));

    assertThat(training.waitFor()).isNotZero();
    assertThat(cluster.output("short"))
        .contains("worker of rank 1: it has not joined yet; are there enough executors?")
        .contains("worker of rank 1 did not come within 30 s");
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

  private long losses(String name) {
    return count(name, "is lost");
  }

  private long count(String name, String text) {
    return cluster.output(name).lines().filter(line -> line.contains(text)).count();
  }

  private List<ProcessHandle> executors() {
    Awaitility.await().until(() -> cluster.executors().size() == 2);
    return cluster.executors();
  }

  private static void pass(int millis) {
    long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
    Awaitility.await().until(() -> System.nanoTime() > end);
  }

  private static void signal(String name, ProcessHandle process) throws Exception {
    new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).start().waitFor();
  }
}
