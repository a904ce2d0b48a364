package dev.lockstep.spark.gang;

import dev.lockstep.config.WorkerLoss;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.apache.spark.SparkContext;
import org.apache.spark.api.java.JavaRDD;
import org.slf4j.LoggerFactory;

/**
 * What is said once when a wait has lasted for some time, unless it ends before, which is when this
 * is closed. For waits of one call that itself says nothing.
 */
public final class Notice implements AutoCloseable {
  private final CompletableFuture<Void> saying;

  private Notice(CompletableFuture<Void> saying) {
    this.saying = saying;
  }

  /** As the other, after {@link WorkerLoss#LONGEST_SILENCE}. */
  public static Notice after(Class<?> waiting, Supplier<String> what) {
    return after(WorkerLoss.LONGEST_SILENCE, waiting, what);
  }

  /**
   * Says that {@code waiting} waits, if this is not closed within {@code patience}.
   *
   * @param waiting whose log says it
   * @param what is waited for, what is missing, and until when, asked when it is said
   */
  public static Notice after(Duration patience, Class<?> waiting, Supplier<String> what) {
    return new Notice(
        CompletableFuture.runAsync(
            () ->
                LoggerFactory.getLogger(waiting)
                    .warn("waiting since {} s for {}", patience.toSeconds(), what.get()),
            CompletableFuture.delayedExecutor(patience.toMillis(), TimeUnit.MILLISECONDS)));
  }

  /**
   * All that {@code rdd} gives, which may take as long as Spark's jobs do, those that make it among
   * them.
   *
   * @param what it is, in words
   */
  public static <T> List<T> collect(SparkContext spark, String what, Supplier<JavaRDD<T>> rdd) {
    return collect(WorkerLoss.LONGEST_SILENCE, spark, what, rdd);
  }

  static <T> List<T> collect(
      Duration patience, SparkContext spark, String what, Supplier<JavaRDD<T>> rdd) {
    try (Notice unused =
        after(
            patience,
            Notice.class,
            () ->
                "%s to be collected: Spark has slots for %s, and may run something else; this goes on as long as its jobs do"
                    .formatted(what, Slots.inWords(spark)))) {
      return rdd.get().collect();
    }
  }

  @Override
  public void close() {
    saying.cancel(false);
  }
}
