package dev.lockstep.benchmarks.suite;

import dev.lockstep.benchmarks.contender.Evaluated;
import dev.lockstep.benchmarks.contender.Predicted;
import dev.lockstep.benchmarks.contender.PredictionSubject;
import dev.lockstep.benchmarks.contender.Run;
import dev.lockstep.benchmarks.contender.Task;
import dev.lockstep.benchmarks.contender.Transformed;
import dev.lockstep.benchmarks.measure.Entry;
import dev.lockstep.benchmarks.measure.Interleaved;
import dev.lockstep.benchmarks.measure.Series;
import dev.lockstep.benchmarks.measure.Table;
import dev.lockstep.spark.job.Prediction.Format;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.apache.spark.api.java.JavaSparkContext;

/** How fast a model is applied to many examples. */
final class Predictions implements Suite {
  private static final int SLOTS = 2;
  private static final int EXAMPLES = 60_000;
  private static final int BATCH = 100;
  private static final String NETWORK = "mlp-512";

  @Override
  public String name() {
    return "predict";
  }

  @Override
  public String title() {
    return "Batch prediction: %,d images by %s, local[%d]".formatted(EXAMPLES, NETWORK, SLOTS);
  }

  @Override
  public int slots() {
    return SLOTS;
  }

  @Override
  public int measurements() {
    return 7;
  }

  @Override
  public List<Entry> entries(JavaSparkContext spark, Tasks tasks, int measurements) {
    Task task = tasks.batches(Tasks.MLP, EXAMPLES / BATCH, "training.batchSize=" + BATCH);
    Path directory = directory();
    PredictionSubject subject = PredictionSubject.of(spark, task, directory);
    return Stream.of(
            new Predicted(spark, subject, Format.PARQUET, directory),
            new Predicted(spark, subject, Format.CSV, directory),
            new Evaluated(spark, subject),
            Transformed.of(spark, task, NETWORK, SLOTS))
        .map(contender -> Entry.of(contender, task, measurements))
        .toList();
  }

  private static Path directory() {
    try {
      return Files.createTempDirectory("lockstep-predict");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public Table table(List<Series> measured) {
    List<List<String>> rows = new ArrayList<>();
    for (Series series : measured) {
      rows.add(
          List.of(
              series.contender().name(),
              series.spread(Run::examplesPerSecond).text("%,.0f"),
              series.spread(run -> 1000 * run.seconds()).text("%.0f"),
              series.spread(Run::validationAccuracy).medianText("%.4f")));
    }
    return new Table(
        List.of("job", "examples/s", "ms", "accuracy"),
        rows,
        List.of(
            Interleaved.note(measured),
            measured.get(2).contender().note(),
            measured.get(0).contender().note(),
            measured.get(3).contender().note()));
  }
}
