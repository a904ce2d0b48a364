package dev.lockstep.spark.job;

import dev.lockstep.config.WorkerLoss;
import dev.lockstep.coordinator.CheckpointSchedule;
import dev.lockstep.coordinator.Position;
import dev.lockstep.coordinator.TrainingResult;
import dev.lockstep.coordinator.TrainingState;
import dev.lockstep.spark.gang.Gang;
import dev.lockstep.spark.gang.Notice;
import dev.lockstep.spark.registry.LeaseException;
import dev.lockstep.spark.storage.Location;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.apache.hadoop.util.ShutdownHookManager;
import org.apache.spark.api.java.JavaSparkContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A gang whose state a thread of its own writes while training goes on, and once more when training
 * ends before its time.
 */
final class CheckpointedGang {
  private static final Logger LOG = LoggerFactory.getLogger(CheckpointedGang.class);

  private final Gang gang;
  private final Checkpoints checkpoints;
  private final CheckpointSchedule schedule;
  private final Location run;
  private final ExecutorService writing =
      Executors.newSingleThreadExecutor(
          task -> {
            Thread thread = new Thread(task, "lockstep-checkpoints");
            thread.setDaemon(true);
            return thread;
          });

  /** The position of the newest checkpoint. Handed from thread to thread by {@code writing}. */
  private Optional<Position> newest;

  /**
   * Has {@code gang} checkpointed.
   *
   * @param start where it starts, if from a checkpoint
   * @param run the run directory
   */
  CheckpointedGang(
      Gang gang,
      Checkpoints checkpoints,
      CheckpointSchedule schedule,
      Optional<Position> start,
      Location run) {
    this.gang = gang;
    this.checkpoints = checkpoints;
    this.schedule = schedule;
    this.newest = start;
    this.run = run;
    gang.checkpoint(schedule, writing, this::write);
  }

  /**
   * Runs the gang until training ends and every checkpoint is written.
   *
   * @throws StoppedException if training ends before its time, but has a checkpoint
   */
  TrainingResult run(JavaSparkContext spark) {
    try {
      return gang.run(spark);
    } catch (RuntimeException e) {
      awaitWriting();
      if (e.getCause() instanceof LeaseException) {
        throw e; // Whoever has taken the run over has the checkpoints now.
      }
      writeLast();
      throw newest.<RuntimeException>map(position -> stopped(position, e)).orElse(e);
    } finally {
      awaitWriting();
    }
  }

  private void awaitWriting() {
    writing.shutdown();
    Duration patience = WorkerLoss.patience(run.patience().timeout());
    try (Notice unused =
        Notice.after(
            patience,
            CheckpointedGang.class,
            () ->
                "a checkpoint to be written to %s; giving up when its file system leaves one operation unanswered for %d s (spark.lockstep.storageTimeout)"
                    .formatted(run, run.patience().timeout().toSeconds()))) {
      writing.awaitTermination(Long.MAX_VALUE, TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void write(TrainingState state) {
    Position position = state.position();
    long started = System.nanoTime();
    try {
      checkpoints.write(state, schedule.keep());
      newest = Optional.of(position);
      LOG.debug(
          "checkpoint after {} epochs and {} steps, written in {} ms",
          position.epoch(),
          position.step(),
          TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - started));
    } catch (IOException | RuntimeException e) {
      LOG.warn(
          "the checkpoint after {} epochs and {} steps cannot be written to {}: {}",
          position.epoch(),
          position.step(),
          run,
          e.toString());
    }
  }

  /** What has made no step since the last checkpoint needs no other. */
  private void writeLast() {
    try {
      gang.lastState()
          .filter(state -> state.position().step() > newest.map(Position::step).orElse(0L))
          .ifPresent(this::write);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (OutOfMemoryError e) {
      LOG.warn("no memory is left for a last checkpoint: {}", e.getMessage());
    }
  }

  /** A process that is told to end may not live to print an exception. */
  private StoppedException stopped(Position at, RuntimeException cause) {
    String message =
        "a checkpoint holds its state after %d epochs and %d steps; to go on from there: lockstep train --resume %s"
            .formatted(at.epoch(), at.step(), run);
    boolean ending = ShutdownHookManager.get().isShutdownInProgress();
    if (ending) {
      LOG.warn("interrupted; {}", message);
    }
    return new StoppedException(message, cause, ending);
  }
}
