package dev.lockstep.metrics;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.util.Arrays;
import java.util.function.IntPredicate;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;

/**
 * How often each class was predicted as each: rows are true classes, columns predicted ones. For a
 * class c, true positives are its examples predicted as c, false negatives its other examples,
 * false positives the other classes' examples predicted as c.
 *
 * <p>As in scikit-learn, a quotient without a denominator is 0, and a macro mean is the plain mean
 * over the classes that occur, as true or as predicted class; a class that does not occur at all
 * has no part in it.
 *
 * <p>Immutable and safe for use by many threads.
 */
public final class ConfusionMatrix {
  private final int classes;
  private final long[] counts;

  /**
   * A matrix of {@code classes} rows and columns.
   *
   * @param counts row by row, {@code classes * classes} numbers of at least 0; copied
   * @throws IllegalArgumentException if there are more or fewer, or one is negative
   */
  public ConfusionMatrix(int classes, long[] counts) {
    if (classes < 1 || counts.length != (long) classes * classes) {
      throw new IllegalArgumentException(
          "%d counts for %d classes but there must be classes * classes, and a class"
              .formatted(counts.length, classes));
    }
    for (long count : counts) {
      if (count < 0) {
        throw new IllegalArgumentException("a count is " + count + " but must be at least 0");
      }
    }
    this.classes = classes;
    this.counts = counts.clone();
  }

  /**
   * This matrix and {@code other} together.
   *
   * @throws IllegalArgumentException if it has other classes
   */
  public ConfusionMatrix plus(ConfusionMatrix other) {
    if (other.classes != classes) {
      throw new IllegalArgumentException(
          "a matrix of %d classes cannot be added to one of %d".formatted(other.classes, classes));
    }
    long[] sums = new long[counts.length];
    Arrays.setAll(sums, i -> counts[i] + other.counts[i]);
    return new ConfusionMatrix(classes, sums);
  }

  /** How many classes there are. */
  public int classes() {
    return classes;
  }

  /** How many examples of class {@code label} were predicted as {@code predicted}. */
  public long count(int label, int predicted) {
    return counts[label * classes + predicted];
  }

  /** How many examples were predicted. */
  public long examples() {
    return Arrays.stream(counts).sum();
  }

  /** How many examples were predicted as what they are. */
  public long correct() {
    return IntStream.range(0, classes).mapToLong(c -> count(c, c)).sum();
  }

  /** How many examples are of class {@code label}. */
  public long labelled(int label) {
    return IntStream.range(0, classes).mapToLong(predicted -> count(label, predicted)).sum();
  }

  /** How many examples were predicted as {@code predicted}. */
  public long predicted(int predicted) {
    return IntStream.range(0, classes).mapToLong(label -> count(label, predicted)).sum();
  }

  /** The part of all examples that is predicted as what it is. */
  public double accuracy() {
    return quotient(correct(), examples());
  }

  /** The part of class {@code c}'s examples that is predicted as c. */
  public double recall(int c) {
    return quotient(count(c, c), labelled(c));
  }

  /** The part of the examples predicted as {@code c} that is of class c. */
  public double precision(int c) {
    return quotient(count(c, c), predicted(c));
  }

  /** The harmonic mean of class {@code c}'s recall and precision. */
  public double f1(int c) {
    return quotient(2 * count(c, c), labelled(c) + predicted(c));
  }

  /** The macro mean of {@link #recall}. */
  public double macroRecall() {
    return macro(this::recall);
  }

  /** The macro mean of {@link #precision}. */
  public double macroPrecision() {
    return macro(this::precision);
  }

  /** The macro mean of {@link #f1}. */
  public double macroF1() {
    return macro(this::f1);
  }

  /** A list of rows, each a list of counts. */
  public ArrayNode toJson() {
    ArrayNode rows = JsonNodeFactory.instance.arrayNode(classes);
    for (int label = 0; label < classes; label++) {
      ArrayNode row = rows.addArray();
      for (int predicted = 0; predicted < classes; predicted++) {
        row.add(count(label, predicted));
      }
    }
    return rows;
  }

  private double macro(IntToDoubleFunction ofClass) {
    IntPredicate occurs = c -> labelled(c) + predicted(c) > 0;
    int[] occurring = IntStream.range(0, classes).filter(occurs).toArray();
    double sum = 0;
    for (int c : occurring) {
      sum += ofClass.applyAsDouble(c);
    }
    return occurring.length == 0 ? 0 : sum / occurring.length;
  }

  private static double quotient(long part, long whole) {
    return whole == 0 ? 0 : (double) part / whole;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof ConfusionMatrix that
        && classes == that.classes
        && Arrays.equals(counts, that.counts);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(counts);
  }

  @Override
  public String toString() {
    return toJson().toString();
  }
}
