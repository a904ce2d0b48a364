package dev.lockstep.metrics;

import java.util.Comparator;
import java.util.List;

/**
 * Candidates in order of their mean results on the same splits.
 *
 * @param places the best mean first; of equal ones, the smaller model, then the earlier candidate
 * @param chosen the candidate that the one-standard-error rule takes: the smallest model whose mean
 *     is at most one standard error of the best candidate worse than the best (T. Hastie, R.
 *     Tibshirani, J. Friedman, "The Elements of Statistical Learning", 7.10); of equal sizes, the
 *     best mean. With one split there is no standard error, and it is the best
 */
public record Ranking(List<Place> places, int chosen) {
  /**
   * A candidate's results.
   *
   * @param candidate its number
   * @param results a number a split
   * @param parameters how large the model is
   */
  public record Entry(int candidate, double[] results, long parameters) {}

  /**
   * Where a candidate stands.
   *
   * @param withinOneStandardError whether its mean is that near to the best; with one split, for
   *     which there is no standard error, the best alone is
   * @param againstBest the test of its difference to the best
   */
  public record Place(
      int candidate,
      Estimate estimate,
      long parameters,
      boolean withinOneStandardError,
      CorrectedTTest againstBest) {}

  /**
   * Ranks {@code entries}.
   *
   * @param metric what the results are; a mean that is not a number comes last
   * @param validationToTraining how many validation examples there are for each training example
   * @throws IllegalArgumentException if there are none, or their splits differ in number
   */
  public static Ranking of(Metric metric, List<Entry> entries, double validationToTraining) {
    Comparator<Place> order =
        Comparator.<Place>comparingDouble(place -> penalty(metric, place.estimate().mean()))
            .thenComparingLong(Place::parameters);
    Entry best =
        entries.stream()
            .min(
                Comparator.<Entry>comparingDouble(
                        entry -> penalty(metric, Estimate.of(entry.results()).mean()))
                    .thenComparingLong(Entry::parameters))
            .orElseThrow(() -> new IllegalArgumentException("there must be a candidate to rank"));
    List<Place> places =
        entries.stream()
            .map(entry -> place(metric, entry, best, validationToTraining))
            .sorted(order)
            .toList();
    Place chosen =
        places.stream()
            .filter(Place::withinOneStandardError)
            .min(Comparator.comparingLong(Place::parameters))
            .orElseThrow();
    return new Ranking(places, chosen.candidate());
  }

  private static Place place(Metric metric, Entry entry, Entry best, double ratio) {
    Estimate estimate = Estimate.of(entry.results());
    Estimate top = Estimate.of(best.results());
    double behind = penalty(metric, estimate.mean()) - penalty(metric, top.mean());
    boolean within = entry == best || top.count() > 1 && behind <= top.standardError();
    return new Place(
        entry.candidate(),
        estimate,
        entry.parameters(),
        within,
        CorrectedTTest.of(entry.results(), best.results(), ratio));
  }

  /** Lower is better. */
  private static double penalty(Metric metric, double mean) {
    return metric.higherIsBetter() ? -mean : mean;
  }
}
