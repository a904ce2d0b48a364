package dev.lockstep.engine;

import dev.lockstep.data.Augmentation;
import dev.lockstep.data.Examples;
import dev.lockstep.data.MicroBatch;
import dev.lockstep.data.Shape;
import dev.lockstep.random.CounterRandom;
import java.nio.FloatBuffer;

/**
 * Examples laid out for an engine: one row of numbers each, their labels, and their places in the
 * whole batch. Reused from step to step; belongs to one thread.
 */
public final class Batch {
  private final Shape shape;
  private final FloatBuffer features;
  private final float[] row;
  private final float[] augmented;
  private final int[] labels;
  private final float[] weights;
  private final int[] places;
  private final CounterRandom random = new CounterRandom(0);
  private int size;
  private boolean weighted;

  /** Room for {@code capacity} examples of {@code shape}. */
  public Batch(Shape shape, int capacity) {
    this.shape = shape;
    this.features = FloatVector.allocate(Math.multiplyExact(capacity, shape.size()));
    this.row = new float[shape.size()];
    this.augmented = new float[shape.size()];
    this.labels = new int[capacity];
    this.weights = new float[capacity];
    this.places = new int[capacity];
  }

  /** Takes the examples of {@code part} from {@code examples}. */
  public void fill(Examples examples, MicroBatch part) {
    size = part.size();
    weighted = examples.isWeighted();
    for (int i = 0; i < size; i++) {
      put(i, examples, part.example(i), part.place(i));
    }
  }

  /** Takes the examples of {@code part} as {@code augmentation} changes them in {@code step}. */
  public void fill(
      Examples examples, MicroBatch part, Augmentation augmentation, long seed, long step) {
    fill(examples, part);
    if (augmentation.changesImages()) {
      for (int i = 0; i < size; i++) {
        features.get(i * row.length, row);
        random.reopen(Augmentation.key(seed, step, places[i]));
        augmentation.apply(shape, row, random, augmented);
        features.put(i * row.length, augmented);
      }
    }
  }

  /** Takes {@code examples[indices[i]]} for i from {@code from} to {@code to - 1}. */
  public void fill(Examples examples, int[] indices, int from, int to) {
    size = to - from;
    weighted = examples.isWeighted();
    for (int i = 0; i < size; i++) {
      put(i, examples, indices[from + i], i);
    }
  }

  private void put(int i, Examples examples, int example, int place) {
    examples.copy(example, row, 0);
    features.put(i * row.length, row);
    labels[i] = examples.label(example);
    weights[i] = examples.weight(example);
    places[i] = place;
  }

  /** How many examples it has now. */
  public int size() {
    return size;
  }

  /** The most it can have. */
  public int capacity() {
    return labels.length;
  }

  /** The shape of each example. */
  public Shape shape() {
    return shape;
  }

  /** The numbers: {@link #size} rows, in a direct buffer that has room for {@link #capacity}. */
  public FloatBuffer features() {
    return features;
  }

  /** Class of example {@code i}. */
  public int label(int i) {
    return labels[i];
  }

  /** Whether the examples have weights other than 1. */
  boolean isWeighted() {
    return weighted;
  }

  /** What the loss of example {@code i} is multiplied by. */
  public float weight(int i) {
    return weights[i];
  }

  /** Place of example {@code i} in the whole batch. */
  public int place(int i) {
    return places[i];
  }
}
