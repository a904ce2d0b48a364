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
    Task whole = tasks.batches(Tasks.MLP, BATCHES);
    Task half =
        tasks.batches(
            Tasks.MLP, BATCHES, "training.batchSize=" + whole.plan().batchSize() / WORKERS);
    List<Entry> entries = new ArrayList<>();
    entries.add(Entry.of(new MatrixProductPeak(), whole, measurements));
    for (Task task : List.of(whole, half)) {
      entries.add(Entry.of(new FirstLayerProducts(), task, measurements));
      entries.add(Entry.of(new EngineAlone(EngineChoice.FUSED), task, measurements));
    }
    for (int workers = 1; workers <= WORKERS; workers++) {
      entries.add(
          Entry.of(
              new Lockstep(spark, EngineChoice.FUSED, new Gradients(), workers),
              whole,
              measurements));
    }
    return entries;
  }

  /**
   * A row of the table.
   *
   * @param series which of the measured
   * @param microBatch examples that one thread computes at a time; none for the peak
   * @param products which of the measured are the two products with as many examples
   */
  private record Row(int series, String microBatch, int products) {}

  private static final List<Row> ROWS =
      List.of(
          new Row(0, "", 1),
          new Row(1, "128", 1),
          new Row(2, "128", 1),
          new Row(3, "64", 3),
          new Row(4, "64", 3),
          new Row(5, "128", 1),
          new Row(6, "64", 3));

  /** In the order of the entries. */
  @Override
  public Table table(List<Series> measured) {
    List<String> notes = new ArrayList<>();
    notes.add(Interleaved.note(measured));
    notes.add(
        "Model operations: those of the products that a step needs, a multiplication and an addition"
            + " a weight, three times (forward, gradient of the weights, gradient of the input), in"
            + " the first layer twice.");
    notes.add(
        "The share is of one thread's peak, and the time is beside the two products with as many"
            + " examples on one thread; two threads can reach twice that, or less where the cores share"
            + " what they compute with.");
    notes.add("Of a batch of 128, each of two workers computes 64 examples at a time.");
    measured.stream().map(series -> series.contender().note()).distinct().forEach(notes::add);
    return new Table(
        List.of(
            "what",
            "examples at a time",
            "examples/s",
            "share of the peak",
            "time to that of the two products"),
        ROWS.stream().map(row -> cells(row, measured)).toList(),
        notes);
  }

  private static List<String> cells(Row row, List<Series> measured) {
    Series series = measured.get(row.series());
    return List.of(
        series.contender().name(),
        row.microBatch(),
        series.spread(Run::examplesPerSecond).text("%,.0f"),
        series.ratio(measured.get(0), Run::examplesPerSecond).text("%.2f"),
        measured.get(row.products()).ratio(series, Run::examplesPerSecond).text("%.2f"));
  }
}
