package dev.lockstep.metrics;

import org.apache.commons.math3.distribution.BinomialDistribution;

/**
 * Whether two models differ on the same examples: the exact form of the test of Q. McNemar, "Note
 * on the sampling error of the difference between correlated proportions or percentages",
 * Psychometrika 12 (1947). Only examples that one of them alone predicts right tell.
 *
 * @param onlyFirst how many the first alone predicts right
 * @param onlySecond how many the second alone predicts right
 * @param p how likely it is that the two numbers lie as far apart as they do or farther, on either
 *     side, if each such example falls to either with probability 1/2
 */
public record McNemarTest(long onlyFirst, long onlySecond, double p) {
  /**
   * The test of these numbers.
   *
   * @throws IllegalArgumentException if one is negative, or their sum is more than an int holds
   */
  public static McNemarTest of(long onlyFirst, long onlySecond) {
    if (onlyFirst < 0 || onlySecond < 0 || onlyFirst + onlySecond > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "%d and %d examples, but each must be at least 0, and their sum an int"
              .formatted(onlyFirst, onlySecond));
    }
    int differing = (int) (onlyFirst + onlySecond);
    double tail =
        new BinomialDistribution(null, differing, 0.5)
            .cumulativeProbability((int) Math.min(onlyFirst, onlySecond));
    return new McNemarTest(onlyFirst, onlySecond, Math.min(1, 2 * tail));
  }
}
