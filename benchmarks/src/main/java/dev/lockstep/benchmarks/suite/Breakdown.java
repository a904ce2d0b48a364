package dev.lockstep.benchmarks.suite;

import dev.lockstep.benchmarks.contender.EngineAlone;
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

/** Where the time of a step goes, for each network. */
final class Breakdown implements Suite {
  private static final int WORKERS = 2;
  private static final int BATCH = 128;
  private static final int ENTRIES = 3;

  @Override
  public String name() {
    return "breakdown";
  }

  @Override
  public String title() {
    return "Where a step's time goes: batches of 128, `fused`, averaged at every step, local[2]";
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
    List<Entry> entries = new ArrayList<>();
    entries.addAll(entries(spark, tasks, measurements, Tasks.MLP, 400));
    entries.addAll(entries(spark, tasks, measurements, Tasks.LENET, 50));
    return entries;
  }

  /** The engine has half a batch, as each of two workers. */
  private static List<Entry> entries(
      JavaSparkContext spark, Tasks tasks, int measurements, String file, int batches) {
    Task part = tasks.batches(file, batches, "training.batchSize=" + BATCH / WORKERS);
    return List.of(
        Entry.of(new EngineAlone(EngineChoice.FUSED, true), part, measurements),
        Entry.of(new EngineAlone(EngineChoice.FUSED, false), part, measurements),
        Entry.of(
            new Lockstep(spark, EngineChoice.FUSED, new Gradients(), WORKERS),
            tasks.batches(file, batches),
            measurements));
  }

  /** For each network forward pass, gradient and training, in this order. */
  @Override
  public Table table(List<Series> measured) {
    List<List<String>> rows = new ArrayList<>();
    rows.add(row("mlp-512", measured.subList(0, ENTRIES)));
    rows.add(row("lenet", measured.subList(ENTRIES, 2 * ENTRIES)));
    return new Table(
        List.of(
            "network, ms a step",
            "forward alone",
            "backward alone",
            "engine among workers",
            "waiting for the slower worker",
            "reduce, update and publish",
            "whole step"),
        rows,
        List.of(
            Interleaved.note(measured),
            "Alone: one engine on one thread with the 64 examples of one of two workers; backward is"
                + " a gradient less a prediction of as many examples, which has no dropout.",
            "Among workers it also fills its batch from bytes, and two of them share the memory.",
            "The whole step is the wall-clock time over the steps, the start of the Spark job"
                + " included."));
  }

  private static List<String> row(String network, List<Series> series) {
    double forward = series.get(0).spread(run -> stepMillis(run, BATCH / WORKERS)).median();
    double gradient = series.get(1).spread(run -> stepMillis(run, BATCH / WORKERS)).median();
    Series training = series.get(2);
    return List.of(
        network,
        Spread.of(forward).medianText("%.2f"),
        Spread.of(gradient - forward).medianText("%.2f"),
        training.rounds(RoundSummary::computeMillis).text("%.2f"),
        training.rounds(RoundSummary::waitMillis).text("%.2f"),
        training.rounds(RoundSummary::updateMillis).text("%.2f"),
        training.spread(run -> stepMillis(run, BATCH)).text("%.2f"));
  }

  private static double stepMillis(Run run, int batch) {
    return 1e3 * batch / run.examplesPerSecond();
  }
}
