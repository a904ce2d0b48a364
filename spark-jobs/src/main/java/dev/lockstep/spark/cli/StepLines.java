package dev.lockstep.spark.cli;

import dev.lockstep.coordinator.Progress;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/** Steps as lines, one every few seconds, for logs and pipes. */
final class StepLines implements StepDisplay {
  private static final long INTERVAL_NANOS = TimeUnit.SECONDS.toNanos(5);

  private final Consumer<String> log;
  private final LongSupplier nanoTime;
  private long last;

  /** Lines to {@code log}, by the clock {@code nanoTime}. */
  StepLines(Consumer<String> log, LongSupplier nanoTime) {
    this.log = log;
    this.nanoTime = nanoTime;
    this.last = nanoTime.getAsLong();
  }

  @Override
  public void show(Progress progress) {
    long now = nanoTime.getAsLong();
    if (now - last >= INTERVAL_NANOS) {
      last = now;
      log.accept(
          "epoch %d/%d, step %d/%d, %s"
              .formatted(
                  progress.epoch(),
                  progress.epochs(),
                  progress.batch(),
                  progress.batches(),
                  StepDisplay.pace(progress)));
    }
  }

  @Override
  public void clear() {
    // A line that is printed stays.
  }
}
