package dev.lockstep.benchmarks.suite;

import dev.lockstep.benchmarks.contender.Lockstep;
import dev.lockstep.benchmarks.contender.Run;
import dev.lockstep.benchmarks.contender.Task;
import dev.lockstep.benchmarks.measure.Entry;
import dev.lockstep.benchmarks.measure.Interleaved;
import dev.lockstep.benchmarks.measure.Series;
import dev.lockstep.benchmarks.measure.Spread;
import dev.lockstep.benchmarks.measure.Table;
import dev.lockstep.config.EngineChoice;
import dev.lockstep.coordinator.Averaging.Gradients;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.spark.api.java.JavaSparkContext;

/** How much more workers bring. */
final class Scaling implements Suite {
  private static final int MOST_WORKERS = 4;
  private static final int BATCHES = 400;

  @Override
  public String name() {
    return "scaling";
  }

  @Override
  public String title() {
    return "More workers: mlp-512, batches of 128, averaged at every step, local[4]";
  }

  @Override
  public int slots() {
    return MOST_WORKERS;
  }

  @Override
  public int measurements() {
    return 5;
  }

  @Override
  public List<Entry> entries(JavaSparkContext spark, Tasks tasks, int measurements) {
    Task task = tasks.batches(Tasks.MLP, BATCHES);
    return IntStream.of(1, 2, MOST_WORKERS)
        .mapToObj(workers -> new Lockstep(spark, EngineChoice.FUSED, new Gradients(), workers))
        .map(lockstep -> Entry.of(lockstep, task, measurements))
        .toList();
  }

  @Override
  public Table table(List<Series> measured) {
    double single = measured.get(0).spread(Run::examplesPerSecond).median();
    List<List<String>> rows = new ArrayList<>();
    for (Series series : measured) {
      Spread speed = series.spread(Run::examplesPerSecond);
      rows.add(
          List.of(
              series.contender().name(),
              speed.text("%,.0f"),
              Spread.of(speed.median() / single).medianText("%.2f")));
    }
    return new Table(
        List.of("contender", "examples/s", "against 1 worker"),
        rows,
        List.of(Interleaved.note(measured), measured.get(0).contender().note()));
  }
}
