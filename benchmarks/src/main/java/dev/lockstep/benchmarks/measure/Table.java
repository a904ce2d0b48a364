package dev.lockstep.benchmarks.measure;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * A table with sentences under it.
 *
 * @param columns their headings; the first column's cells stand left, the others' right
 * @param rows each with one cell a column
 * @param notes sentences
 * @throws IllegalArgumentException if a row has more or fewer cells than there are columns
 */
public record Table(List<String> columns, List<List<String>> rows, List<String> notes) {
  public Table {
    columns = List.copyOf(columns);
    rows = rows.stream().map(List::copyOf).toList();
    notes = List.copyOf(notes);
    for (List<String> row : rows) {
      if (row.size() != columns.size()) {
        throw new IllegalArgumentException(
            "a row has %d cells but there are %d columns: %s"
                .formatted(row.size(), columns.size(), row));
      }
    }
  }

  /** The table in Markdown, aligned so that it reads as plain text too, and its notes as a list. */
  public String markdown() {
    int[] widths = IntStream.range(0, columns.size()).map(this::width).toArray();
    List<String> lines = new ArrayList<>();
    lines.add(line(columns, widths));
    lines.add(
        IntStream.range(0, widths.length)
            .mapToObj(c -> c == 0 ? "-".repeat(widths[c]) : "-".repeat(widths[c] - 1) + ":")
            .collect(Collectors.joining(" | ", "| ", " |")));
    rows.forEach(row -> lines.add(line(row, widths)));
    if (!notes.isEmpty()) {
      lines.add("");
      notes.forEach(note -> lines.add("- " + note));
    }
    return String.join("\n", lines) + "\n";
  }

  private int width(int column) {
    int widest = Math.max(3, columns.get(column).length());
    for (List<String> row : rows) {
      widest = Math.max(widest, row.get(column).length());
    }
    return widest;
  }

  private static String line(List<String> cells, int[] widths) {
    return IntStream.range(0, widths.length)
        .mapToObj(c -> ("%" + (c == 0 ? "-" : "") + widths[c] + "s").formatted(cells.get(c)))
        .collect(Collectors.joining(" | ", "| ", " |"));
  }
}
