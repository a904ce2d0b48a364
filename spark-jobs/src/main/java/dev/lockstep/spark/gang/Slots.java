package dev.lockstep.spark.gang;

import org.apache.spark.SparkContext;
import org.apache.spark.api.java.JavaSparkContext;

/** How many tasks can run at once. */
public final class Slots {
  private Slots() {}

  /** All slots; {@code defaultParallelism} is a setting and may be any number. */
  public static int of(JavaSparkContext spark) {
    SparkContext context = spark.sc();
    return Math.max(
        1,
        context.maxNumConcurrentTasks(context.resourceProfileManager().defaultResourceProfile()));
  }
}
