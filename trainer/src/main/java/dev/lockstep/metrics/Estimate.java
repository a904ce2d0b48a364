package dev.lockstep.metrics;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Arrays;
import org.apache.commons.math3.distribution.TDistribution;

/**
 * What measurements say of their expectation.
 *
 * @param count how many measurements there are, at least 1
 * @param standardDeviation that of the sample, with {@code count - 1} as divisor; not a number for
 *     one measurement
 * @param lower of the 95% interval, {@code mean - t * standardDeviation / sqrt(count)} with
 *     Student's t for {@code count - 1} degrees of freedom; not a number for one measurement
 * @param upper of the same interval
 */
public record Estimate(
    int count, double mean, double standardDeviation, double lower, double upper) {
  private static final double UPPER_QUANTILE = 0.975;

  /**
   * The estimate from {@code measurements}.
   *
   * @throws IllegalArgumentException if there are none
   */
  public static Estimate of(double... measurements) {
    if (measurements.length == 0) {
      throw new IllegalArgumentException("there must be at least one measurement");
    }
    int count = measurements.length;
    double mean = Arrays.stream(measurements).sum() / count;
    double deviation = Math.sqrt(variance(measurements, mean));
    double half =
        count == 1
            ? Double.NaN
            : new TDistribution(count - 1).inverseCumulativeProbability(UPPER_QUANTILE)
                * deviation
                / Math.sqrt(count);
    return new Estimate(count, mean, deviation, mean - half, mean + half);
  }

  /** Of the sample; not a number for one measurement. */
  static double variance(double[] measurements, double mean) {
    double squares = 0;
    for (double measurement : measurements) {
      squares += (measurement - mean) * (measurement - mean);
    }
    return measurements.length == 1 ? Double.NaN : squares / (measurements.length - 1);
  }

  /** That of the mean: {@code standardDeviation / sqrt(count)}. */
  public double standardError() {
    return standardDeviation / Math.sqrt(count);
  }

  /**
   * {@code mean}, {@code std} and the bounds {@code lower} and {@code upper}; null where one is not
   * finite.
   */
  public ObjectNode toJson() {
    return JsonNodeFactory.instance
        .objectNode()
        .put("mean", finite(mean))
        .put("std", finite(standardDeviation))
        .put("lower", finite(lower))
        .put("upper", finite(upper));
  }

  private static Double finite(double value) {
    return Double.isFinite(value) ? value : null;
  }
}
