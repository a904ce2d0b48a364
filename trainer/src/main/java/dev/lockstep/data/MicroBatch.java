package dev.lockstep.data;

/**
 * The part of a batch that one worker computes: indices of examples, and the place each has in the
 * whole batch (what random draws inside the step are keyed by). Reused from step to step; belongs
 * to one thread.
 */
public final class MicroBatch {
  private final int[] examples;
  private final int[] places;
  private int size;

  /** Room for {@code capacity} examples. */
  public MicroBatch(int capacity) {
    this.examples = new int[capacity];
    this.places = new int[capacity];
  }

  /** How many examples it has now. */
  public int size() {
    return size;
  }

  /** The most it can have. */
  public int capacity() {
    return examples.length;
  }

  /** Index in the data set of example {@code i}. */
  public int example(int i) {
    return examples[i];
  }

  /** Place in the whole batch of example {@code i}. */
  public int place(int i) {
    return places[i];
  }

  /** Removes all examples. */
  public void clear() {
    size = 0;
  }

  /** Adds one example. */
  public void add(int example, int place) {
    examples[size] = example;
    places[size] = place;
    size++;
  }
}
