package dev.lockstep.spark.job;

import dev.lockstep.metrics.Estimate;
import dev.lockstep.metrics.Metric;
import dev.lockstep.metrics.Ranking;
import dev.lockstep.report.Table;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The figures of a cross-validation as tables, for the terminal and for the report. */
public final class ScoreTables {
  private ScoreTables() {}

  /** A row a fold, then mean, standard deviation and 95% interval of each metric. */
  public static Table folds(CandidateResult result) {
    List<String> columns = new ArrayList<>(List.of("fold", "repeat", "fit s", "score s"));
    Arrays.stream(Metric.values()).map(Metric::word).forEach(columns::add);
    List<List<String>> rows = new ArrayList<>();
    for (FoldResult fold : result.folds()) {
      List<String> row = new ArrayList<>();
      row.add(Integer.toString(fold.split()));
      row.add(Integer.toString(fold.repeat()));
      row.add(Double.toString(fold.fitSeconds()));
      row.add(Double.toString(fold.scoreSeconds()));
      for (Metric metric : Metric.values()) {
        row.add(Double.toString(metric.of(fold.validation())));
      }
      rows.add(row);
    }
    List<Estimate> estimates =
        Arrays.stream(Metric.values())
            .map(metric -> Estimate.of(result.validation(metric)))
            .toList();
    rows.add(summary("mean", estimates, Estimate::mean));
    rows.add(summary("std", estimates, Estimate::standardDeviation));
    rows.add(summary("95% from", estimates, Estimate::lower));
    rows.add(summary("to", estimates, Estimate::upper));
    return new Table(
        "Folds",
        "Each fold's metrics on its validation examples, their mean, the standard deviation of the sample, and the 95% interval of the mean (Student's t; folds share training examples, so take it as a guide).",
        columns,
        rows);
  }

  private static List<String> summary(
      String name, List<Estimate> estimates, ToDoubleFunction<Estimate> quantity) {
    return Stream.concat(
            Stream.of(name, "", "", ""),
            estimates.stream().map(each -> Double.toString(quantity.applyAsDouble(each))))
        .toList();
  }

  /**
   * A row a candidate, the best mean first; {@code *} marks the chosen one. What cannot be said of
   * one split is not a number.
   *
   * @param metric by which they are ranked
   * @param results of the candidates, all of those that are ranked among them
   */
  public static Table ranking(Ranking ranking, Metric metric, List<CandidateResult> results) {
    List<List<String>> rows = new ArrayList<>();
    for (Ranking.Place place : ranking.places()) {
      boolean best = rows.isEmpty();
      boolean single = place.estimate().count() == 1;
      rows.add(
          List.of(
              (rows.size() + 1) + (place.candidate() == ranking.chosen() ? "*" : ""),
              Integer.toString(place.candidate()),
              Double.toString(place.estimate().mean()),
              Double.toString(place.estimate().standardDeviation()),
              Long.toString(place.parameters()),
              single ? "NaN" : place.withinOneStandardError() ? "yes" : "no",
              best ? "" : Double.toString(place.againstBest().p()),
              settings(place.candidate(), results)));
    }
    return new Table(
        "Ranking",
        caption(ranking),
        List.of(
            "rank",
            "candidate",
            metric.word(),
            "std",
            "parameters",
            "within 1 SE",
            "p",
            "settings"),
        rows);
  }

  private static String caption(Ranking ranking) {
    return ranking.places().get(0).estimate().count() == 1
        ? "Candidates by their result on the one split, which cannot tell whether they differ by more than chance; * is the best."
        : "Candidates by their mean over the folds. * is chosen: the smallest model within one standard error (SE) of the best. p is that of the corrected resampled t-test against the best.";
  }

  private static String settings(int candidate, List<CandidateResult> results) {
    return results.stream()
        .filter(result -> result.candidate().number() == candidate)
        .map(result -> String.join(" ", result.candidate().settings()))
        .collect(Collectors.joining());
  }
}
