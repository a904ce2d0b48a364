package dev.lockstep.spark.gang;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.spark.LogLines;
import java.time.Duration;
import java.util.List;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Waits of one call. */
@Timeout(60)
class NoticeTest {
  private static LogLines log;

  /** Spark makes an RDD of a shuffled frame by jobs of its own, before it is collected. */
  @Test
  void whoeverWaitsForAnRddToBeMadeOrToBeCollectedSaysSoOnce() {
    try (JavaSparkContext spark = SmallGang.spark("local[1]")) {
      JavaRDD<Integer> slow = spark.parallelize(List.of(1, 2), 1).map(NoticeTest::whenSaid);

      log = LogLines.open();
      assertThat(collect(spark, slow)).containsExactly(1, 2);
      assertSaidOnce();

      log = LogLines.open();
      List<Integer> made =
          Notice.collect(
              Duration.ofSeconds(1),
              spark.sc(),
              "the examples",
              () -> spark.parallelize(List.of((int) slow.count())));
      assertThat(made).containsExactly(2);
      assertSaidOnce();
    }
  }

  private static List<Integer> collect(JavaSparkContext spark, JavaRDD<Integer> rdd) {
    return Notice.collect(Duration.ofSeconds(1), spark.sc(), "the examples", () -> rdd);
  }

  private static Integer whenSaid(Integer any) {
    log.await("waiting since");
    return any;
  }

  private static void assertSaidOnce() {
    assertThat(log.with("waiting since"))
        .containsExactly(
            "waiting since 1 s for the examples to be collected: Spark has slots for 1 tasks, and may"
                + " run something else; this goes on as long as its jobs do");
    log.close();
  }

  @Test
  void aWaitThatEndsInTimeIsNotMentioned() throws Exception {
    try (LogLines lines = LogLines.open()) {
      Notice.after(Duration.ofSeconds(1), NoticeTest.class, () -> "nothing").close();
      try (Notice unused =
          Notice.after(Duration.ofSeconds(2), NoticeTest.class, () -> "something")) {
        lines.await("waiting since 2 s for something");
      }

      assertThat(lines.with("nothing")).isEmpty();
    }
  }
}
