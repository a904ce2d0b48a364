package dev.lockstep.benchmarks.suite;

import dev.lockstep.benchmarks.contender.Contender;
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
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.apache.spark.api.java.JavaSparkContext;

/**
 * How near a training step comes to what the processor can do: the model's operations a second as a
 * share of the rate of a large matrix product ("model FLOPs utilisation").
 */
final class Peak implements Suite {
  private static final int WORKERS = 2;
  private static final String MLP = "mlp-512";
  private static final String LENET = "lenet";

  @Override
  public String name() {
    return "peak";
  }

  @Override
  public String title() {
    return "The share of the processor's peak: batches of 128, local[2]";
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
    Task mlp = tasks.batches(Tasks.MLP, 400);
    Task halfMlp = half(tasks, Tasks.MLP, mlp, 400);
    Task lenet = tasks.batches(Tasks.LENET, 50);
    Task halfLenet = half(tasks, Tasks.LENET, lenet, 50);
    Contender engine = new EngineAlone(EngineChoice.FUSED);
    return List.of(
        Entry.of(new MatrixProductPeak(1), mlp, measurements),
        Entry.of(new MatrixProductPeak(WORKERS), mlp, measurements),
        Entry.of(new FirstLayerProducts(1), mlp, measurements),
        Entry.of(engine, mlp, measurements),
        Entry.of(new FirstLayerProducts(1), halfMlp, measurements),
        Entry.of(engine, halfMlp, measurements),
        Entry.of(new FirstLayerProducts(WORKERS), halfMlp, measurements),
        Entry.of(lockstep(spark, 1), mlp, measurements),
        Entry.of(lockstep(spark, WORKERS), mlp, measurements),
        Entry.of(new MatrixProductPeak(1), lenet, measurements),
        Entry.of(new MatrixProductPeak(WORKERS), lenet, measurements),
        Entry.of(engine, lenet, measurements),
        Entry.of(engine, halfLenet, measurements),
        Entry.of(lockstep(spark, 1), lenet, measurements),
        Entry.of(lockstep(spark, WORKERS), lenet, measurements));
  }

  /** As many batches of the size that one of two workers has. */
  private static Task half(Tasks tasks, String file, Task whole, int batches) {
    return tasks.batches(file, batches, "training.batchSize=" + whole.plan().batchSize() / WORKERS);
  }

  private static Lockstep lockstep(JavaSparkContext spark, int workers) {
    return new Lockstep(spark, EngineChoice.FUSED, new Gradients(), workers);
  }

  /**
   * A row of the table.
   *
   * @param microBatch examples that one thread computes at a time; none for the peak
   * @param peak which of the measured is the peak on as many threads
   * @param products which of the measured are the two products with as many examples on as many
   *     threads; none where the first layer is a convolution
   */
  private record Row(String network, String microBatch, int peak, OptionalInt products) {
    static Row mlp(String microBatch, int peak, int products) {
      return new Row(MLP, microBatch, peak, OptionalInt.of(products));
    }

    static Row lenet(String microBatch, int peak) {
      return new Row(LENET, microBatch, peak, OptionalInt.empty());
    }
  }

  /** In the order of the entries. */
  private static final List<Row> ROWS =
      List.of(
          Row.mlp("", 0, 2),
          Row.mlp("", 1, 6),
          Row.mlp("128", 0, 2),
          Row.mlp("128", 0, 2),
          Row.mlp("64", 0, 4),
          Row.mlp("64", 0, 4),
          Row.mlp("64", 1, 6),
          Row.mlp("128", 0, 2),
          Row.mlp("64", 1, 6),
          Row.lenet("", 9),
          Row.lenet("", 10),
          Row.lenet("128", 9),
          Row.lenet("64", 9),
          Row.lenet("128", 9),
          Row.lenet("64", 10));

  /** In the order of the entries. */
  @Override
  public Table table(List<Series> measured) {
    List<String> notes = new ArrayList<>();
    notes.add(Interleaved.note(measured));
    notes.add(
        "Model operations: those of the products that a step needs, a multiplication and an addition"
            + " each time that a weight is used, three times (forward, gradient of the weights,"
            + " gradient of the input), in the first layer twice.");
    notes.add(
        "The share is of the peak on as many threads, and the time is beside the two products with as"
            + " many examples on as many threads.");
    notes.add("Of a batch of 128, each of two workers computes 64 examples at a time.");
    measured.stream().map(series -> series.contender().note()).distinct().forEach(notes::add);
    return new Table(
        List.of(
            "network",
            "what",
            "examples at a time",
            "examples/s",
            "share of the peak",
            "time to that of the two products"),
        IntStream.range(0, ROWS.size()).mapToObj(i -> cells(ROWS.get(i), i, measured)).toList(),
        notes);
  }

  private static List<String> cells(Row row, int at, List<Series> measured) {
    Series series = measured.get(at);
    return List.of(
        row.network(),
        series.contender().name(),
        row.microBatch(),
        series.spread(Run::examplesPerSecond).text("%,.0f"),
        series.ratio(measured.get(row.peak()), Run::examplesPerSecond).text("%.2f"),
        row.products().isEmpty()
            ? ""
            : measured
                .get(row.products().getAsInt())
                .ratio(series, Run::examplesPerSecond)
                .text("%.2f"));
  }
}
