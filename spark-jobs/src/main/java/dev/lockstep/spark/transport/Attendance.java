package dev.lockstep.spark.transport;

import dev.lockstep.config.WorkerLoss;
import dev.lockstep.coordinator.Directive;
import dev.lockstep.coordinator.GangState;
import java.time.Duration;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * Who of the gang is there. Says once of every worker that is waited for who it is and until when,
 * takes silent ones for dead, and ends the run when one stays away for too long. Safe for use by
 * many threads.
 */
final class Attendance {
  private final WorkerLoss settings;
  private final WorkerTasks tasks;
  private final Supplier<GangState> gang;
  private final LongSupplier nanoTime;
  private final Consumer<String> log;
  private final Consumer<RuntimeException> abort;
  private final Row[] rows;

  /**
   * The attendance of a gang that nobody has joined yet.
   *
   * @param tasks knows where the workers run
   * @param gang tells how far the training is
   * @param nanoTime the clock
   * @param log is told what an operator should know
   * @param abort is told why the run must end
   */
  Attendance(
      WorkerLoss settings,
      WorkerTasks tasks,
      Supplier<GangState> gang,
      LongSupplier nanoTime,
      Consumer<String> log,
      Consumer<RuntimeException> abort) {
    this.settings = settings;
    this.tasks = tasks;
    this.gang = gang;
    this.nanoTime = nanoTime;
    this.log = log;
    this.abort = abort;
    this.rows =
        Stream.generate(() -> new Row(nanoTime.getAsLong()))
            .limit(gang.get().workers().size())
            .toArray(Row[]::new);
  }

  /** A worker that is connected. */
  static final class Presence {
    private final String host;
    private final long attempt;
    private final Runnable disconnect;
    private volatile long heard;

    /**
     * The given attempt of a worker, on {@code host}.
     *
     * @param disconnect ends its connection
     */
    Presence(String host, long attempt, Runnable disconnect) {
      this.host = host;
      this.attempt = attempt;
      this.disconnect = disconnect;
    }

    @Override
    public String toString() {
      return "attempt %d on %s".formatted(attempt, host);
    }
  }

  private static final class Row {
    private Presence presence;
    private long attempt;
    private String lastSeen = "it has not joined yet";
    private long absentSince;
    private Directive asked;
    private long askedSince;
    private boolean seen;
    private boolean absenceSaid;
    private boolean slownessSaid;
    private boolean finished;

    private Row(long now) {
      absentSince = now;
    }
  }

  /** Whether a worker of this rank is there. */
  synchronized boolean taken(int rank) {
    return rows[rank].presence != null;
  }

  /** A speculative copy of a worker that is there waits for its place. */
  void standsBy(int rank, Presence copy) {
    log.accept("a speculative copy of the worker of rank %d stands by: %s".formatted(rank, copy));
  }

  /** Whether training is over for this rank. */
  synchronized boolean finished(int rank) {
    return rows[rank].finished;
  }

  /** The attempt that has the place of this rank, or had it last. */
  synchronized long attempt(int rank) {
    return rows[rank].attempt;
  }

  /** A worker has taken its place, perhaps from an earlier attempt. */
  synchronized void joined(int rank, Presence presence) {
    Row row = rows[rank];
    presence.heard = nanoTime.getAsLong();
    if (row.absenceSaid || row.seen) {
      log.accept(
          "worker of rank %d %s at step %d: %s"
              .formatted(rank, row.seen ? "is back" : "has come", gang.get().step(), presence));
    }
    row.presence = presence;
    row.attempt = presence.attempt;
    row.seen = true;
    row.absenceSaid = false;
    row.lastSeen = "it was " + presence;
  }

  /** A byte has come from the worker. */
  void heard(Presence presence) {
    presence.heard = nanoTime.getAsLong();
  }

  /** The worker's connection has ended. */
  synchronized void lost(int rank, Presence presence) {
    if (rows[rank].presence == presence && !rows[rank].finished) {
      lose(rank, "its connection has ended");
    }
  }

  private void lose(int rank, String how) {
    Row row = rows[rank];
    row.presence = null;
    row.absentSince = nanoTime.getAsLong();
    row.asked = null;
    String what =
        "worker of rank %d is lost at step %d: %s (%s)"
            .formatted(rank, gang.get().step(), how, row.lastSeen);
    if (settings.reaction() == WorkerLoss.Reaction.FAIL) {
      abort.accept(
          new IllegalStateException(what + "; training.onWorkerLoss is fail, so the run ends"));
    } else {
      log.accept(
          what
              + "; the run waits up to %d s for Spark to run it again"
                  .formatted(settings.replacementTimeout().toSeconds()));
    }
  }

  /** The worker has been told what to do. */
  synchronized void asked(int rank, Directive directive) {
    rows[rank].asked = directive;
    rows[rank].askedSince = nanoTime.getAsLong();
  }

  /** The worker has done what it was told. */
  synchronized void answered(int rank) {
    rows[rank].asked = null;
  }

  /** The worker has been told that training is over. */
  synchronized void finish(int rank) {
    rows[rank].finished = true;
  }

  /** Looks who is missing; to be called every second or so. */
  synchronized void check() {
    for (int rank = 0; rank < rows.length; rank++) {
      Row row = rows[rank];
      if (row.finished) {
        continue;
      }
      if (row.presence == null) {
        checkAbsent(rank, row);
      } else {
        checkPresent(rank, row);
      }
    }
  }

  private void checkAbsent(int rank, Row row) {
    Duration absent = since(row.absentSince);
    Duration timeout = settings.replacementTimeout();
    if (absent.compareTo(timeout) > 0) {
      abort.accept(
          new IllegalStateException(
              "worker of rank %d did not come within %d s (training.replacementTimeout): %s; %s"
                  .formatted(rank, timeout.toSeconds(), row.lastSeen, tasks.whereabouts(rank))));
    } else if (absent.compareTo(WorkerLoss.patience(timeout)) > 0 && !row.absenceSaid) {
      row.absenceSaid = true;
      log.accept(
          "waiting since %d s for worker of rank %d: %s; %s; the run gives up in %d s"
              .formatted(
                  absent.toSeconds(),
                  rank,
                  row.lastSeen,
                  tasks.whereabouts(rank),
                  timeout.minus(absent).toSeconds()));
    }
  }

  private void checkPresent(int rank, Row row) {
    Duration silence = since(row.presence.heard);
    Duration timeout = settings.workerTimeout();
    if (silence.compareTo(timeout) > 0) {
      row.presence.disconnect.run();
      lose(
          rank,
          "not a byte came from it for %d s (training.workerTimeout)"
              .formatted(silence.toSeconds()));
    } else if (row.asked != null
        && !row.slownessSaid
        && since(row.askedSince).compareTo(WorkerLoss.patience(timeout)) > 0) {
      row.slownessSaid = true;
      log.accept(
          "waiting since %d s for worker of rank %d, %s, to answer %s; the run waits as long as it lives, and takes it for dead after %d s without a byte"
              .formatted(
                  since(row.askedSince).toSeconds(),
                  rank,
                  row.presence,
                  row.asked,
                  timeout.toSeconds()));
    }
  }

  private Duration since(long then) {
    return Duration.ofNanos(nanoTime.getAsLong() - then);
  }
}
