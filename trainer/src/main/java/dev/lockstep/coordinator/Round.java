package dev.lockstep.coordinator;

import dev.lockstep.coordinator.Block.Scratch;
import dev.lockstep.engine.StepSums;

/**
 * The arithmetic of a round: once all contributions are in, so many tasks, which any threads may
 * run in any order within a phase, all giving the same bits.
 */
sealed interface Round permits GradientUpdate, ParameterAverage {
  /** How long the published vector, and every contribution, is. */
  int vectorLength();

  /** Tasks of one phase; task t belongs to phase {@code t / tasksPerPhase()}. */
  int tasksPerPhase();

  /** Phases, each to be begun when the one before is done. */
  int phases();

  /** A round begins: from now on it is collected in {@code contributions}, in rank order. */
  void collect(Contribution[] contributions);

  /** The round goes on with {@code contributions}, some of which have taken others' places. */
  void replace(Contribution[] contributions);

  /**
   * The first {@code floats} numbers of {@code contribution} have come, and stay for this round:
   * does what can be done with them before all have come. Of one that is not being collected it
   * does nothing. May be called by many threads, each for contributions of its own, until {@link
   * #begin}.
   */
  void received(Contribution contribution, int floats, Scratch scratch);

  /**
   * Prepares the tasks; all contributions have come.
   *
   * @param step number of the (first local) optimizer step, from 0
   * @param round number of the round, from 0
   */
  void begin(long step, long round);

  /** Of the work on the contributions, the part that was done while they were received, 0 to 1. */
  double overlap();

  /** What the contributions counted, in total. */
  StepSums total();

  /** Runs one task. */
  void run(int task, Scratch scratch);

  /** Learning rate of the round that was begun last. */
  double learningRate();

  /** Copies parameters and optimizer state to {@code state}. */
  void save(TrainingState state);

  /** Takes parameters and optimizer state from {@code state}. */
  void restore(TrainingState state);
}
