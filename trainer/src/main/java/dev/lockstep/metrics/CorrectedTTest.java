package dev.lockstep.metrics;

import java.util.Arrays;
import org.apache.commons.math3.distribution.TDistribution;

/**
 * Whether two models differ on the same splits: the paired t-test with the corrected variance of C.
 * Nadeau and Y. Bengio, "Inference for the Generalization Error", Machine Learning 52 (2003). The
 * folds' training examples overlap, so that their results depend on one another and the plain
 * t-test sees differences where there are none.
 *
 * @param difference the mean of the differences
 * @param t {@code difference / sqrt((1 / J + n2 / n1) * variance of the differences)} for J splits
 *     with n1 training and n2 validation examples
 * @param p how likely a t so far from 0 is, on either side, if the models do not differ: from
 *     Student's distribution with J - 1 degrees of freedom. 1 if all results are equal; not a
 *     number for a single split, which tells nothing, and if a result is not finite
 */
public record CorrectedTTest(double difference, double t, double p) {
  /** From this p on a difference is not significant. */
  public static final double SIGNIFICANT = 0.05;

  /**
   * The test of two models' results.
   *
   * @param a of the one, a number a split
   * @param b of the other, on the same splits in the same order
   * @param validationToTraining n2 / n1: how many validation examples there are for each training
   *     example
   * @throws IllegalArgumentException if there are no splits, or one has more of them
   */
  public static CorrectedTTest of(double[] a, double[] b, double validationToTraining) {
    if (a.length != b.length || a.length == 0) {
      throw new IllegalArgumentException(
          "%d and %d results, but there must be as many of both, and one at least"
              .formatted(a.length, b.length));
    }
    double[] differences = new double[a.length];
    Arrays.setAll(differences, split -> a[split] - b[split]);
    double mean = Arrays.stream(differences).sum() / differences.length;
    double variance = Estimate.variance(differences, mean);
    double t = mean / Math.sqrt((1.0 / differences.length + validationToTraining) * variance);
    boolean comparable = differences.length > 1 && Double.isFinite(mean);
    return new CorrectedTTest(mean, t, comparable ? p(t, differences.length) : Double.NaN);
  }

  /** Without any difference t is 0 / 0. */
  private static double p(double t, int splits) {
    if (Double.isNaN(t)) {
      return 1;
    }
    return 2 * new TDistribution(splits - 1).cumulativeProbability(-Math.abs(t));
  }

  /** Whether chance alone explains the difference; false if nothing can be said. */
  public boolean insignificant() {
    return p >= SIGNIFICANT;
  }
}
