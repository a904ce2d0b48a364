package dev.lockstep.benchmarks.suite;

import dev.lockstep.benchmarks.contender.Lockstep;
import dev.lockstep.benchmarks.contender.Run;
import dev.lockstep.benchmarks.measure.Entry;
import dev.lockstep.benchmarks.measure.Interleaved;
import dev.lockstep.benchmarks.measure.Series;
import dev.lockstep.benchmarks.measure.Spread;
import dev.lockstep.benchmarks.measure.Table;
import dev.lockstep.config.EngineChoice;
import dev.lockstep.coordinator.Averaging.Gradients;
import dev.lockstep.coordinator.RoundSummary;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.apache.spark.api.java.JavaSparkContext;

/**
 * Lockstep on {@code conf/mnist-mlp.yaml} with one setting at several values.
 *
 * @param what the setting, in words
 * @param values of it
 * @param setting {@code key=value} for one of them
 * @param batches of one of them
 */
record Sweep(
    String name,
    String title,
    String what,
    List<Integer> values,
    IntFunction<String> setting,
    IntFunction<Integer> batches)
    implements Suite {
  private static final int WORKERS = 2;
  private static final int NONE = 0;
  private static final int PIXELS = 784;
  private static final int CLASSES = 10;

  static final Sweep BATCH_SIZES =
      new Sweep(
          "batch-size",
          "Other batch sizes: mlp-512, averaged at every step, local[2]",
          "batch size",
          List.of(32, 64, 128, 256, 512, 1024),
          size -> "training.batchSize=" + size,
          size -> 51_200 / size);

  static final Sweep PARAMETERS =
      new Sweep(
          "parameters",
          "More parameters: 784-units-10, batches of 128, averaged at every step, local[2]",
          "hidden units",
          List.of(128, 512, 1024, 2048, 4096),
          units ->
              ("network={layers: [{dense: {units: %d, activation: relu}}, {dropout: {rate: 0.3}},"
                      + " {dense: {units: 10, activation: softmax}}],"
                      + " loss: categorical_crossentropy}")
                  .formatted(units),
          units -> Math.min(400, 409_600 / units));

  static final Sweep MICRO_BATCHES =
      new Sweep(
          "micro-batches",
          "The same bits for every number of workers: mlp-512, batches of 128, local[2]",
          "microBatches",
          List.of(NONE, 2, 4, 8, 16),
          count -> "training.microBatches=" + (count == NONE ? "null" : count),
          count -> 400);

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
    Lockstep lockstep = new Lockstep(spark, EngineChoice.FUSED, new Gradients(), WORKERS);
    return values.stream()
        .map(value -> tasks.batches(Tasks.MLP, batches.apply(value), setting.apply(value)))
        .map(task -> Entry.of(lockstep, task, measurements))
        .toList();
  }

  /** One row a value, in their order. */
  @Override
  public Table table(List<Series> measured) {
    List<List<String>> rows =
        IntStream.range(0, measured.size())
            .mapToObj(i -> row(values.get(i), measured.get(i), measured.get(0)))
            .toList();
    List<String> notes = new ArrayList<>();
    notes.add(Interleaved.note(measured));
    if (this.equals(PARAMETERS)) {
      notes.add(
          "With u hidden units there are %d u + %d parameters."
              .formatted(PIXELS + 1 + CLASSES, CLASSES));
    }
    if (this.equals(MICRO_BATCHES)) {
      notes.add(
          "Each of two workers has one micro-batch where there are 2, which is the computation without"
              + " microBatches: how far its ratio is from 1 is how far chance reaches here.");
    }
    notes.add(
        "The ratio to the first is that of the two measurements which followed each other, each time.");
    notes.add(measured.get(0).contender().note());
    return new Table(
        List.of(
            what,
            "examples/s",
            "this to first",
            "engine, ms a step",
            "waiting for the slower worker, ms",
            "reduce, update and publish, ms"),
        rows,
        notes);
  }

  private static List<String> row(int value, Series series, Series first) {
    Spread speed = series.spread(Run::examplesPerSecond);
    return List.of(
        value == NONE ? "one a worker" : Integer.toString(value),
        speed.text("%,.0f"),
        series.ratio(first, Run::examplesPerSecond).text("%.2f"),
        series.rounds(RoundSummary::computeMillis).text("%.2f"),
        series.rounds(RoundSummary::waitMillis).text("%.2f"),
        series.rounds(RoundSummary::updateMillis).text("%.2f"));
  }
}
