package dev.lockstep.spark.cli;

import dev.lockstep.report.Report;
import dev.lockstep.report.ReportPage;
import dev.lockstep.spark.job.RunReports;
import dev.lockstep.spark.storage.Location;
import dev.lockstep.yaml.ConfigurationException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code lockstep report}. */
@Command(
    name = "report",
    header = "Makes the report of a run again, or lays several runs over one another.",
    description = {"", "Prints the path of the page, one file that needs no network.", ""},
    footer = {
      "",
      "Examples:",
      "  lockstep report runs/mnist-mlp-20260105-181502",
      "  lockstep report runs/mnist-mlp-* --output comparison.html"
    })
final class ReportCommand implements Runnable {
  @Spec private CommandSpec spec;

  @Parameters(arity = "1..*", paramLabel = "RUN", description = "A run directory.")
  private List<String> runs;

  @Option(
      names = "--output",
      paramLabel = "FILE",
      description =
          "Where the page goes, whole or not at all. Default: report.html, in the run's directory or,"
              + " of several runs, in the current one.")
  private String output;

  @Override
  public void run() {
    Location page = page();
    Report report = RunReports.read(runs);
    try {
      page.prepare();
    } catch (IOException e) {
      throw new ConfigurationException(
          "--output cannot be written: %s; name a file in a directory that can be written to"
              .formatted(Location.reason(e)),
          e);
    }
    byte[] html = ReportPage.html(report).getBytes(StandardCharsets.UTF_8);
    try {
      page.write(out -> out.write(html));
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write %s: %s".formatted(page, Location.reason(e)), e);
    }
    spec.commandLine().getOut().println(page);
  }

  private Location page() {
    if (output != null) {
      return Location.of(output);
    }
    return runs.size() == 1
        ? Location.of(runs.get(0)).child(ReportPage.NAME)
        : Location.of(ReportPage.NAME);
  }
}
