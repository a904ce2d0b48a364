package dev.lockstep.spark.gang;

import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import java.util.function.Supplier;

/**
 * The trainings that tasks of this JVM work on: one for all tasks of a run, given up with the last
 * of them. Safe for use by many threads.
 */
final class SharedTrainings {
  private static final Map<UUID, SharedTrainings> RUNS = new HashMap<>();

  private Training training;
  private int leases;

  private SharedTrainings() {}

  /**
   * A task's share of a training, to be closed at the task's end.
   *
   * @param run whose training it is
   */
  record Lease(UUID run, Training training) implements AutoCloseable {
    @Override
    public void close() {
      release(run);
    }
  }

  /** The training of {@code run}, which {@code making} makes if no other task has. */
  static Lease lease(UUID run, Supplier<Training> making) {
    SharedTrainings shared;
    synchronized (RUNS) {
      shared = RUNS.computeIfAbsent(run, key -> new SharedTrainings());
      shared.leases++;
    }
    try {
      return new Lease(run, shared.make(making));
    } catch (RuntimeException | Error e) {
      release(run);
      throw e;
    }
  }

  private synchronized Training make(Supplier<Training> making) {
    if (training == null) {
      training = making.get();
    }
    return training;
  }

  private static void release(UUID run) {
    synchronized (RUNS) {
      RUNS.computeIfPresent(run, (key, shared) -> --shared.leases == 0 ? null : shared);
    }
  }
}
