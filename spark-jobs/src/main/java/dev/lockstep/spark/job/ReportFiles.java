package dev.lockstep.spark.job;

import dev.lockstep.report.CurveImage;
import dev.lockstep.report.Report;
import dev.lockstep.report.ReportFile;
import dev.lockstep.report.ReportPage;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What a report leaves in a run directory, and what every report says. */
public final class ReportFiles {
  private static final Logger LOG = LoggerFactory.getLogger(ReportFiles.class);

  private ReportFiles() {}

  /** Writes the page, its data, and the curves as pictures. */
  static void write(Report report, RunFiles files) {
    writeData(report, files);
    files.write(ReportPage.NAME, ReportPage.html(report));
    images(report).forEach((image, png) -> files.write(image.fileName(), out -> out.write(png)));
  }

  /** A training is not lost because its report is too long. */
  private static void writeData(Report report, RunFiles files) {
    String data;
    try {
      data = ReportFile.write(report);
    } catch (IllegalArgumentException e) {
      LOG.warn(
          "{}, so there is no {}, and 'lockstep report' cannot make the page again",
          e.getMessage(),
          ReportFile.NAME);
      return;
    }
    files.write(ReportFile.NAME, data);
  }

  /**
   * The curves of a report as PNG files. Drawing text needs fonts of the system: for want of them
   * there are none, and a warning says so.
   */
  public static Map<CurveImage, byte[]> images(Report report) {
    Map<CurveImage, byte[]> images = new EnumMap<>(CurveImage.class);
    try {
      for (CurveImage image : CurveImage.values()) {
        images.put(image, image.png(report));
      }
      return images;
    } catch (LinkageError | InternalError e) {
      LOG.warn(
          "this system cannot draw text ({}), so there are no pictures of the curves; install fontconfig and a font",
          e.toString());
      return Map.of();
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

  /**
   * Adds to a report's environment on what it ran: which hardware and which software.
   *
   * @param master Spark's; on a cluster the hardware is the driver's
   */
  static void addPlace(Map<String, String> facts, String master) {
    facts.put("master", master);
    facts.put(
        master.startsWith("local") ? "machine" : "driver's machine", Machine.here().toString());
    Versions versions = Versions.current();
    facts.put("Lockstep", versions.lockstep());
    facts.put("Spark", versions.spark());
    facts.put("DL4J", versions.dl4j());
    facts.put("Java", versions.java());
    facts.put("system", versions.os());
  }
}
