package dev.lockstep.spark.job;

import dev.lockstep.report.CurveImage;
import dev.lockstep.report.Report;
import dev.lockstep.report.ReportFile;
import dev.lockstep.report.ReportPage;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What a report leaves in a run directory, and what every report says. */
final class ReportFiles {
  private static final Logger LOG = LoggerFactory.getLogger(ReportFiles.class);

  private ReportFiles() {}

  /** Writes the page, its data, and the curves as pictures. */
  static void write(Report report, RunFiles files) {
    files.write(ReportFile.NAME, ReportFile.write(report));
    files.write(ReportPage.NAME, ReportPage.html(report));
    writeImages(report, files);
  }

  /** Drawing text needs fonts of the system, and a training is not lost for want of them. */
  private static void writeImages(Report report, RunFiles files) {
    try {
      for (CurveImage image : CurveImage.values()) {
        byte[] png = image.png(report);
        files.write(image.fileName(), out -> out.write(png));
      }
    } catch (LinkageError | InternalError e) {
      LOG.warn(
          "this system cannot draw text ({}), so there are no pictures of the curves; install fontconfig and a font",
          e.toString());
    }
  }

  /** Names for classes that have none: their numbers. */
  static List<String> classNames(int classes) {
    return IntStream.range(0, classes).mapToObj(Integer::toString).toList();
  }

  /** Adds to a report's environment when it ran. */
  static void addTimes(Map<String, String> facts, Instant started, Instant ended) {
    facts.put("started", started.truncatedTo(ChronoUnit.SECONDS).toString());
    facts.put("finished", ended.truncatedTo(ChronoUnit.SECONDS).toString());
    facts.put(
        "took",
        String.format(Locale.ROOT, "%.1f s", Duration.between(started, ended).toMillis() / 1e3));
  }

  /** Adds to a report's environment which software ran. */
  static void addVersions(Map<String, String> facts) {
    Versions versions = Versions.current();
    facts.put("Lockstep", versions.lockstep());
    facts.put("Spark", versions.spark());
    facts.put("DL4J", versions.dl4j());
    facts.put("Java", versions.java());
    facts.put("system", versions.os());
  }
}
