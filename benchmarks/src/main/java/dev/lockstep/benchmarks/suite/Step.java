package dev.lockstep.benchmarks.suite;

import dev.lockstep.benchmarks.contender.Contender;
import dev.lockstep.benchmarks.contender.Dl4jFit;
import dev.lockstep.benchmarks.contender.Dl4jParameterAveraging;
import dev.lockstep.benchmarks.contender.Lockstep;
import dev.lockstep.benchmarks.contender.Run;
import dev.lockstep.benchmarks.contender.Task;
import dev.lockstep.benchmarks.measure.Interleaved;
import dev.lockstep.benchmarks.measure.Series;
import dev.lockstep.benchmarks.measure.Spread;
import dev.lockstep.benchmarks.measure.Table;
import dev.lockstep.config.EngineChoice;
import dev.lockstep.coordinator.Averaging.Gradients;
import dev.lockstep.coordinator.RoundSummary;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;
import org.apache.spark.api.java.JavaSparkContext;

/** What a step costs that is averaged over two workers, and where its time goes. */
final class Step implements Suite {
  private static final int WORKERS = 2;
  private static final int BATCHES = 400;

  @Override
  public String name() {
    return "step";
  }

  @Override
  public String title() {
    return "A step: mlp-512, batches of 128, averaged at every step, local[2]";
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
  public List<Contender> contenders(JavaSparkContext spark) {
    return List.of(
        new Lockstep(spark, EngineChoice.FUSED, new Gradients(), WORKERS),
        new Lockstep(spark, EngineChoice.DL4J, new Gradients(), WORKERS),
        new Dl4jParameterAveraging(spark, 1, WORKERS),
        new Dl4jFit());
  }

  @Override
  public Task warmUp(Tasks tasks) {
    return tasks.batches(BATCHES);
  }

  @Override
  public Task task(Tasks tasks, int measurement) {
    return tasks.batches(BATCHES);
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
              rounds(series, RoundSummary::computeMillis),
              rounds(series, RoundSummary::waitMillis),
              rounds(series, RoundSummary::updateMillis)));
    }
    List<String> notes = new ArrayList<>();
    notes.add(Interleaved.note(measured));
    measured.stream().map(series -> series.contender().note()).distinct().forEach(notes::add);
    return new Table(
        List.of(
            "contender",
            "examples/s",
            "first to this",
            "engine, ms a step",
            "waiting for the slower worker, ms",
            "reduce, update and publish, ms"),
        rows,
        notes);
  }

  private static String rounds(Series series, ToDoubleFunction<RoundSummary> millis) {
    return series
        .spread(run -> run.rounds().map(millis::applyAsDouble).orElse(Double.NaN))
        .text("%.2f");
  }
}
