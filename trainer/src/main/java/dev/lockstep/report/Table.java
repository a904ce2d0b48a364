package dev.lockstep.report;

import java.util.List;

/**
 * Figures of a report in rows and columns.
 *
 * @param title a word or two
 * @param caption what the figures are
 * @param columns the heading of each
 * @param rows each with a text for each column; a number is written as Java does, with all its
 *     digits, for whoever shows it may round it
 */
public record Table(String title, String caption, List<String> columns, List<List<String>> rows) {
  /**
   * @throws IllegalArgumentException if a part is missing, or a row has not as many cells as there
   *     are columns
   */
  public Table {
    Values.require("title", title);
    Values.require("caption", caption);
    columns = Values.list("columns", columns);
    rows = Values.list("rows", rows).stream().map(row -> Values.list("row", row)).toList();
    for (List<String> row : rows) {
      if (row.size() != columns.size()) {
        throw new IllegalArgumentException(
            "a row of the table '%s' has %d cells but must have %d"
                .formatted(title, row.size(), columns.size()));
      }
    }
  }
}
