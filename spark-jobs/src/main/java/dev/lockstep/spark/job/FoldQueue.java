package dev.lockstep.spark.job;

import dev.lockstep.config.WorkerLoss;
import dev.lockstep.spark.gang.Notice;
import dev.lockstep.yaml.ConfigurationException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionService;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.IntSupplier;
import org.apache.hadoop.util.ShutdownHookManager;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs folds beside one another, as many as have room for all of their workers, so that none waits
 * half-started for another. One that fails is run again by itself, and the others go on.
 *
 * @param slots how many workers can run at once now; asked again and again, for executors come and
 *     go
 * @param workers of each fold
 * @param mostAtOnce so many folds run beside one another at most
 * @param grace how long those are waited for that were told to end
 */
record FoldQueue(IntSupplier slots, int workers, int mostAtOnce, Duration grace) {
  /** So often is a fold run. */
  static final int MOST_ATTEMPTS = 3;

  private static final Logger LOG = LoggerFactory.getLogger(FoldQueue.class);
  private static final long GLANCE_MILLIS = 1000;
  private static final Duration GRACE = Duration.ofSeconds(30);

  FoldQueue(IntSupplier slots, int workers, int mostAtOnce) {
    this(slots, workers, mostAtOnce, GRACE);
  }

  /**
   * A fold.
   *
   * @param name what messages call it
   */
  record Task<T>(String name, Callable<T> work) {}

  private record Attempt<T>(Task<T> task, int number) {}

  /**
   * Runs {@code tasks}, begun in their order.
   *
   * @param finished is given each result, on the calling thread, as it comes
   * @param stop once it is completed, nothing more is begun, and what runs is interrupted
   * @return those that failed for good
   * @throws CancellationException if a task, or the calling thread, was told to end; all others are
   *     then interrupted
   * @throws RuntimeException what {@code stop} is completed with
   */
  <T> List<FoldFailure> run(
      List<Task<T>> tasks,
      Consumer<T> finished,
      CompletableFuture<? extends RuntimeException> stop) {
    ExecutorService threads =
        Executors.newCachedThreadPool(
            task -> {
              Thread thread = new Thread(task, "lockstep-fold");
              thread.setDaemon(true);
              return thread;
            });
    try {
      return run(tasks, finished, stop, new ExecutorCompletionService<>(threads));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CancellationException("interrupted");
    } finally {
      end(threads);
    }
  }

  private <T> List<FoldFailure> run(
      List<Task<T>> tasks,
      Consumer<T> finished,
      CompletableFuture<? extends RuntimeException> stop,
      CompletionService<T> threads)
      throws InterruptedException {
    Deque<Attempt<T>> waiting = new ArrayDeque<>();
    tasks.forEach(task -> waiting.add(new Attempt<>(task, 1)));
    Map<Future<T>, Attempt<T>> running = new HashMap<>();
    List<FoldFailure> failures = new ArrayList<>();
    while (!waiting.isEmpty() || !running.isEmpty()) {
      throwIfEnding();
      if (stop.isDone()) {
        throw stop.join();
      }
      while (!waiting.isEmpty() && isRoomBeside(running.size())) {
        Attempt<T> next = waiting.remove();
        running.put(threads.submit(next.task().work()), next);
      }
      Future<T> ended = threads.poll(GLANCE_MILLIS, TimeUnit.MILLISECONDS);
      if (ended != null) {
        settle(ended, running.remove(ended), finished, waiting, failures);
      }
    }
    return failures;
  }

  /** One runs in any case: a cluster may get its executors only when something waits for them. */
  private boolean isRoomBeside(int running) {
    return running == 0 || running < mostAtOnce && (running + 1L) * workers <= slots.getAsInt();
  }

  private static <T> void settle(
      Future<T> ended,
      Attempt<T> attempt,
      Consumer<T> finished,
      Deque<Attempt<T>> waiting,
      List<FoldFailure> failures)
      throws InterruptedException {
    try {
      finished.accept(ended.get());
    } catch (ExecutionException e) {
      Throwable cause = e.getCause();
      String name = attempt.task().name();
      throwIfCancelled(cause);
      if (attempt.number() == MOST_ATTEMPTS || cause instanceof ConfigurationException) {
        LOG.error("{} failed for good: {}", name, reason(cause));
        failures.add(new FoldFailure(name, reason(cause)));
      } else {
        LOG.warn(
            "{} failed at attempt {} of {} and is run again: {}",
            name,
            attempt.number(),
            MOST_ATTEMPTS,
            reason(cause));
        waiting.add(new Attempt<>(attempt.task(), attempt.number() + 1));
      }
    }
  }

  /** What fails while the process ends, fails because Spark ends with it. */
  private static void throwIfCancelled(Throwable error) {
    throwIfEnding();
    for (Throwable each = error; each != null; each = each.getCause()) {
      if (each instanceof CancellationException cancelled) {
        throw cancelled;
      }
    }
  }

  private static void throwIfEnding() {
    if (ShutdownHookManager.get().isShutdownInProgress()) {
      throw new CancellationException("interrupted");
    }
  }

  /** What began it, in one line. */
  private static String reason(Throwable error) {
    Throwable root = error;
    while (root.getCause() != null && !(root instanceof ConfigurationException)) {
      root = root.getCause();
    }
    String said = root.getMessage() == null ? "" : root.getMessage().lines().findFirst().orElse("");
    return said.isBlank() ? root.getClass().getSimpleName() : said;
  }

  /** When the process ends, nobody waits for folds: what they write is whole or not there. */
  private void end(ExecutorService threads) {
    threads.shutdownNow();
    if (ShutdownHookManager.get().isShutdownInProgress()) {
      return;
    }
    Duration patience = WorkerLoss.patience(grace);
    Duration rest = grace.minus(patience);
    try (Notice unused =
        Notice.after(
            patience,
            FoldQueue.class,
            () ->
                "folds to end, as they were told to; giving up in %d s"
                    .formatted(rest.toSeconds()))) {
      if (!threads.awaitTermination(grace.toMillis(), TimeUnit.MILLISECONDS)) {
        LOG.warn("folds still run {} s after they were told to end", grace.toSeconds());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
