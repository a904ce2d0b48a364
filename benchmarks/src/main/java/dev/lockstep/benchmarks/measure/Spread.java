package dev.lockstep.benchmarks.measure;

import java.util.Arrays;
import java.util.Locale;

/**
 * Measurements of one quantity.
 *
 * @param median the middle one, or the mean of the two in the middle
 */
public record Spread(double median, double least, double most) {
  /**
   * The spread of {@code measurements}.
   *
   * @throws IllegalArgumentException if there are none
   */
  public static Spread of(double... measurements) {
    if (measurements.length == 0) {
      throw new IllegalArgumentException("there must be at least one measurement");
    }
    double[] sorted = measurements.clone();
    Arrays.sort(sorted);
    int middle = sorted.length / 2;
    double median =
        sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    return new Spread(median, sorted[0], sorted[sorted.length - 1]);
  }

  /**
   * Median, least and most, such as {@code 12.50 (12.10-13.00)}; a dash for what is not finite.
   *
   * @param format of one number, such as {@code %.2f}
   */
  public String text(String format) {
    String middle = number(format, median);
    return Double.compare(least, most) == 0
        ? middle
        : "%s (%s-%s)".formatted(middle, number(format, least), number(format, most));
  }

  /** The median alone; a dash if it is not finite. */
  public String medianText(String format) {
    return number(format, median);
  }

  private static String number(String format, double value) {
    return Double.isFinite(value) ? String.format(Locale.ROOT, format, value) : "–";
  }
}
