package dev.lockstep.benchmarks.suite;

import dev.lockstep.benchmarks.contender.Dl4jFit;
import dev.lockstep.benchmarks.contender.Dl4jSpark;
import dev.lockstep.benchmarks.contender.ForkedContender;
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
import dev.lockstep.coordinator.RoundSummary;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.api.java.JavaSparkContext;

/**
 * What a step costs that is averaged over two workers, and where its time goes, beside the rivals.
 * The slower ones are measured on fewer batches.
 *
 * @param file the configuration in {@code conf/}
 * @param batches of the fast ones
 * @param fewer of DL4J in one process
 * @param fewest of DL4J on Spark that averages at every minibatch
 */
record Step(String name, String file, int batches, int fewer, int fewest) implements Suite {
  private static final int WORKERS = 2;
  private static final int FREQUENCY = 10;

  static final Step MLP = new Step("step", Tasks.MLP, 400, 100, 40);
  static final Step LENET = new Step("lenet", Tasks.LENET, 50, 10, 10);

  @Override
  public String title() {
    return "A step: conf/%s, batches of 128, averaged at every step, local[2]".formatted(file);
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
    Task task = tasks.batches(file, batches);
    Task shorter = tasks.batches(file, fewer);
    Task shortest = tasks.batches(file, fewest);
    List<Entry> entries = new ArrayList<>();
    entries.add(Entry.of(lockstep(spark, EngineChoice.FUSED), task, measurements));
    entries.add(Entry.of(lockstep(spark, EngineChoice.DL4J), shorter, measurements));
    entries.add(
        Entry.of(Dl4jSpark.parameterAveraging(spark, FREQUENCY, WORKERS), shorter, measurements));
    entries.add(Entry.of(Dl4jSpark.parameterAveraging(spark, 1, WORKERS), shortest, measurements));
    entries.add(Entry.of(new Dl4jFit(), shorter, measurements));
    for (int threads = 1; threads <= WORKERS; threads++) {
      entries.add(Entry.of(ForkedContender.tensorFlow(threads), task, measurements));
      entries.add(Entry.of(ForkedContender.pyTorch(threads), task, measurements));
    }
    return entries;
  }

  private static Lockstep lockstep(JavaSparkContext spark, EngineChoice engine) {
    return new Lockstep(spark, engine, new Gradients(), WORKERS);
  }

  @Override
  public Table table(List<Series> measured) {
    double first = measured.get(0).spread(Run::examplesPerSecond).median();
    List<List<String>> rows = new ArrayList<>();
    for (Series series : measured) {
      Spread speed = series.spread(Run::examplesPerSecond);
      rows.add(
          List.of(
              series.contender().name(),
              speed.text("%,.0f"),
              Spread.of(first / speed.median()).medianText("%.2f"),
              series.spread(Run::examples).medianText("%,.0f"),
              series.rounds(RoundSummary::computeMillis).text("%.2f"),
              series.rounds(RoundSummary::waitMillis).text("%.2f"),
              series.rounds(RoundSummary::updateMillis).text("%.2f")));
    }
    List<String> notes = new ArrayList<>();
    notes.add(Interleaved.note(measured));
    measured.stream().map(series -> series.contender().note()).distinct().forEach(notes::add);
    return new Table(
        List.of(
            "contender",
            "examples/s",
            "first to this",
            "examples each time",
            "engine, ms a step",
            "waiting for the slower worker, ms",
            "reduce, update and publish, ms"),
        rows,
        notes);
  }
}
