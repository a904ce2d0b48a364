package dev.lockstep.benchmarks.suite;

import dev.lockstep.benchmarks.contender.Lockstep;
import dev.lockstep.benchmarks.contender.Run;
import dev.lockstep.benchmarks.contender.Task;
import dev.lockstep.benchmarks.measure.Entry;
import dev.lockstep.benchmarks.measure.Interleaved;
import dev.lockstep.benchmarks.measure.Series;
import dev.lockstep.benchmarks.measure.Table;
import dev.lockstep.config.EngineChoice;
import dev.lockstep.coordinator.Averaging.Gradients;
import dev.lockstep.coordinator.RoundSummary;
import dev.lockstep.coordinator.UpdateParts;
import dev.lockstep.engine.EngineStages;
import dev.lockstep.engine.EngineStages.Part;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.api.java.JavaSparkContext;

/** Where the time of a step goes, for each network. */
final class Breakdown implements Suite {
  private static final int WORKERS = 2;
  private static final int BATCH = 128;
  private static final int ENGINE_PARTS = Part.values().length;
  private static final int ENTRIES = ENGINE_PARTS + UpdateParts.Part.values().length + 1;

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
    Task half = tasks.batches(file, batches, "training.batchSize=" + BATCH / WORKERS);
    List<Entry> entries = new ArrayList<>();
    Task whole = tasks.batches(file, batches);
    for (Part part : Part.values()) {
      entries.add(Entry.of(new EngineStages(part), half, measurements));
    }
    for (UpdateParts.Part part : UpdateParts.Part.values()) {
      entries.add(Entry.of(new UpdateParts(part, WORKERS), whole, measurements));
    }
    entries.add(
        Entry.of(
            new Lockstep(spark, EngineChoice.FUSED, new Gradients(), WORKERS),
            whole,
            measurements));
    return entries;
  }

  /** For each network forward, loss, backward, reduce, update and training, in this order. */
  @Override
  public Table table(List<Series> measured) {
    List<List<String>> rows = new ArrayList<>();
    rows.add(row("mlp-512", measured.subList(0, ENTRIES)));
    rows.add(row("lenet", measured.subList(ENTRIES, 2 * ENTRIES)));
    return new Table(
        List.of(
            "network, ms a step",
            "forward alone",
            "loss alone",
            "backward alone",
            "reduce alone",
            "update and publish alone",
            "engine among workers",
            "waiting for the slower worker",
            "reduce, update and publish",
            "whole step"),
        rows,
        List.of(
            Interleaved.note(measured),
            "Alone: one engine on one thread with the 64 examples of one of two workers, which computes"
                + " whole gradients with a clock at each stage.",
            "Among workers it also fills its batch from bytes, and two of them share the memory.",
            "Reduce, update and publish are one pass over memory, block by block. Alone, one thread does"
                + " all of it, with a clock at each block; among workers they share the blocks.",
            "The whole step is the wall-clock time over the steps, the start of the Spark job"
                + " included."));
  }

  private static List<String> row(String network, List<Series> series) {
    Series training = series.get(ENTRIES - 1);
    List<String> cells = new ArrayList<>(List.of(network));
    for (int i = 0; i < ENTRIES - 1; i++) {
      int batch = i < ENGINE_PARTS ? BATCH / WORKERS : BATCH;
      cells.add(series.get(i).spread(run -> stepMillis(run, batch)).text("%.2f"));
    }
    cells.add(training.rounds(RoundSummary::computeMillis).text("%.2f"));
    cells.add(training.rounds(RoundSummary::waitMillis).text("%.2f"));
    cells.add(training.rounds(RoundSummary::updateMillis).text("%.2f"));
    cells.add(training.spread(run -> stepMillis(run, BATCH)).text("%.2f"));
    return cells;
  }

  private static double stepMillis(Run run, int batch) {
    return 1e3 * batch / run.examplesPerSecond();
  }
}
