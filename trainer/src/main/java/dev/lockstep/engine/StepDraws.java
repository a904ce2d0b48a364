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
   * Writes dropout's factors for one example's inputs to {@code layer}: 0 for the fraction {@code
   * rate} that is dropped, {@code 1 / (1 - rate)} for what is kept (inverted dropout, as Keras).
   */
  void dropout(int layer, int place, double rate, float[] factors, int offset, int length) {
    int key = (int) (CounterRandom.key(stepKey, layer, place) >>> 32);
    int threshold = threshold(rate);
    float kept = (float) (1 / (1 - rate));
    for (int i = 0; i < length; i++) {
      factors[offset + i] = (CounterRandom.bits(key, i) >>> 8) < threshold ? 0f : kept;
    }
  }

  /** The 24-bit draws below this number are dropped. */
  private static int threshold(double rate) {
    return (int) Math.round(rate * (1 << 24));
  }
}
