package dev.lockstep.spark.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.spark.LogLines;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaFutureAction;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Spark jobs that get no slot, or take long. */
@Timeout(60)
class JobWatchTest {
  private static final Duration TIMEOUT = Duration.ofSeconds(4);

  private static LogLines log;
  private static CountDownLatch entered;
  private static CountDownLatch released;

  @BeforeEach
  void listen() {
    log = LogLines.open();
  }

  @AfterEach
  void close() {
    log.close();
  }

  private static JavaSparkContext oneSlot() {
    entered = new CountDownLatch(1);
    released = new CountDownLatch(1);
    return new JavaSparkContext(
        new SparkConf()
            .setMaster("local[1]")
            .setAppName("watch")
            .set("spark.ui.enabled", "false")
            .set("spark.driver.host", "127.0.0.1")
            .set("spark.driver.bindAddress", "127.0.0.1"));
  }

  private static void block(Integer any) throws InterruptedException {
    entered.countDown();
    released.await();
  }

  private static void awaitEntered() {
    try {
      entered.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void whereNoSlotComesFreeThatIsSaidAndTheJobGivenUp() throws Exception {
    try (JavaSparkContext spark = oneSlot()) {
      JavaFutureAction<Void> other =
          spark.parallelize(List.of(1), 1).foreachAsync(JobWatchTest::block);
      entered.await();

      assertThatThrownBy(
              () ->
                  JobWatch.run(
                      spark,
                      "the evaluation",
                      TIMEOUT,
                      () -> spark.parallelize(List.of(1, 2), 2).collect()))
          .isInstanceOf(IllegalStateException.class)
          .hasMessage(
              "the evaluation was given up: none of its tasks has run for 4 s; they share slots for 1"
                  + " tasks with whatever else runs on the cluster");
      assertThat(log.with("waiting since"))
          .singleElement()
          .asString()
          .startsWith("waiting since 2 s for the evaluation: none of its tasks runs; ");
      assertThat(other.isDone()).isFalse();
      released.countDown();
      other.get();
    }
  }

  @Test
  void ofATaskThatTakesLongItIsSaidWhereItRunsAndItMayEnd() {
    try (JavaSparkContext spark = oneSlot()) {
      List<Integer> doubled =
          JobWatch.run(
              spark,
              "the evaluation",
              TIMEOUT,
              () ->
                  spark
                      .parallelize(List.of(1), 1)
                      .map(
                          one -> {
                            log.await("waiting since");
                            return 2 * one;
                          })
                      .collect());

      assertThat(doubled).containsExactly(2);
      assertThat(log.with("waiting since"))
          .singleElement()
          .asString()
          .matches(
              "waiting since 2 s for the evaluation: 1 of its tasks run, on \\[\\S+ \\(executor driver\\)\\];"
                  + " it goes on as long as they live");
    }
  }

  @Test
  void aWaitWithoutATaskIsSaidAfterOneWithATaskWasToo() throws Exception {
    // A thread of before, whose jobs are not the watch's.
    ExecutorService elsewhere = Executors.newSingleThreadExecutor();
    elsewhere.submit(() -> {}).get();
    try (JavaSparkContext spark = oneSlot()) {
      JobWatch.run(
          spark,
          "the evaluation",
          TIMEOUT,
          () -> {
            spark.parallelize(List.of(1), 1).foreach(one -> log.await("of its tasks run"));
            elsewhere.execute(() -> spark.parallelize(List.of(1), 1).foreach(JobWatchTest::block));
            CompletableFuture<Void> freeing =
                CompletableFuture.runAsync(
                    () -> {
                      log.await("none of its tasks runs");
                      released.countDown();
                    });
            awaitEntered();
            List<Integer> collected = spark.parallelize(List.of(1), 1).collect();
            freeing.join();
            return collected;
          });

      assertThat(log.with("waiting since")).hasSize(2);
    } finally {
      elsewhere.shutdown();
    }
  }
}
