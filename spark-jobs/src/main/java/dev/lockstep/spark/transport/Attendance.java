package dev.lockstep.spark.transport;

import dev.lockstep.coordinator.Directive;
import dev.lockstep.spark.transport.TransportSettings.OnWorkerLoss;
import java.time.Duration;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.stream.Stream;

/**
 * Who of the gang is there. Says once of every worker that is waited for who it is and until when,
 * takes silent ones for dead, and ends the run when one stays away for too long. Safe for use by
 * many threads.
 */
final class Attendance {
  /** Whoever waits longer says so. */
  static final Duration PATIENCE = Duration.ofSeconds(10);

  private final TransportSettings settings;
  private final LongSupplier nanoTime;
  private final Consumer<String> log;
  private final Consumer<RuntimeException> abort;
  private final Row[] rows;

  /**
   * The attendance of a gang that nobody has joined yet.
   *
   * @param nanoTime the clock
   * @param log is told what an operator should know
   * @param abort is told why the run must end
   */
  Attendance(
      int workers,
      TransportSettings settings,
      LongSupplier nanoTime,
      Consumer<String> log,
      Consumer<RuntimeException> abort) {
    this.settings = settings;
    this.nanoTime = nanoTime;
    this.log = log;
    this.abort = abort;
    this.rows =
        Stream.generate(() -> new Row(nanoTime.getAsLong())).limit(workers).toArray(Row[]::new);
  }

  /** A worker that is connected. */
  static final class Presence {
    private final String host;
    private final Runnable disconnect;
    private volatile long heard;

    /**
     * A worker on {@code host}.
     *
     * @param disconnect ends its connection
     */
    Presence(String host, Runnable disconnect) {
      this.host = host;
      this.disconnect = disconnect;
    }
  }

  private static final class Row {
    private Presence presence;
    private String lastSeen = "it has not joined yet; are there enough executors?";
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

  /** A worker has taken its place, perhaps from an earlier attempt. */
  synchronized void joined(int rank, Presence presence) {
    Row row = rows[rank];
    presence.heard = nanoTime.getAsLong();
    if (row.absenceSaid || row.seen) {
      log.accept(
          "worker of rank %d %s, on %s"
              .formatted(rank, row.seen ? "is back" : "has come", presence.host));
    }
    row.presence = presence;
    row.seen = true;
    row.absenceSaid = false;
    row.lastSeen = "it was on " + presence.host;
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
    String what = "worker of rank %d is lost: %s (%s)".formatted(rank, how, row.lastSeen);
    if (settings.onWorkerLoss() == OnWorkerLoss.FAIL) {
      abort.accept(
          new IllegalStateException(
              what + "; spark.lockstep.onWorkerLoss is fail, so the run ends"));
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
  synchronized void finished(int rank) {
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
    if (absent.compareTo(settings.replacementTimeout()) > 0) {
      abort.accept(
          new IllegalStateException(
              "worker of rank %d did not come within %d s (spark.lockstep.replacementTimeout): %s"
                  .formatted(rank, settings.replacementTimeout().toSeconds(), row.lastSeen)));
    } else if (absent.compareTo(PATIENCE) > 0 && !row.absenceSaid) {
      row.absenceSaid = true;
      log.accept(
          "waiting since %d s for worker of rank %d: %s; the run gives up in %d s"
              .formatted(
                  absent.toSeconds(),
                  rank,
                  row.lastSeen,
                  settings.replacementTimeout().minus(absent).toSeconds()));
    }
  }

  private void checkPresent(int rank, Row row) {
    Duration silence = since(row.presence.heard);
    if (silence.compareTo(settings.silenceTimeout()) > 0) {
      row.presence.disconnect.run();
      lose(
          rank,
          "not a byte came from it for %d s (spark.lockstep.silenceTimeout)"
              .formatted(silence.toSeconds()));
    } else if (row.asked != null
        && !row.slownessSaid
        && since(row.askedSince).compareTo(PATIENCE) > 0) {
      row.slownessSaid = true;
      log.accept(
          "waiting since %d s for worker of rank %d on %s to answer %s; it lives, and the run waits as long as it does"
              .formatted(since(row.askedSince).toSeconds(), rank, row.presence.host, row.asked));
    }
  }

  private Duration since(long then) {
    return Duration.ofNanos(nanoTime.getAsLong() - then);
  }
}
