package dev.lockstep.spark.gang;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.config.WorkerLoss;
import dev.lockstep.coordinator.RunAbortedException;
import dev.lockstep.coordinator.SharedMemoryCoordinator;
import dev.lockstep.spark.LogLines;
import dev.lockstep.yaml.ConfigurationException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.spark.ExecutorLostFailure;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaFutureAction;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.executor.ExecutorMetrics;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.scheduler.SparkListenerTaskStart;
import org.apache.spark.scheduler.TaskInfo;
import org.apache.spark.scheduler.TaskLocality;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import scala.Option;

/** What becomes of a gang whose workers fail, or do not come. */
@Timeout(60)
class GangLossTest {
  private static final long STEP = 30;

  private static CountDownLatch replaced;

  private final AtomicInteger failures = new AtomicInteger();

  private void failAtStep(long step) {
    if (step == STEP && TaskContext.getPartitionId() == 1) {
      failures.incrementAndGet();
      throw new ArithmeticException("the gradient is not a number");
    }
  }

  private void failOnceAtStep(long step) {
    if (failures.get() == 0) {
      failAtStep(step);
    }
  }

  @Test
  void anErrorThatComesBackAtTheSameStepEndsTheRunAtTheSecondTime() {
    try (JavaSparkContext spark = SmallGang.spark("local[2,32]")) {
      Gang gang = SmallGang.of("epochs: 1", this::failAtStep);

      assertThatThrownBy(() -> gang.run(spark))
          .isInstanceOf(RunAbortedException.class)
          .rootCause()
          .message()
          .matches(
              "worker of rank 1 ended twice in a row at step 30 with the same error, so that another"
                  + " attempt would too; the last on \\S+ \\(executor driver\\):"
                  + " ArithmeticException: the gradient is not a number");
    }
    assertThat(failures.get()).isBetween(2, 4);
  }

  @Test
  void aMistakeOfTheUsersThatOnlyAWorkerSeesIsStillAMistakeOfTheUsers() {
    try (JavaSparkContext spark = SmallGang.spark("local[2,32]")) {
      Gang gang =
          SmallGang.of(
              "epochs: 1",
              step -> {
                throw new ConfigurationException("other files than the driver's");
              });

      assertThatThrownBy(() -> gang.run(spark))
          .rootCause()
          .isInstanceOf(ConfigurationException.class)
          .hasMessageContaining("ConfigurationException: other files than the driver's");
    }
  }

  @Test
  void everyFailureAndEveryRecoveryHasALineInTheLog() {
    try (JavaSparkContext spark = SmallGang.spark("local[2,4]");
        LogLines log = LogLines.open()) {
      SmallGang.of("epochs: 1", this::failOnceAtStep).run(spark);

      assertThat(log.await("failed at step"))
          .matches(
              "worker of rank 1 failed at step 30: attempt \\d+ on \\S+ \\(executor driver\\):"
                  + " ArithmeticException: the gradient is not a number");
      assertThat(log.with("is back"))
          .singleElement()
          .asString()
          .matches("worker of rank 1 is back at step 30: attempt \\d+ in this process");
    }
  }

  @Test
  void whereWorkersMustNotBeLostTheFirstLossEndsTheRun() {
    try (JavaSparkContext spark = SmallGang.spark("local[2,32]")) {
      Gang gang = SmallGang.of("epochs: 1, onWorkerLoss: fail", this::failAtStep);

      assertThatThrownBy(() -> gang.run(spark))
          .isInstanceOf(RunAbortedException.class)
          .rootCause()
          .message()
          .startsWith("worker of rank 1 failed at step 30: attempt ")
          .endsWith("; training.onWorkerLoss is fail, so the run ends");
    }
    assertThat(failures.get()).isLessThan(32);
  }

  @Test
  void aGangThatFindsTooFewSlotsSaysWhomItWaitsForAndGivesUp() {
    try (JavaSparkContext spark = SmallGang.spark("local[1]");
        LogLines log = LogLines.open()) {
      Gang gang = SmallGang.of("epochs: 1, replacementTimeout: 4", step -> {});

      assertThatThrownBy(() -> gang.run(spark))
          .isInstanceOf(RunAbortedException.class)
          .rootCause()
          .message()
          .matches(
              "worker of rank [01] did not come within 4 s \\(training.replacementTimeout\\): its"
                  + " task has not been started: the workers need 2 tasks at once, and there is"
                  + " room for 1 tasks");
      assertThat(log.with("waiting since"))
          .singleElement()
          .asString()
          .matches(
              "waiting since 2 s for worker of rank [01]: its task has not been started: .*; the run"
                  + " gives up in 1 s");
    }
  }

  @Test
  void ofAWorkerThatIsStuckItIsSaidWhatItIsAwaitedFor() {
    CountDownLatch heard = new CountDownLatch(1);
    try (JavaSparkContext spark = SmallGang.spark("local[2]");
        LogLines log = LogLines.open()) {
      Gang gang =
          SmallGang.of(
              "epochs: 1, workerTimeout: 2",
              step -> {
                if (step == STEP && TaskContext.getPartitionId() == 1) {
                  log.await("waiting since");
                  heard.countDown();
                }
              });

      gang.run(spark);

      assertThat(heard.getCount()).isZero();
      assertThat(log.with("waiting since"))
          .singleElement()
          .asString()
          .matches(
              "waiting since 1 s for worker of rank 1 to hand in the gradient of batch 31 of epoch 1"
                  + " \\(step 30\\); it is a thread of this process, and the run ends after 600 s without"
                  + " a batch computed");
    }
  }

  @Test
  void aWorkerThatHangsInAStepEndsTheRunOfItsProcess() {
    CountDownLatch over = new CountDownLatch(1);
    try (JavaSparkContext spark = SmallGang.spark("local[2]")) {
      Gang gang =
          SmallGang.of(
              "epochs: 1, workerTimeout: 2, stepTimeout: 2",
              step -> {
                if (step == STEP && TaskContext.getPartitionId() == 1) {
                  await(over);
                }
              });

      assertThatThrownBy(() -> gang.run(spark))
          .isInstanceOf(RunAbortedException.class)
          .rootCause()
          .message()
          .matches(
              "worker of rank 1 has not computed a batch for [23] s \\(training.stepTimeout\\) of"
                  + " the gradient of batch 31 of epoch 1 \\(step 30\\); it is a thread of this"
                  + " process, which no other can replace");
    } finally {
      over.countDown();
    }
  }

  @Test
  void aWorkerThatHangsAfterTheLastStepIsNamedAndTheResultIsThere() {
    CountDownLatch over = new CountDownLatch(1);
    try (JavaSparkContext spark = SmallGang.spark("local[2]");
        LogLines log = LogLines.open()) {
      Gang gang =
          SmallGang.of(
              "epochs: 1, workerTimeout: 2",
              step -> {},
              () -> {
                if (TaskContext.getPartitionId() == 1) {
                  await(over);
                }
              });

      assertThat(gang.run(spark).rounds().rounds()).isEqualTo(SmallGang.STEPS);
      assertThat(log.with("training is over"))
          .singleElement()
          .asString()
          .matches(
              "training is over, but after 1 s workers have not left: rank 1, its task, attempt \\d+,"
                  + " runs since \\d+ s on \\S+ \\(executor driver\\); their tasks are cancelled");
    } finally {
      over.countDown();
    }
  }

  @Test
  void aSpeculativeCopyThatDiesWhileItStandsByEndsNoRun() throws Exception {
    try (JavaSparkContext spark = SmallGang.spark("local[1]");
        LogLines log = LogLines.open()) {
      SharedMemoryCoordinator coordinator = coordinator();
      GangTasks tasks =
          tasks(
              spark,
              coordinator,
              new WorkerLoss(
                  WorkerLoss.Reaction.FAIL,
                  Duration.ofMinutes(1),
                  Duration.ofMinutes(1),
                  Duration.ofMinutes(1)));
      spark.parallelize(List.of(1), 1).count(); // Stage 0.
      spark.sc().listenerBus().waitUntilEmpty();
      TaskInfo worker = task(3, false);
      TaskInfo copy = task(4, true);
      tasks.onTaskStart(new SparkListenerTaskStart(0, 0, worker));
      tasks.onTaskStart(new SparkListenerTaskStart(0, 0, copy));

      tasks.onTaskEnd(lost(copy));

      assertThat(coordinator.failure()).isEmpty();
      assertThat(log.with("failed"))
          .singleElement()
          .asString()
          .startsWith(
              "a speculative copy of the worker of rank 1 failed, which only stood by: attempt 4 on"
                  + " far (executor 4): ExecutorLostFailure");

      tasks.onTaskStart(new SparkListenerTaskStart(0, 0, copy));
      coordinator
          .join(1, copy.taskId())
          .close(); // It took the place of the other, whose task lives on.
      tasks.onTaskEnd(lost(copy));

      assertThat(coordinator.failure()).isPresent();
    }
  }

  private static SharedMemoryCoordinator coordinator() {
    return SmallGang.coordinator(SmallGang.training("epochs: 1", step -> {}, () -> {}));
  }

  /** Those of the gang whose jobs this thread runs from now on. */
  private static GangTasks tasks(
      JavaSparkContext spark, SharedMemoryCoordinator coordinator, WorkerLoss workerLoss) {
    GangTasks tasks = new GangTasks(spark.sc(), "gang", coordinator, workerLoss);
    spark.sc().addSparkListener(tasks);
    spark.setLocalProperty(GangTasks.PROPERTY, "gang");
    return tasks;
  }

  /** A task of rank 1, on an executor of its own. */
  private static TaskInfo task(long attempt, boolean speculative) {
    return new TaskInfo(
        attempt,
        1,
        speculative ? 1 : 0,
        1,
        System.currentTimeMillis(),
        Long.toString(attempt),
        "far",
        TaskLocality.ANY(),
        speculative);
  }

  private static SparkListenerTaskEnd lost(TaskInfo task) {
    return new SparkListenerTaskEnd(
        0,
        0,
        "",
        new ExecutorLostFailure(task.executorId(), true, Option.apply("it was killed")),
        task,
        new ExecutorMetrics(),
        null);
  }

  /** As that of a local master, whose executor is the driver. */
  @Test
  void ofAClusterThatDoesNotReplaceAnExecutorItIsSaidWhatFollows() throws Exception {
    replaced = new CountDownLatch(1);
    try (JavaSparkContext spark = SmallGang.spark("local[1]");
        LogLines log = LogLines.open(GangTasks.class.getName())) {
      GangTasks tasks = tasks(spark, coordinator(), WorkerLoss.DEFAULT);
      JavaFutureAction<Void> job =
          spark.parallelize(List.of(1), 1).foreachAsync(one -> await(replaced));
      Awaitility.await().until(() -> tasks.whereabouts(0).contains("runs since"));

      tasks.replace(0);
      replaced.countDown();
      job.get();

      assertThat(log.with("executor driver"))
          .satisfiesExactly(
              asked ->
                  assertThat(asked)
                      .matches(
                          "the worker on executor driver on \\S+ is taken for dead; asking the cluster to replace the executor"),
              refused ->
                  assertThat(refused)
                      .isEqualTo(
                          "the cluster does not replace executor driver; unless Spark gives it up by"
                              + " itself (spark.network.timeout), the run ends after"
                              + " training.replacementTimeout"));
    } finally {
      replaced.countDown();
    }
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
