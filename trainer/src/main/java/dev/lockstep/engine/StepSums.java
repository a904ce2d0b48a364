package dev.lockstep.engine;

/**
 * What one worker counted while it computed its part of a step: sums, never averages, so that they
 * can be added over workers. Reused from step to step; belongs to one thread.
 */
public final class StepSums {
  private double loss;
  private long hits;
  private long examples;

  /** Forgets everything. */
  public void clear() {
    loss = 0;
    hits = 0;
    examples = 0;
  }

  /**
   * Takes over what was counted in another process.
   *
   * @throws IllegalArgumentException if there are fewer examples than hits, or fewer than none
   */
  public void set(double lossSum, long hitCount, long exampleCount) {
    if (hitCount < 0 || exampleCount < hitCount) {
      throw new IllegalArgumentException(
          "%d hits among %d examples, but hits must be from 0 to the number of examples"
              .formatted(hitCount, exampleCount));
    }
    loss = lossSum;
    hits = hitCount;
    examples = exampleCount;
  }

  /** Adds one example: its loss times its weight, and whether its class was predicted. */
  public void add(double lossOfExample, boolean hit) {
    loss += lossOfExample;
    hits += hit ? 1 : 0;
    examples++;
  }

  /** Adds all of {@code other}. */
  public void add(StepSums other) {
    loss += other.loss;
    hits += other.hits;
    examples += other.examples;
  }

  /** Sum of the examples' losses times their weights, without any L1/L2 term. */
  public double loss() {
    return loss;
  }

  /** How many examples were predicted right. */
  public long hits() {
    return hits;
  }

  /** How many examples there were. */
  public long examples() {
    return examples;
  }
}
