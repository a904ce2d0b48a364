package dev.lockstep.spark.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.lockstep.report.Span;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaFutureAction;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class WorkerSpansTest {
  private static final String GROUP = "training";

  private final WorkerSpans spans = new WorkerSpans(GROUP, rank -> "worker " + rank, Instant.now());

  private JavaSparkContext twoSlots() {
    JavaSparkContext spark =
        new JavaSparkContext("local[2]", "spans", new SparkConf().set("spark.ui.enabled", "false"));
    spark.sc().addSparkListener(spans);
    spark.setJobGroup(GROUP, "", true);
    return spark;
  }

  /** One worker leaves; the job is cancelled while the other works. */
  private static void leaveAndCancel(JavaSparkContext spark) throws InterruptedException {
    Ends ends = new Ends();
    spark.sc().addSparkListener(ends);
    JavaFutureAction<Void> job =
        spark.parallelize(List.of(0, 1), 2).foreachAsync(WorkerSpansTest::workUnlessFirst);
    ends.successful.await();
    job.cancel(true);
    ends.killed.await();
  }

  private static void workUnlessFirst(int rank) throws InterruptedException {
    if (rank > 0) {
      new CountDownLatch(1).await();
    }
  }

  private static final class Ends extends SparkListener {
    final CountDownLatch successful = new CountDownLatch(1);
    final CountDownLatch killed = new CountDownLatch(1);

    @Override
    public void onTaskEnd(SparkListenerTaskEnd end) {
      (end.taskInfo().killed() ? killed : successful).countDown();
    }
  }

  @Test
  void ofATrainingThatWasBegunAgainTheWorkersOfTheLastTimeAreDone() throws Exception {
    try (JavaSparkContext spark = twoSlots()) {
      leaveAndCancel(spark);

      spark.parallelize(List.of(0, 1), 2).foreach(rank -> {});

      assertThat(spans.await())
          .extracting(Span::lane, Span::outcome)
          .containsExactly(
              tuple("worker 0", "killed"),
              tuple("worker 0", "done"),
              tuple("worker 1", "killed"),
              tuple("worker 1", "done"));
    }
  }

  @Test
  void aWorkerThatLeftIsDoneThoughAnotherDidNotLeave() throws Exception {
    try (JavaSparkContext spark = twoSlots()) {
      leaveAndCancel(spark);

      assertThat(spans.await())
          .extracting(Span::lane, Span::outcome)
          .containsExactly(tuple("worker 0", "done"), tuple("worker 1", "killed"));
    }
  }
}
