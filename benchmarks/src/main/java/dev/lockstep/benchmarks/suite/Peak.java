package dev.lockstep.benchmarks.suite;

import dev.lockstep.benchmarks.contender.EngineAlone;
import dev.lockstep.benchmarks.contender.FirstLayerProducts;
import dev.lockstep.benchmarks.contender.Lockstep;
import dev.lockstep.benchmarks.contender.MatrixProductPeak;
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
import org.apache.spark.api.java.JavaSparkContext;

/**
 * How near a training step of {@code mlp-512} comes to what the processor can do: the model's
 * operations a second as a share of the rate of a large matrix product ("model FLOPs utilisation").
 */
final class Peak implements Suite {
  private static final int BATCHES = 400;
  private static final int WORKERS = 2;

  @Override
  public String name() {
    return "peak";
  }

  @Override
  public String title() {
    return "The share of the processor's peak: mlp-512, batches of 128, local[2]";
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
    Task task = tasks.batches(Tasks.MLP, BATCHES);
    return List.of(
        Entry.of(new MatrixProductPeak(), task, measurements),
        Entry.of(new FirstLayerProducts(), task, measurements),
        Entry.of(new EngineAlone(EngineChoice.FUSED, false), task, measurements),
        Entry.of(new Lockstep(spark, EngineChoice.FUSED, new Gradients(), 1), task, measurements),
        Entry.of(
            new Lockstep(spark, EngineChoice.FUSED, new Gradients(), WORKERS), task, measurements));
  }

  /** The peak comes first, the two products second. */
  @Override
  public Table table(List<Series> measured) {
    double peak = measured.get(0).spread(Run::examplesPerSecond).median();
    double products = measured.get(1).spread(Run::examplesPerSecond).median();
    List<List<String>> rows = new ArrayList<>();
    List<String> notes = new ArrayList<>();
    notes.add(Interleaved.note(measured));
    notes.add(
        "Model operations: those of the products that a step needs, a multiplication and an addition"
            + " a weight, three times (forward, gradient of the weights, gradient of the input), in"
            + " the first layer twice.");
    notes.add(
        "The share is of one thread's peak; two threads can reach twice that, or less where the"
            + " cores share what they compute with.");
    for (Series series : measured) {
      Spread speed = series.spread(Run::examplesPerSecond);
      rows.add(
          List.of(
              series.contender().name(),
              speed.text("%,.0f"),
              Spread.of(speed.median() / peak).medianText("%.2f"),
              Spread.of(products / speed.median()).medianText("%.2f")));
      if (!notes.contains(series.contender().note())) {
        notes.add(series.contender().note());
      }
    }
    return new Table(
        List.of("what", "examples/s", "share of the peak", "time to that of the two products"),
        rows,
        notes);
  }
}
