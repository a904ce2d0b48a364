package dev.lockstep.report;

import java.util.List;

/**
 * What a report shows: one run, or several that are laid over one another. A plain value, which a
 * training, a cross-validation and a comparison fill alike.
 *
 * @param title what stands over it
 * @param runs at least one, in the order in which they are shown
 * @param tables what is to be said of all runs together; reports of older versions have none
 */
public record Report(String title, List<ReportedRun> runs, List<Table> tables) {
  /** The most runs that one report lays over one another, so that they can be told apart. */
  public static final int MOST_RUNS = 64;

  /**
   * @throws IllegalArgumentException if there is no run, or more than {@link #MOST_RUNS}
   */
  public Report {
    Values.require("title", title);
    runs = Values.list("runs", runs);
    tables = tables == null ? List.of() : Values.list("tables", tables);
    if (runs.isEmpty() || runs.size() > MOST_RUNS) {
      throw new IllegalArgumentException(
          "%d runs but a report has from 1 to %d".formatted(runs.size(), MOST_RUNS));
    }
  }

  /** A report without tables. */
  public Report(String title, List<ReportedRun> runs) {
    this(title, runs, List.of());
  }
}
