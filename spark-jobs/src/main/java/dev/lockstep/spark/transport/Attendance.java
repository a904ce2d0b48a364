package dev.lockstep.spark.transport;

import dev.lockstep.config.WorkerLoss;
import dev.lockstep.coordinator.Directive;
import dev.lockstep.coordinator.GangState;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * Who of the gang is there. Says once of every worker that is waited for who it is and until when,
 * takes silent ones and those that compute nothing for dead, and ends the run when one stays away
 * for too long. Safe for use by many threads.
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
    private volatile long advances;
    private volatile long advanced;

    /** Whether the connection has ended; guarded by the attendance. */
    private boolean gone;

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
    private long attempt = -1;
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

  /**
   * A worker has taken its place, perhaps from an earlier attempt. If a later one has taken it
   * meanwhile, nothing changes; if its connection has ended meanwhile, it is lost at once.
   */
  synchronized void joined(int rank, Presence presence) {
    Row row = rows[rank];
    if (presence.attempt < row.attempt) {
      return;
    }
    presence.heard = nanoTime.getAsLong();
    presence.advanced = presence.heard;
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
    if (presence.gone && !row.finished) {
      lose(rank, "its connection has ended");
    }
  }

  /** A byte has come from the worker. */
  void heard(Presence presence) {
    presence.heard = nanoTime.getAsLong();
  }

  /** The worker has computed so many batches since it joined. */
  void advanced(Presence presence, long advances) {
    if (presence.advances != advances) {
      presence.advances = advances;
      presence.advanced = nanoTime.getAsLong();
    }
  }

  /** The worker's connection has ended. */
  synchronized void lost(int rank, Presence presence) {
    presence.gone = true;
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
  synchronized void asked(int rank, Presence presence, Directive directive) {
    Row row = rows[rank];
    if (row.presence == presence) {
      row.asked = directive;
      row.askedSince = nanoTime.getAsLong();
      row.slownessSaid = false;
    }
  }

  /** The worker has done what it was told. */
  synchronized void answered(int rank, Presence presence) {
    if (rows[rank].presence == presence) {
      rows[rank].asked = null;
    }
  }

  /** The worker has been told that training is over. */
  synchronized void finish(int rank) {
    rows[rank].finished = true;
  }

  /** Looks who is missing; to be called every second or so. */
  void check() {
    takeForDead().forEach(dead -> dead.disconnect.run());
  }

  /** Whom to disconnect, which takes time that nobody must wait for. */
  private synchronized List<Presence> takeForDead() {
    List<Presence> dead = new ArrayList<>();
    for (int rank = 0; rank < rows.length; rank++) {
      Row row = rows[rank];
      if (row.finished) {
        continue;
      }
      if (row.presence == null) {
        checkAbsent(rank, row);
      } else {
        checkPresent(rank, row).ifPresent(dead::add);
      }
    }
    return dead;
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

  /** The worker, if it is taken for dead. */
  private Optional<Presence> checkPresent(int rank, Row row) {
    Presence presence = row.presence;
    Duration silence = since(presence.heard);
    if (silence.compareTo(settings.workerTimeout()) > 0) {
      lose(
          rank,
          "not a byte came from it for %d s (training.workerTimeout)"
              .formatted(silence.toSeconds()));
      return Optional.of(presence);
    }
    if (row.asked == null) {
      return Optional.empty();
    }
    Duration asked = since(row.askedSince);
    Duration stuck =
        asked.compareTo(since(presence.advanced)) < 0 ? asked : since(presence.advanced);
    if (stuck.compareTo(settings.stepTimeout()) > 0) {
      lose(
          rank,
          "its process lives, but it has not computed a batch for %d s (training.stepTimeout) of %s"
              .formatted(stuck.toSeconds(), row.asked));
      return Optional.of(presence);
    }
    if (asked.compareTo(settings.answerPatience()) > 0 && !row.slownessSaid) {
      row.slownessSaid = true;
      log.accept(
          "waiting since %d s for worker of rank %d, %s, to hand in %s; the run takes it for dead after %d s without a byte, or %d s without a batch computed"
              .formatted(
                  asked.toSeconds(),
                  rank,
                  presence,
                  row.asked,
                  settings.workerTimeout().toSeconds(),
                  settings.stepTimeout().toSeconds()));
    }
    return Optional.empty();
  }

  private Duration since(long then) {
    return Duration.ofNanos(nanoTime.getAsLong() - then);
  }
}
