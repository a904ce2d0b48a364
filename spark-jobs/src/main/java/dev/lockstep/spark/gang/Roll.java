package dev.lockstep.spark.gang;

import dev.lockstep.config.WorkerLoss;
import dev.lockstep.coordinator.Directive;
import dev.lockstep.coordinator.Directive.Finish;
import dev.lockstep.coordinator.GangState;
import dev.lockstep.coordinator.GangState.WorkerState;
import dev.lockstep.spark.transport.WorkerTasks;
import java.time.Duration;
import java.util.Arrays;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * Which workers of the driver's own JVM are waited for, who have no connection that could end. Says
 * so once of each, and ends the run when one stays away, or computes nothing, for too long. Belongs
 * to one thread.
 */
final class Roll {
  private final WorkerLoss workerLoss;
  private final WorkerTasks tasks;
  private final Supplier<GangState> gang;
  private final LongSupplier nanoTime;
  private final Consumer<String> log;
  private final Consumer<RuntimeException> abort;
  private final Row[] rows;

  /**
   * The roll of a gang.
   *
   * @param tasks in which the workers run
   * @param gang tells how it is
   * @param nanoTime the clock
   * @param log is told what an operator should know
   * @param abort is told why the run must end
   */
  Roll(
      WorkerLoss workerLoss,
      WorkerTasks tasks,
      Supplier<GangState> gang,
      LongSupplier nanoTime,
      Consumer<String> log,
      Consumer<RuntimeException> abort) {
    this.workerLoss = workerLoss;
    this.tasks = tasks;
    this.gang = gang;
    this.nanoTime = nanoTime;
    this.log = log;
    this.abort = abort;
    this.rows = Stream.generate(Row::new).limit(gang.get().workers().size()).toArray(Row[]::new);
    Arrays.stream(rows).forEach(row -> row.restart(nanoTime.getAsLong()));
  }

  private static final class Row {
    private WorkerState state = WorkerState.ABSENT;
    private Directive asked;
    private long since;
    private long advances;
    private long advanced;
    private boolean absenceSaid;
    private boolean slownessSaid;

    private void restart(long now) {
      since = now;
      advanced = now;
      slownessSaid = false;
    }
  }

  /** Looks who is waited for; to be called every second or so. */
  void check() {
    GangState now = gang.get();
    if (now.directive() instanceof Finish) {
      return;
    }
    for (int rank = 0; rank < rows.length; rank++) {
      Row row = rows[rank];
      note(rank, row, now);
      Duration waited = Duration.ofNanos(nanoTime.getAsLong() - row.since);
      if (row.state == WorkerState.ABSENT) {
        checkAbsent(rank, row, waited);
      } else if (row.state == WorkerState.COMPUTING) {
        checkComputing(rank, row, waited, now.directive());
      }
    }
  }

  private void note(int rank, Row row, GangState now) {
    WorkerState state = now.workers().get(rank);
    if (row.state != state || !now.directive().equals(row.asked)) {
      if (row.absenceSaid && state != WorkerState.ABSENT) {
        log.accept(
            "worker of rank %d has come at step %d: %s"
                .formatted(rank, now.step(), tasks.whereabouts(rank)));
        row.absenceSaid = false;
      }
      row.state = state;
      row.asked = now.directive();
      row.restart(nanoTime.getAsLong());
    }
    long advances = now.advances().get(rank);
    if (row.advances != advances) {
      row.advances = advances;
      row.advanced = nanoTime.getAsLong();
    }
  }

  private void checkAbsent(int rank, Row row, Duration waited) {
    Duration timeout = workerLoss.replacementTimeout();
    if (waited.compareTo(timeout) > 0) {
      abort.accept(
          new IllegalStateException(
              "worker of rank %d did not come within %d s (training.replacementTimeout): %s"
                  .formatted(rank, timeout.toSeconds(), tasks.whereabouts(rank))));
    } else if (waited.compareTo(WorkerLoss.patience(timeout)) > 0 && !row.absenceSaid) {
      row.absenceSaid = true;
      log.accept(
          "waiting since %d s for worker of rank %d: %s; the run gives up in %d s"
              .formatted(
                  waited.toSeconds(),
                  rank,
                  tasks.whereabouts(rank),
                  timeout.minus(waited).toSeconds()));
    }
  }

  private void checkComputing(int rank, Row row, Duration waited, Directive asked) {
    Duration stuck = Duration.ofNanos(nanoTime.getAsLong() - row.advanced);
    Duration timeout = workerLoss.stepTimeout();
    if (stuck.compareTo(timeout) > 0) {
      abort.accept(
          new IllegalStateException(
              "worker of rank %d has not computed a batch for %d s (training.stepTimeout) of %s; it is a thread of this process, which no other can replace"
                  .formatted(rank, stuck.toSeconds(), asked)));
    } else if (waited.compareTo(workerLoss.answerPatience()) > 0 && !row.slownessSaid) {
      row.slownessSaid = true;
      log.accept(
          "waiting since %d s for worker of rank %d to hand in %s; it is a thread of this process, and the run ends after %d s without a batch computed"
              .formatted(waited.toSeconds(), rank, asked, timeout.toSeconds()));
    }
  }
}
