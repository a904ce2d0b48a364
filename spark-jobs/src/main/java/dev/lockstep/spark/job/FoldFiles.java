package dev.lockstep.spark.job;

import dev.lockstep.network.Loss;
import dev.lockstep.report.EventFile;
import dev.lockstep.report.Report;
import dev.lockstep.report.ReportFile;
import dev.lockstep.report.ReportedRun;
import dev.lockstep.spark.job.FoldScoring.Predictions;
import dev.lockstep.spark.storage.Location;
import dev.lockstep.spark.storage.RunDirectory;
import dev.lockstep.yaml.ConfigurationException;
import dev.lockstep.yaml.Section;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * The results of folds in the directory {@code folds} of a run: {@code candidate-1-fold-3.csv} with
 * the predictions, {@code candidate-1-fold-3.report.json} with what the report shows of it, {@code
 * candidate-1-fold-3/} with TensorBoard's event file, and then {@code candidate-1-fold-3.json},
 * with which the fold is finished. Safe for use by many threads that write different folds.
 */
record FoldFiles(Location directory) {
  private static final String REPORT = ".report.json";
  private static final String GONE =
      ": has gone; remove the .json of the same name, and resume the run";

  /**
   * Those of the run in {@code run}.
   *
   * @throws ConfigurationException if their directory cannot be created
   */
  static FoldFiles of(Location run) {
    return new FoldFiles(RunDirectory.at(run.child("folds")).location());
  }

  private Location file(int candidate, int split, String extension) {
    return directory.child("candidate-%d-fold-%d%s".formatted(candidate, split, extension));
  }

  /**
   * The result of a fold that is finished.
   *
   * @throws ConfigurationException if its file is damaged
   */
  Optional<FoldResult> read(int candidate, int split) {
    Location file = file(candidate, split, ".json");
    try (InputStream in = file.open().orElse(null)) {
      if (in == null) {
        return Optional.empty();
      }
      FoldResult result = FoldResult.read(Section.parse(file.toString(), RunFiles.text(file, in)));
      if (result.candidate() != candidate || result.split() != split) {
        throw new ConfigurationException(file + ": is the result of another fold; remove it");
      }
      return Optional.of(result);
    } catch (IOException e) {
      throw new ConfigurationException(
          "%s: cannot be read: %s".formatted(file, Location.reason(e)), e);
    }
  }

  /**
   * What the report shows of a fold that is finished.
   *
   * @throws ConfigurationException if its file is damaged or has gone
   */
  ReportedRun reported(FoldResult result) {
    Location file = file(result.candidate(), result.split(), REPORT);
    try (InputStream in = file.open().orElse(null)) {
      if (in == null) {
        throw new ConfigurationException(file + GONE);
      }
      return ReportFile.read(file.toString(), in).runs().get(0);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read %s: %s".formatted(file, Location.reason(e)), e);
    }
  }

  /** Writes predictions, what is to be looked at, and the result, each whole or not at all. */
  void write(
      FoldResult result, List<Predictions> predictions, ReportedRun reported, EventFile events)
      throws IOException {
    Location board = RunDirectory.at(file(result.candidate(), result.split(), "")).location();
    board.child(EventFile.NAME).write(events::writeTo);
    file(result.candidate(), result.split(), REPORT)
        .write(
            out ->
                out.write(
                    ReportFile.write(new Report(reported.name(), List.of(reported)))
                        .getBytes(StandardCharsets.UTF_8)));
    file(result.candidate(), result.split(), ".csv")
        .write(out -> out.write(csv(result, predictions).getBytes(StandardCharsets.UTF_8)));
    file(result.candidate(), result.split(), ".json")
        .write(
            out ->
                out.write(
                    (RunFiles.JSON.writeValueAsString(result.toJson()) + "\n")
                        .getBytes(StandardCharsets.UTF_8)));
  }

  private record Line(int repeat, int example, String text) {}

  private static final Comparator<Line> ORDER =
      Comparator.comparingInt(Line::repeat).thenComparingInt(Line::example);

  private static String csv(FoldResult result, List<Predictions> predictions) {
    int classes = result.validation().confusion().classes();
    List<Line> lines = new ArrayList<>();
    for (Predictions part : predictions) {
      int units = part.examples.length == 0 ? 1 : part.rows.length / part.examples.length;
      for (int i = 0; i < part.examples.length; i++) {
        lines.add(line(result, part, i, units));
      }
    }
    lines.sort(ORDER);
    StringBuilder csv = new StringBuilder(heading(classes)).append('\n');
    lines.forEach(line -> csv.append(line.text()).append('\n'));
    return csv.toString();
  }

  private static String heading(int classes) {
    StringBuilder heading = new StringBuilder("repeat,fold,example,label,class");
    for (int c = 0; c < classes; c++) {
      heading.append(",probability_").append(c);
    }
    return heading.toString();
  }

  private static Line line(FoldResult result, Predictions part, int i, int units) {
    int from = i * units;
    StringBuilder text = new StringBuilder();
    text.append(result.repeat()).append(',').append(result.split()).append(',');
    text.append(part.examples[i]).append(',').append(part.labels[i] & 0xFF).append(',');
    text.append(Loss.predictedClass(part.rows, from, units));
    if (units == 1) {
      text.append(',').append(1 - part.rows[from]);
    }
    for (int unit = 0; unit < units; unit++) {
      text.append(',').append(part.rows[from + unit]);
    }
    return new Line(result.repeat(), part.examples[i], text.toString());
  }

  /** The predictions of many folds in one table, by repeat and example. */
  String predictions(List<FoldResult> folds) {
    List<Line> lines = new ArrayList<>();
    for (FoldResult fold : folds) {
      Location file = file(fold.candidate(), fold.split(), ".csv");
      try (InputStream in = file.open().orElse(null)) {
        if (in == null) {
          throw new ConfigurationException(file + GONE);
        }
        new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))
            .lines()
            .skip(1)
            .forEach(text -> lines.add(parsed(file, text)));
      } catch (IOException e) {
        throw new UncheckedIOException("cannot read %s: %s".formatted(file, Location.reason(e)), e);
      }
    }
    lines.sort(ORDER);
    StringBuilder csv =
        new StringBuilder(heading(folds.get(0).validation().confusion().classes())).append('\n');
    lines.forEach(line -> csv.append(line.text()).append('\n'));
    return csv.toString();
  }

  private static Line parsed(Location file, String text) {
    String[] cells = text.split(",", 4);
    try {
      return new Line(Integer.parseInt(cells[0]), Integer.parseInt(cells[2]), text);
    } catch (NumberFormatException | ArrayIndexOutOfBoundsException e) {
      throw new ConfigurationException(
          file + ": is damaged; remove it and the .json beside it, and resume the run", e);
    }
  }
}
