package dev.lockstep.spark.cli;

import dev.lockstep.metrics.Estimate;
import dev.lockstep.metrics.Metric;
import dev.lockstep.metrics.Ranking;
import dev.lockstep.spark.job.CandidateResult;
import dev.lockstep.spark.job.CrossValidation;
import dev.lockstep.spark.job.FoldResult;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;

/** The results of folds as lines to read. */
final class FoldTables {
  private FoldTables() {}

  /** A fold that is finished, in one line. */
  static String line(FoldResult fold, CrossValidation plan) {
    return String.format(
        Locale.ROOT,
        "%sfold %d/%d - %.1f s - loss %.4f - accuracy %.4f - val_loss %.4f - val_accuracy %.4f",
        plan.candidates().size() > 1 ? "candidate " + fold.candidate() + ", " : "",
        fold.split(),
        plan.splits().size(),
        fold.fitSeconds(),
        fold.training().loss(),
        fold.training().accuracy(),
        fold.validation().loss(),
        fold.validation().accuracy());
  }

  /** A line a fold, then mean, standard deviation and 95% interval of each metric. */
  static List<String> folds(CandidateResult result) {
    List<String> heading = new ArrayList<>(List.of("fold", "repeat", "fit s", "score s"));
    List<ToDoubleFunction<FoldResult>> columns = new ArrayList<>();
    for (Metric metric : Metric.values()) {
      heading.add(metric.word());
      columns.add(fold -> metric.of(fold.validation()));
    }
    List<List<String>> rows = new ArrayList<>(List.of(heading));
    for (FoldResult fold : result.folds()) {
      List<String> row = new ArrayList<>();
      row.add(Integer.toString(fold.split()));
      row.add(Integer.toString(fold.repeat()));
      row.add(String.format(Locale.ROOT, "%.2f", fold.fitSeconds()));
      row.add(String.format(Locale.ROOT, "%.2f", fold.scoreSeconds()));
      columns.forEach(column -> row.add(number(column.applyAsDouble(fold))));
      rows.add(row);
    }
    List<Estimate> estimates =
        columns.stream()
            .map(column -> Estimate.of(result.folds().stream().mapToDouble(column).toArray()))
            .toList();
    rows.add(summary("mean", estimates, Estimate::mean));
    rows.add(summary("std", estimates, Estimate::standardDeviation));
    rows.add(summary("95% from", estimates, Estimate::lower));
    rows.add(summary("to", estimates, Estimate::upper));
    return aligned(rows);
  }

  private static List<String> summary(
      String name, List<Estimate> estimates, ToDoubleFunction<Estimate> quantity) {
    List<String> row = new ArrayList<>(List.of(name, "", "", ""));
    estimates.forEach(estimate -> row.add(number(quantity.applyAsDouble(estimate))));
    return row;
  }

  /** A line a candidate, the best mean first; {@code *} marks the chosen one. */
  static List<String> ranking(Ranking ranking, Metric metric, List<CandidateResult> results) {
    List<List<String>> rows = new ArrayList<>();
    rows.add(
        List.of(
            "rank",
            "candidate",
            metric.word(),
            "std",
            "parameters",
            "within 1 SE",
            "p",
            "settings"));
    int rank = 1;
    for (Ranking.Place place : ranking.places()) {
      rows.add(
          List.of(
              Integer.toString(rank++) + (place.candidate() == ranking.chosen() ? "*" : ""),
              Integer.toString(place.candidate()),
              number(place.estimate().mean()),
              number(place.estimate().standardDeviation()),
              String.format(Locale.ROOT, "%,d", place.parameters()),
              place.withinOneStandardError() ? "yes" : "no",
              rank == 2 ? "" : String.format(Locale.ROOT, "%.3f", place.againstBest().p()),
              settings(place.candidate(), results)));
    }
    return aligned(rows);
  }

  /** The candidates that chance alone may have put behind the best. */
  static List<Integer> notWorseThanBest(Ranking ranking) {
    return ranking.places().stream()
        .skip(1)
        .filter(place -> !place.againstBest().significant())
        .map(Ranking.Place::candidate)
        .toList();
  }

  private static String settings(int candidate, List<CandidateResult> results) {
    return results.stream()
        .filter(result -> result.candidate().number() == candidate)
        .map(result -> String.join(" ", result.candidate().settings()))
        .collect(Collectors.joining());
  }

  private static String number(double value) {
    return Double.isFinite(value) ? String.format(Locale.ROOT, "%.4f", value) : "-";
  }

  /** Right-aligned, save the last column of texts. */
  private static List<String> aligned(List<List<String>> rows) {
    int columns = rows.get(0).size();
    List<StringBuilder> lines = rows.stream().map(row -> new StringBuilder()).toList();
    for (int c = 0; c < columns; c++) {
      int column = c;
      int width = rows.stream().mapToInt(row -> row.get(column).length()).max().orElse(0);
      boolean left = rows.get(0).get(c).equals("settings");
      for (int r = 0; r < rows.size(); r++) {
        String cell = rows.get(r).get(c);
        String padding = " ".repeat(width - cell.length());
        lines.get(r).append(c == 0 ? "" : "  ").append(left ? cell : padding + cell);
      }
    }
    return lines.stream().map(line -> line.toString().stripTrailing()).toList();
  }
}
