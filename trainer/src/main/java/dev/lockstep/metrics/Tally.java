package dev.lockstep.metrics;

import java.nio.ByteBuffer;

/**
 * Sums over the predictions on one part of the data, from which metrics are made. The counts are
 * exact whatever the order; the sums of losses and of squared errors are doubles, so that parts
 * must be added in a fixed order (examples in theirs, workers by rank) to give the same bits.
 *
 * <p>Not thread-safe.
 */
public final class Tally {
  private static final int MOST_CLASSES = 1 << 12;

  private final int classes;
  private final long[] confusion;
  private long examples;
  private double lossSum;
  private double squaredErrorSum;

  /**
   * A tally of nothing yet.
   *
   * @param classes 1 to 4096
   * @throws IllegalArgumentException if {@code classes} is out of range
   */
  public Tally(int classes) {
    checkClasses(classes);
    this.classes = classes;
    this.confusion = new long[classes * classes];
  }

  /**
   * Adds one example.
   *
   * @param label its class
   * @param predicted the class it was predicted as
   * @param loss its loss, times its weight if it has one, without penalties on weights
   * @param squaredError the mean over the network's outputs of the squared difference to the target
   *     (Keras' {@code mean_squared_error} of one example)
   * @throws IllegalArgumentException if a class is not from 0 to {@code classes - 1}
   */
  public void add(int label, int predicted, double loss, double squaredError) {
    if (label < 0 || label >= classes || predicted < 0 || predicted >= classes) {
      throw new IllegalArgumentException(
          "label %d, predicted %d, but classes are 0 to %d"
              .formatted(label, predicted, classes - 1));
    }
    confusion[label * classes + predicted]++;
    examples++;
    lossSum += loss;
    squaredErrorSum += squaredError;
  }

  /**
   * Adds the examples of {@code other}.
   *
   * @throws IllegalArgumentException if it has other classes
   */
  public void add(Tally other) {
    if (other.classes != classes) {
      throw new IllegalArgumentException(
          "a tally of %d classes cannot be added to one of %d".formatted(other.classes, classes));
    }
    for (int i = 0; i < confusion.length; i++) {
      confusion[i] += other.confusion[i];
    }
    examples += other.examples;
    lossSum += other.lossSum;
    squaredErrorSum += other.squaredErrorSum;
  }

  /** How many classes there are. */
  public int classes() {
    return classes;
  }

  /** How many examples were added. */
  public long examples() {
    return examples;
  }

  /** The sum of their losses. */
  public double lossSum() {
    return lossSum;
  }

  /** The sum of their squared errors. */
  public double squaredErrorSum() {
    return squaredErrorSum;
  }

  /** Which classes were predicted as which. */
  public ConfusionMatrix confusion() {
    return new ConfusionMatrix(classes, confusion);
  }

  /**
   * The metrics of all examples added so far.
   *
   * @throws IllegalStateException if there is none, for which no metric is defined
   */
  public Metrics metrics() {
    if (examples == 0) {
      throw new IllegalStateException("no example was tallied, so there are no metrics");
    }
    ConfusionMatrix matrix = confusion();
    return new Metrics(
        examples, matrix.accuracy(), lossSum / examples, squaredErrorSum / examples, matrix);
  }

  /**
   * How many bytes {@link #encode} writes for {@code classes} classes.
   *
   * @throws IllegalArgumentException if {@code classes} is out of range
   */
  public static int encodedLength(int classes) {
    checkClasses(classes);
    return Double.BYTES * 2 + Long.BYTES * classes * classes;
  }

  /**
   * Writes the sum of losses, the sum of squared errors, and the counts row by row, each in 8 bytes
   * in the order of {@code target}.
   *
   * @throws java.nio.BufferOverflowException if fewer than {@link #encodedLength} bytes remain
   */
  public void encode(ByteBuffer target) {
    target.putDouble(lossSum).putDouble(squaredErrorSum);
    for (long count : confusion) {
      target.putLong(count);
    }
  }

  /**
   * Reads what {@link #encode} wrote in the same byte order.
   *
   * @param classes how many classes the tally must have
   * @throws IllegalArgumentException if too few bytes remain, a count is negative, the counts add
   *     up to more than a long, or a sum of squared errors is negative
   */
  public static Tally decode(ByteBuffer source, int classes) {
    int length = encodedLength(classes);
    if (source.remaining() < length) {
      throw new IllegalArgumentException(
          "%d bytes are left but a tally of %d classes has %d"
              .formatted(source.remaining(), classes, length));
    }
    Tally tally = new Tally(classes);
    tally.lossSum = source.getDouble();
    tally.squaredErrorSum = source.getDouble();
    if (tally.squaredErrorSum < 0) {
      throw new IllegalArgumentException(
          "the sum of squared errors is " + tally.squaredErrorSum + " but cannot be negative");
    }
    for (int i = 0; i < tally.confusion.length; i++) {
      long count = source.getLong();
      if (count < 0 || tally.examples + count < 0) {
        throw new IllegalArgumentException(
            "count %d is %d after a total of %d, which no tally can have"
                .formatted(i, count, tally.examples));
      }
      tally.confusion[i] = count;
      tally.examples += count;
    }
    return tally;
  }

  private static void checkClasses(int classes) {
    if (classes < 1 || classes > MOST_CLASSES) {
      throw new IllegalArgumentException(
          "classes is " + classes + " but must be from 1 to " + MOST_CLASSES);
    }
  }
}
