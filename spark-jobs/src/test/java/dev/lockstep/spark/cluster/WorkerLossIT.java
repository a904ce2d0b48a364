package dev.lockstep.spark.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.random.CounterRandom;
import dev.lockstep.spark.Signal;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The README's training on a real standalone cluster whose executors die or hang. */
@TestInstance(Lifecycle.PER_CLASS)
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class WorkerLossIT {
  private static final int LOSSES = 10;
  private static final String SILENT = "not a byte came from it for";

  @TempDir private static Path directory;
  private ExampleTrainings trainings;
  private byte[] undisturbed;

  @BeforeAll
  void trainInOneProcess() throws Exception {
    trainings = new ExampleTrainings(directory, 1);
    undisturbed = trainings.here("local");
  }

  @AfterAll
  void end() {
    trainings.close();
  }

  /** A process of the test before may be stopped still. */
  @BeforeEach
  void awaitNoExecutor() {
    trainings.cluster().awaitNoExecutor();
  }

  @Test
  void executorsThatAreKilledAreReplacedAndTheParametersHaveTheSameBits() throws Exception {
    Process training = trainings.start("killed");
    loseExecutors(
        "killed", new CounterRandom(1), (loss, executor) -> Signal.send("KILL", executor));

    assertThat(training.waitFor()).as(trainings.output("killed")).isZero();
    assertThat(trainings.count("killed", "is lost")).isEqualTo(LOSSES);
    assertThat(trainings.model("killed")).isEqualTo(undisturbed);
  }

  @Test
  void executorsThatHangForeverOrTooLongAreReplacedAndTheParametersHaveTheSameBits()
      throws Exception {
    Process training = trainings.start("stopped", "workerTimeout=3");
    loseExecutors(
        "stopped",
        new CounterRandom(2),
        (loss, executor) -> {
          Signal.send("STOP", executor);
          if (loss % 2 == 0) {
            ExampleTrainings.await(
                "loss %d is noticed".formatted(loss),
                () -> trainings.count("stopped", SILENT) == loss);
            Signal.send("CONT", executor);
            ExampleTrainings.await("the end of one that goes on", () -> !executor.isAlive());
          }
        });

    assertThat(training.waitFor()).as(trainings.output("stopped")).isZero();
    assertThat(trainings.count("stopped", SILENT)).isEqualTo(LOSSES);
    List<String> failures =
        trainings
            .output("stopped")
            .lines()
            .filter(line -> line.contains("failed at step"))
            .toList();
    assertThat(failures).hasSize(LOSSES);
    for (int loss = 1; loss <= LOSSES; loss++) {
      // One that goes on may notice by itself, before Spark gives it up, that it was left behind.
      assertThat(failures.get(loss - 1))
          .as("Spark has not waited for the end of the processes")
          .matches(
              loss % 2 == 0
                  ? ".*(Reason: a worker on it is taken for dead|CoordinatorLostException: .*)"
                  : ".*Reason: a worker on it is taken for dead");
    }
    assertThat(trainings.model("stopped")).isEqualTo(undisturbed);
  }

  @Test
  void whereWorkersMustNotBeLostAKilledExecutorEndsTheRun() throws Exception {
    Process training = trainings.start("fails", "onWorkerLoss=fail");
    trainings.awaitStart("fails");
    Signal.send("KILL", trainings.cluster().executors().get(0));

    assertThat(training.waitFor()).isEqualTo(1);
    assertThat(trainings.output("fails"))
        .containsPattern("failed: worker of rank [01] .*training.onWorkerLoss is fail")
        .contains("; to go on from there: lockstep train --resume ");
  }

  /** What befalls an executor. */
  private interface Misfortune {
    /** As the {@code loss}-th, from 1, of a run. */
    void befall(int loss, ProcessHandle executor) throws Exception;
  }

  /** Lets something befall one executor after the other, each at a random step. */
  private void loseExecutors(String name, CounterRandom random, Misfortune misfortune)
      throws Exception {
    trainings.awaitStart(name);
    Set<ProcessHandle> lost = new HashSet<>();
    for (int loss = 1; loss <= LOSSES; loss++) {
      pass(random.nextInt(500));
      List<ProcessHandle> living =
          trainings.cluster().executors().stream().filter(each -> !lost.contains(each)).toList();
      ProcessHandle chosen = living.get(random.nextInt(living.size()));
      lost.add(chosen);
      misfortune.befall(loss, chosen);
      int replaced = loss;
      ExampleTrainings.await(
          "replacement %d in %s".formatted(loss, name),
          () -> trainings.count(name, "is back") == replaced);
    }
  }

  private static void pass(int millis) {
    long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
    Awaitility.await().until(() -> System.nanoTime() > end);
  }
}
