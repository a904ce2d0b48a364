package dev.lockstep.spark.job;

import dev.lockstep.coordinator.Progress;
import dev.lockstep.coordinator.TrainingResult;
import dev.lockstep.spark.gang.Gang;
import dev.lockstep.spark.storage.HadoopConfiguration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.apache.hadoop.fs.CommonConfigurationKeysPublic;
import org.apache.hadoop.util.ShutdownHookManager;
import org.apache.spark.api.java.JavaSparkContext;

/**
 * A gang whose Spark job runs on a thread of its own while the calling thread watches it. When the
 * process is told to end (Ctrl-C), the workers leave before Spark stops.
 *
 * @param work runs the gang, with what goes with it
 * @param description what Spark's pages call the job
 * @param group Spark's name for all of the job, which no other has
 */
public record WatchedGang(
    JavaSparkContext spark,
    Gang gang,
    Supplier<TrainingResult> work,
    String description,
    String group) {
  private static final AtomicInteger RUNNING = new AtomicInteger();
  private static final long GLANCE_MILLIS = 100;
  private static final long GRACE_SECONDS = 5;

  /** Workers that Spark has ended leave a last checkpoint to be written. */
  private static final long LAST_GRACE_SECONDS = 20;

  /** Spark stops at 50, and hooks of a higher priority run before. */
  private static final int BEFORE_SPARK = 100;

  /**
   * Runs the workers until training ends.
   *
   * @param observer is told ten times a second, and once at the end, how far it has come
   * @throws CancellationException if the calling thread was told to end
   * @throws RuntimeException if training fails, also for a {@link CancellationException} as its
   *     cause if the process was told to end
   */
  TrainingResult run(Consumer<Progress> observer) {
    ExecutorService thread =
        Executors.newSingleThreadExecutor(
            task -> {
              Thread gangThread = new Thread(task, group);
              gangThread.setDaemon(true);
              return gangThread;
            });
    long timeout = shutdownSeconds();
    RUNNING.incrementAndGet();
    Future<TrainingResult> training = thread.submit(() -> runInGroup());
    Runnable atShutdown = () -> cancel(training);
    try {
      addShutdownHook(atShutdown, timeout);
      return watch(training, observer);
    } catch (InterruptedException e) {
      cancel(training);
      Thread.currentThread().interrupt();
      throw new CancellationException("interrupted");
    } finally {
      RUNNING.decrementAndGet();
      if (!ShutdownHookManager.get().isShutdownInProgress()) {
        ShutdownHookManager.get().removeShutdownHook(atShutdown);
      }
      thread.shutdown();
    }
  }

  /** Whether one runs in this JVM, which has something to say when the process is told to end. */
  public static boolean anyRuns() {
    return RUNNING.get() > 0;
  }

  /** How long a hook may take. Hadoop would read all of its configuration again to find it. */
  private static long shutdownSeconds() {
    long configured =
        HadoopConfiguration.current()
            .getTimeDuration(
                CommonConfigurationKeysPublic.SERVICE_SHUTDOWN_TIMEOUT,
                CommonConfigurationKeysPublic.SERVICE_SHUTDOWN_TIMEOUT_DEFAULT,
                TimeUnit.SECONDS);
    return Math.max(ShutdownHookManager.TIMEOUT_MINIMUM, configured);
  }

  private static void addShutdownHook(Runnable hook, long timeout) {
    try {
      ShutdownHookManager.get().addShutdownHook(hook, BEFORE_SPARK, timeout, TimeUnit.SECONDS);
    } catch (IllegalStateException e) {
      throw new CancellationException("interrupted");
    }
  }

  private TrainingResult runInGroup() {
    spark.setJobGroup(group, description, false);
    return work.get();
  }

  private TrainingResult watch(Future<TrainingResult> training, Consumer<Progress> observer)
      throws InterruptedException {
    while (true) {
      try {
        TrainingResult result = training.get(GLANCE_MILLIS, TimeUnit.MILLISECONDS);
        observer.accept(gang.progress());
        return result;
      } catch (TimeoutException e) {
        observer.accept(gang.progress());
      } catch (ExecutionException e) {
        throw failure(e.getCause());
      }
    }
  }

  private static RuntimeException failure(Throwable cause) {
    return cause instanceof RuntimeException e ? e : new IllegalStateException(cause);
  }

  /** Lets the workers leave of their own; Spark ends those that do not. */
  private void cancel(Future<TrainingResult> training) {
    gang.abort(new CancellationException("interrupted"));
    if (!ends(training, GRACE_SECONDS)) {
      spark.cancelJobGroup(group);
      ends(training, LAST_GRACE_SECONDS);
    }
  }

  private static boolean ends(Future<TrainingResult> training, long seconds) {
    try {
      training.get(seconds, TimeUnit.SECONDS);
      return true;
    } catch (ExecutionException e) {
      return true;
    } catch (TimeoutException e) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }
}
