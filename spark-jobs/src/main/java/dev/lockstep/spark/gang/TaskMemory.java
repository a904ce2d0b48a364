package dev.lockstep.spark.gang;

import java.util.function.Supplier;

/**
 * What becomes of a task for which its process has no memory left. Spark would end the whole
 * process at its {@link OutOfMemoryError}, even where that is a cause.
 */
public final class TaskMemory {
  private TaskMemory() {}

  /**
   * What {@code work} gives.
   *
   * @param who works, as errors call it
   * @throws IllegalStateException if there is no memory for it
   */
  public static <T> T guard(String who, Supplier<T> work) {
    try {
      return work.get();
    } catch (OutOfMemoryError e) {
      throw exhausted(who, e);
    }
  }

  /** The error that says so, with what can be done. */
  static IllegalStateException exhausted(String who, OutOfMemoryError error) {
    return new IllegalStateException(
        "%s: %s; use smaller batches, or give the process more memory"
            .formatted(who, error.getMessage()));
  }
}
