package dev.lockstep.benchmarks.suite;

import dev.lockstep.benchmarks.contender.Lockstep;
import dev.lockstep.benchmarks.contender.Run;
import dev.lockstep.benchmarks.measure.Entry;
import dev.lockstep.benchmarks.measure.Series;
import dev.lockstep.benchmarks.measure.Table;
import dev.lockstep.config.EngineChoice;
import dev.lockstep.coordinator.Averaging.Gradients;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.LongStream;
import org.apache.spark.api.java.JavaSparkContext;

/** What accuracy the classic example reaches, and how much of it is chance. */
final class Seeds implements Suite {
  private static final int WORKERS = 2;

  @Override
  public String name() {
    return "seeds";
  }

  @Override
  public String title() {
    return "Accuracy with other seeds: conf/mnist-mlp.yaml, local[2]";
  }

  @Override
  public int slots() {
    return WORKERS;
  }

  @Override
  public int measurements() {
    return 5;
  }

  @Override
  public List<Entry> entries(JavaSparkContext spark, Tasks tasks, int measurements) {
    return List.of(
        new Entry(
            new Lockstep(spark, EngineChoice.AUTO, new Gradients(), WORKERS),
            Optional.of(tasks.batches(Tasks.MLP, 100)),
            LongStream.rangeClosed(1, measurements)
                .mapToObj(seed -> tasks.training(Tasks.MLP, seed))
                .toList()));
  }

  @Override
  public Table table(List<Series> measured) {
    Series series = measured.get(0);
    List<List<String>> rows = new ArrayList<>();
    for (int i = 0; i < series.runs().size(); i++) {
      rows.add(
          row(
              Integer.toString(i + 1),
              new Series(series.contender(), List.of(series.runs().get(i)))));
    }
    rows.add(row("median", series));
    return new Table(
        List.of("seed", "test accuracy", "validation accuracy", "seconds"),
        rows,
        List.of(series.contender().note()));
  }

  private static List<String> row(String seed, Series series) {
    return List.of(
        seed,
        series.spread(Run::testAccuracy).medianText("%.4f"),
        series.spread(Run::validationAccuracy).medianText("%.4f"),
        series.spread(Run::seconds).medianText("%.1f"));
  }
}
