package dev.lockstep.spark.job;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.spark.LogLines;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaFutureAction;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A search that gets no slot. */
@Timeout(60)
class WorstExamplesTest {
  private static final CountDownLatch RELEASED = new CountDownLatch(1);

  @Test
  void whereNoSlotComesFreeThatIsSaidAndTheReportGoesWithout() throws Exception {
    try (JavaSparkContext spark =
            new JavaSparkContext(
                new SparkConf()
                    .setMaster("local[1]")
                    .setAppName("search")
                    .set("spark.ui.enabled", "false")
                    .set("spark.driver.host", "127.0.0.1")
                    .set("spark.driver.bindAddress", "127.0.0.1"));
        LogLines log = LogLines.open()) {
      JavaFutureAction<Void> other =
          spark.parallelize(List.of(1), 1).foreachAsync(any -> RELEASED.await());

      assertThat(
              new WorstExamples(null, null, true)
                  .search(spark, new int[] {0, 1}, 1, Duration.ofSeconds(4)))
          .isEmpty();
      assertThat(log.with("most confidently wrong"))
          .containsExactly(
              "waiting since 2 s for executors to find the most confidently wrong examples; the report goes without them in 2 s",
              "the report goes without the most confidently wrong examples: java.util.concurrent.TimeoutException: Futures timed out after [2 seconds]");
      RELEASED.countDown();
      other.get();
    }
  }
}
