package dev.lockstep.spark.gang;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.slf4j.LoggerFactory;

/**
 * What is said once when a wait has lasted for some time, unless it ends before, which is when this
 * is closed. For waits of one call that itself says nothing.
 */
public final class Notice implements AutoCloseable {
  /** The usual patience. */
  public static final Duration PATIENCE = Duration.ofSeconds(10);

  private final CompletableFuture<Void> saying;

  private Notice(CompletableFuture<Void> saying) {
    this.saying = saying;
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
   * All that {@code rdd} has, which may take as long as Spark's job does.
   *
   * @param what it is, in words
   */
  public static <T> List<T> collect(JavaRDD<T> rdd, String what) {
    JavaSparkContext spark = JavaSparkContext.fromSparkContext(rdd.context());
    try (Notice unused =
        after(
            PATIENCE,
            Notice.class,
            () ->
                "%s to be collected: Spark has %d tasks for that, and slots for %d beside whatever else it runs; this goes on as long as its job does"
                    .formatted(what, rdd.getNumPartitions(), Slots.of(spark)))) {
      return rdd.collect();
    }
  }

  @Override
  public void close() {
    saying.cancel(false);
  }
}
