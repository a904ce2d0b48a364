package dev.lockstep.benchmarks.suite;

import dev.lockstep.benchmarks.contender.CrossValidated;
import dev.lockstep.benchmarks.contender.Run;
import dev.lockstep.benchmarks.contender.Task;
import dev.lockstep.benchmarks.measure.Entry;
import dev.lockstep.benchmarks.measure.Interleaved;
import dev.lockstep.benchmarks.measure.Series;
import dev.lockstep.benchmarks.measure.Spread;
import dev.lockstep.benchmarks.measure.Table;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.apache.spark.api.java.JavaSparkContext;

/** What it brings to run folds beside one another. */
final class Folds implements Suite {
  private static final int SLOTS = 2;
  private static final int FOLDS = 6;

  @Override
  public String name() {
    return "folds";
  }

  @Override
  public String title() {
    return "Cross-validation: %d folds of mlp-512, 5 epochs, local[%d]".formatted(FOLDS, SLOTS);
  }

  @Override
  public int slots() {
    return SLOTS;
  }

  @Override
  public int measurements() {
    return 3;
  }

  @Override
  public List<Entry> entries(JavaSparkContext spark, Tasks tasks, int measurements) {
    Task task = tasks.folds(Tasks.MLP, FOLDS);
    return Stream.of(
            new CrossValidated(spark, 1, SLOTS),
            new CrossValidated(spark, 1, 1),
            new CrossValidated(spark, SLOTS, 1))
        .map(contender -> Entry.of(contender, task, measurements))
        .toList();
  }

  @Override
  public Table table(List<Series> measured) {
    double beside = measured.get(0).spread(Run::seconds).median();
    List<List<String>> rows = new ArrayList<>();
    for (Series series : measured) {
      Spread seconds = series.spread(Run::seconds);
      rows.add(
          List.of(
              series.contender().name(),
              seconds.text("%.2f"),
              Spread.of(beside / seconds.median()).medianText("%.2f"),
              series.spread(Run::validationAccuracy).medianText("%.4f")));
    }
    return new Table(
        List.of("contender", "seconds", "of which the first takes", "out-of-fold accuracy"),
        rows,
        List.of(Interleaved.note(measured), measured.get(0).contender().note()));
  }
}
