package dev.lockstep.spark.cli;

import dev.lockstep.report.Report;
import dev.lockstep.report.ReportPage;
import dev.lockstep.spark.job.ReportFiles;
import dev.lockstep.spark.job.RunReports;
import dev.lockstep.spark.storage.Location;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code lockstep report}. */
@Command(
    name = "report",
    header = "Makes the report of a run again, or lays several runs over one another.",
    description = {
      "",
      "Prints the path of the page, one file that needs no network. The curves alone lie beside it"
          + " as pictures: accuracy.png and loss.png, or for a page with a name of its own"
          + " comparison.html, comparison-accuracy.png and comparison-loss.png.",
      ""
    },
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
    Optional<OutputFile> named =
        Optional.ofNullable(output).map(path -> OutputFile.of("--output", path));
    Report report = RunReports.read(runs);
    String place = named.isPresent() ? output : usualPlace();
    OutputFile page = named.orElseGet(() -> OutputFile.of("the report", place));
    byte[] html = ReportPage.html(report).getBytes(StandardCharsets.UTF_8);
    page.write(out -> out.write(html));
    ReportFiles.images(report)
        .forEach(
            (image, png) ->
                OutputFile.of("the report", beside(place, image.fileName()))
                    .write(out -> out.write(png)));
    spec.commandLine().getOut().println(page.location());
  }

  /** The place of a picture beside {@code page}, by whose name it is called. */
  private static String beside(String page, String picture) {
    int name = page.lastIndexOf('/') + 1;
    String directory = page.substring(0, name);
    String called = page.substring(name).replaceFirst("[.]html?$", "");
    return called.equals("report") ? directory + picture : directory + called + "-" + picture;
  }

  private String usualPlace() {
    return runs.size() == 1
        ? Location.of(runs.get(0)).child(ReportPage.NAME).toString()
        : ReportPage.NAME;
  }
}
