package dev.lockstep.engine;

import dev.lockstep.random.CounterRandom;

/**
 * The random draws of one step's dropout: a pure function of (seed, step, the example's place in
 * the batch, layer), so that every engine, every number of workers and every retry draws the same.
 */
final class StepDraws {
  private static final long DROPOUT = 3;

  private final long seed;
  private long stepKey;

  StepDraws(long seed) {
    this.seed = CounterRandom.key(seed, DROPOUT);
  }

  /** Turns to {@code step}. */
  void open(long step) {
    stepKey = CounterRandom.key(seed, step);
  }

  /**
   * The key of the 32-bit stream ({@link CounterRandom#bits}) whose draw e decides on element e of
   * an example's input to {@code layer}.
   *
   * @param layer number in DL4J's list of layers, from 0
   * @param place the example's place in the whole batch
   */
  int key(int layer, int place) {
    return (int) (CounterRandom.key(stepKey, layer, place) >>> 32);
  }
}
