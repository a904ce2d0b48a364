package dev.lockstep.spark.gang;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.lockstep.config.Configuration;
import dev.lockstep.coordinator.TrainingPlan;
import dev.lockstep.data.Shape;
import dev.lockstep.network.Network;
import dev.lockstep.spark.gang.Preflight.Limits;
import dev.lockstep.yaml.ConfigurationException;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** What is found before a run begins. The network has 784 inputs and 10 units: 7,850 parameters. */
class PreflightTest {
  private static final long MEBIBYTE = 1 << 20;
  private static final Limits AMPLE = new Limits(1L << 40, 0, 0, 0);
  private static final Configuration CONFIGURATION = configuration("batchSize: 512");
  private static final Network NETWORK = CONFIGURATION.network(new Shape(28, 28, 1), 10);

  private static Configuration configuration(String training) {
    return Configuration.read(
        "small.yaml",
        "{network: {layers: [{dense: {units: 10, activation: softmax}}], loss: categorical_crossentropy}, training: {%s}}"
            .formatted(training),
        List.of());
  }

  private static void check(
      TrainingPlan plan, int trainingExamples, int workers, int slots, Limits limits) {
    Preflight.check(plan, NETWORK, trainingExamples, workers, slots, 1, limits);
  }

  private static void assertRefused(ThrowingCallable check, String... problems) {
    assertThatExceptionOfType(ConfigurationException.class)
        .isThrownBy(check)
        .withMessage(
            "the run would fail:"
                + (problems.length == 1
                    ? " " + problems[0]
                    : "\n  - " + String.join("\n  - ", problems)));
  }

  @Test
  void aRunThatFitsIsLetPass() {
    assertThatCode(() -> check(CONFIGURATION.plan(), 1000, 2, 2, AMPLE)).doesNotThrowAnyException();
  }

  /**
   * A worker's batch is 256 examples of 2 x 784 numbers and 3 x 10 activations; beside it a worker
   * has three vectors of 7,850, and the gang has one: 4 x (2 x (409,088 + 23,550) + 7,850) bytes.
   */
  @Test
  void directMemoryThatDoesNotSufficeIsToldWithBothNumbers() {
    long needed = 4 * (2 * (256 * (2 * 784 + 3 * 10) + 3 * 7850) + 7850);

    assertThatCode(() -> check(CONFIGURATION.plan(), 1000, 2, 2, new Limits(needed, 0, 0, 0)))
        .doesNotThrowAnyException();
    assertRefused(
        () -> check(CONFIGURATION.plan(), 1000, 2, 2, new Limits(needed - 1, 0, 0, 0)),
        "the run needs about 3 MiB of direct memory but the JVM allows 3 MiB; use smaller"
            + " batches, or raise -XX:MaxDirectMemorySize or -Xmx");
  }

  @Test
  void aBatchIsNoLargerThanTheExamplesThereAre() {
    TrainingPlan huge = configuration("batchSize: 100000000").plan();

    assertThatCode(() -> check(huge, 1000, 2, 2, new Limits(16 * MEBIBYTE, 0, 0, 0)))
        .doesNotThrowAnyException();
  }

  @Test
  void whatNd4jMayNotTakeIsToldWithBothNumbers() {
    assertRefused(
        () -> check(CONFIGURATION.plan(), 1000, 2, 2, new Limits(1L << 40, 100 * MEBIBYTE, 0, 0)),
        "ND4J needs about 128 MiB outside the heap but may take 100 MiB; raise"
            + " -Dorg.bytedeco.javacpp.maxbytes (and .maxphysicalbytes)");
  }

  @Test
  void whatTheProcessMayNotHaveInMemoryIsToldWithWhatItHas() {
    Limits limits = new Limits(1L << 40, 0, 300 * MEBIBYTE, 200 * MEBIBYTE);

    assertRefused(
        () -> check(CONFIGURATION.plan(), 1000, 2, 2, limits),
        "the process has 200 MiB in memory and needs about 331 MiB, but ND4J allocates only while"
            + " it has less than 300 MiB; raise -Dorg.bytedeco.javacpp.maxphysicalbytes");
  }

  @Test
  void allProblemsAreToldInOneMessage() {
    assertRefused(
        () -> check(CONFIGURATION.plan(), 60, 65, 4, new Limits(MEBIBYTE, MEBIBYTE, 0, 0)),
        "training.workers is 65 but only 4 tasks can run at once, and the workers wait for one"
            + " another; give the master more cores or use at most 4 workers",
        "training.shards is 64 but there are only 60 training examples; use at most 60 shards",
        "training.workers is 65 but training.shards is 64, and every worker needs a shard",
        "the run needs about 107 MiB of direct memory but the JVM allows 1 MiB; use smaller"
            + " batches, or raise -XX:MaxDirectMemorySize or -Xmx",
        "ND4J needs about 4167 MiB outside the heap but may take 1 MiB; raise"
            + " -Dorg.bytedeco.javacpp.maxbytes (and .maxphysicalbytes)");
  }

  /** The driver of a cluster holds what is published, a contribution a worker, and their sum. */
  @Test
  void theDriverOfAClusterNeedsNoRoomForBatches() {
    long needed = 4 * (2 * 7850 + 7850 + 7850);

    assertThatCode(
            () ->
                Preflight.checkDriver(
                    CONFIGURATION.plan(), NETWORK, 1000, 2, 1, new Limits(needed, 0, 0, 0)))
        .doesNotThrowAnyException();
    assertRefused(
        () ->
            Preflight.checkDriver(
                CONFIGURATION.plan(), NETWORK, 1000, 2, 1, new Limits(needed - 1, 0, 0, 0)),
        "the run needs about 0 MiB of direct memory but the JVM allows 0 MiB; use smaller"
            + " batches, or raise -XX:MaxDirectMemorySize or -Xmx");
  }

  @Test
  void theDriverOfAClusterHasRoomForAllFoldsThatRunAtOnce() {
    long ofOne = 4 * (2 * 7850 + 7850 + 7850);

    assertThatCode(
            () ->
                Preflight.checkDriver(
                    CONFIGURATION.plan(), NETWORK, 1000, 2, 5, new Limits(5 * ofOne, 0, 0, 0)))
        .doesNotThrowAnyException();
    assertRefused(
        () ->
            Preflight.checkDriver(
                CONFIGURATION.plan(), NETWORK, 1000, 2, 5, new Limits(5 * ofOne - 1, 0, 0, 0)),
        "the run needs about 0 MiB of direct memory but the JVM allows 0 MiB; use smaller"
            + " batches, or raise -XX:MaxDirectMemorySize or -Xmx");
  }

  @Test
  void aMachineWithoutNativeLibrariesIsNamed() {
    assertThatExceptionOfType(ConfigurationException.class)
        .isThrownBy(
            () ->
                Preflight.requireNativeLibraries(
                    () -> {
                      throw new ExceptionInInitializerError(
                          new UnsatisfiedLinkError("no jnind4jcpu in java.library.path"));
                    }))
        .withMessage(
            "ND4J's native library cannot be loaded on %s %s: no jnind4jcpu in java.library.path;"
                    .formatted(System.getProperty("os.name"), System.getProperty("os.arch"))
                + " build for this machine with -Djavacpp.platform=<platform>");
  }
}
