package dev.lockstep.spark.cli;

import dev.lockstep.report.Table;
import dev.lockstep.spark.job.CrossValidation;
import dev.lockstep.spark.job.FoldResult;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;

/** The results of folds as lines to read. */
final class FoldTables {
  /** As Java writes a number with a fraction. */
  private static final Pattern NUMBER = Pattern.compile("-?\\d+\\.\\d+(E-?\\d+)?");

  private static final Set<String> NOT_FINITE = Set.of("NaN", "Infinity", "-Infinity");

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

  /** The table, its numbers rounded and its columns right-aligned, save that of the settings. */
  static List<String> lines(Table table) {
    List<List<String>> rows = new ArrayList<>(List.of(table.columns()));
    table.rows().forEach(row -> rows.add(row.stream().map(FoldTables::rounded).toList()));
    return aligned(rows);
  }

  private static String rounded(String cell) {
    if (NUMBER.matcher(cell).matches()) {
      return String.format(Locale.ROOT, "%.4f", Double.parseDouble(cell));
    }
    return NOT_FINITE.contains(cell) ? "-" : cell;
  }

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
