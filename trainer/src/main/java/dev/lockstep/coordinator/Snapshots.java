package dev.lockstep.coordinator;

import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

/**
 * Copies a training's state between two rounds, when it is due, into memory that was allocated
 * before, and has it written by another thread while training goes on. One that falls due while the
 * one before is still being written is taken as soon as that is done.
 *
 * <p>Guarded by the coordinator, save what the writing thread does.
 */
final class Snapshots {
  private final CheckpointSchedule schedule;
  private final Executor executor;
  private final Consumer<TrainingState> writer;
  private final TrainingState room;
  private int epochs;
  private long steps;
  private boolean due;
  private volatile boolean writing;

  /** Snapshots into {@code room}, of a training that starts from the position it has. */
  Snapshots(
      CheckpointSchedule schedule,
      Executor executor,
      Consumer<TrainingState> writer,
      TrainingState room) {
    this.schedule = schedule;
    this.executor = executor;
    this.writer = writer;
    this.room = room;
    this.epochs = room.position().epoch();
    this.steps = room.position().step();
  }

  /**
   * Takes a snapshot if one is due.
   *
   * @param copy fills the room with the state that the training has now
   */
  void offer(Progression progression, UnaryOperator<TrainingState> copy) {
    due |= schedule.isDue(epochs, progression.epoch(), steps, progression.step());
    epochs = progression.epoch();
    steps = progression.step();
    if (due && !writing) {
      due = false;
      writing = true;
      TrainingState state = copy.apply(room);
      executor.execute(() -> write(state));
    }
  }

  private void write(TrainingState state) {
    try {
      writer.accept(state);
    } finally {
      writing = false;
    }
  }
}
