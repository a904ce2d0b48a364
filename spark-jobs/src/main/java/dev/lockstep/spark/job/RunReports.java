package dev.lockstep.spark.job;

import dev.lockstep.report.Report;
import dev.lockstep.report.ReportFile;
import dev.lockstep.report.ReportedRun;
import dev.lockstep.spark.storage.Location;
import dev.lockstep.yaml.ConfigurationException;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;

/** Reports of runs that are over, made of what lies in their directories. */
public final class RunReports {
  private RunReports() {}

  /**
   * The report of one run, or of several laid over one another.
   *
   * @param directories of the runs, at least one, as {@link Location#of}
   * @throws ConfigurationException if one holds no report's data, or they are too many
   */
  public static Report read(List<String> directories) {
    List<ReportedRun> runs = new ArrayList<>();
    for (String directory : directories) {
      Report report = read(directory);
      if (directories.size() == 1) {
        return report;
      }
      report.runs().forEach(run -> runs.add(withOwnName(run, runs, directory)));
      if (runs.size() > Report.MOST_RUNS) {
        throw new ConfigurationException(
            "these are more than %d runs, the most that one report lays over one another"
                .formatted(Report.MOST_RUNS));
      }
    }
    return new Report("Comparison of %d runs".formatted(runs.size()), runs);
  }

  /** Runs in different places may be called alike. */
  private static ReportedRun withOwnName(
      ReportedRun run, List<ReportedRun> others, String directory) {
    boolean taken = others.stream().anyMatch(other -> other.name().equals(run.name()));
    return taken ? run.named("%s (%s)".formatted(run.name(), directory)) : run;
  }

  private static Report read(String directory) {
    Location file = Location.of(directory).child(ReportFile.NAME);
    try (InputStream in = file.open().orElse(null)) {
      if (in == null) {
        throw new ConfigurationException(
            "%s: there is no such file; expected a run directory, of a run that has ended%s"
                .formatted(file, ExistingRun.remedy(Location.of(directory))));
      }
      return ReportFile.read(file.toString(), in);
    } catch (IOException e) {
      throw new ConfigurationException(
          "%s: cannot be read: %s; expected a run directory".formatted(file, Location.reason(e)),
          e);
    }
  }
}
