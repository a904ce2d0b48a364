package dev.lockstep.benchmarks.suite;

import dev.lockstep.benchmarks.contender.Contender;
import dev.lockstep.benchmarks.contender.Dl4jFit;
import dev.lockstep.benchmarks.contender.Lockstep;
import dev.lockstep.benchmarks.contender.Run;
import dev.lockstep.benchmarks.contender.Task;
import dev.lockstep.benchmarks.measure.Entry;
import dev.lockstep.benchmarks.measure.Interleaved;
import dev.lockstep.benchmarks.measure.Series;
import dev.lockstep.benchmarks.measure.Table;
import dev.lockstep.config.EngineChoice;
import dev.lockstep.coordinator.Averaging;
import dev.lockstep.coordinator.Averaging.Gradients;
import dev.lockstep.coordinator.Averaging.Parameters;
import dev.lockstep.optimizer.Clipping;
import dev.lockstep.optimizer.LearningRate;
import dev.lockstep.optimizer.Sgd;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.apache.spark.api.java.JavaSparkContext;

/** Which averaging to choose: accuracy against time, beside one process without Spark. */
final class AveragingModes implements Suite {
  private static final int WORKERS = 2;
  private static final double WANTED = 0.97;

  /** DiLoCo's outer optimizer and settings (Douillard et al., 2023). */
  private static final double OUTER_LEARNING_RATE = 0.7;

  private static final double OUTER_MOMENTUM = 0.9;

  private static final Sgd OUTER =
      new Sgd(new LearningRate.Constant(OUTER_LEARNING_RATE), Clipping.NONE, OUTER_MOMENTUM, true);

  @Override
  public String name() {
    return "averaging";
  }

  @Override
  public String title() {
    return "Which averaging to choose: conf/mnist-mlp.yaml, local[2]";
  }

  @Override
  public int slots() {
    return WORKERS;
  }

  @Override
  public int measurements() {
    return 3;
  }

  @Override
  public List<Entry> entries(JavaSparkContext spark, Tasks tasks, int measurements) {
    Optional<Task> warmUp = Optional.of(tasks.batches(Tasks.MLP, 100));
    List<Task> seeds =
        LongStream.rangeClosed(1, measurements)
            .mapToObj(seed -> tasks.training(Tasks.MLP, seed))
            .toList();
    return contenders(spark).stream()
        .map(contender -> new Entry(contender, warmUp, seeds))
        .toList();
  }

  private static List<Contender> contenders(JavaSparkContext spark) {
    List<Contender> contenders = new ArrayList<>();
    contenders.add(new Dl4jFit());
    contenders.add(lockstep(spark, new Gradients(), 1));
    contenders.add(lockstep(spark, new Gradients(), WORKERS));
    for (int interval : new int[] {5, 20, Parameters.EPOCH}) {
      Parameters plain = new Parameters(interval, Optional.empty());
      contenders.add(lockstep(spark, plain, WORKERS));
      contenders.add(lockstep(spark, new Parameters(interval, Optional.of(OUTER)), WORKERS));
    }
    return contenders;
  }

  private static Lockstep lockstep(JavaSparkContext spark, Averaging averaging, int workers) {
    return new Lockstep(spark, EngineChoice.FUSED, averaging, workers);
  }

  @Override
  public Table table(List<Series> measured) {
    List<List<String>> rows = new ArrayList<>();
    for (Series series : measured) {
      rows.add(
          List.of(
              series.contender().name(),
              series.spread(Run::seconds).text("%.1f"),
              series.spread(Run::testAccuracy).text("%.4f"),
              series.spread(run -> run.secondsTo(WANTED)).text("%.1f")));
    }
    return new Table(
        List.of("contender", "seconds", "test accuracy", "seconds to " + WANTED),
        rows,
        notes(measured));
  }

  private static List<String> notes(List<Series> measured) {
    List<String> notes = new ArrayList<>();
    notes.add(Interleaved.note(measured));
    notes.add("The first measurement is of seed 1, the next of seed 2 and so on.");
    notes.add(
        "Seconds are those of training, without validation; those to %s end with the first epoch of that validation accuracy."
            .formatted(WANTED));
    notes.add(
        "Outer: SGD with learning rate %s and Nesterov momentum %s on the averaged change of the parameters."
            .formatted(OUTER_LEARNING_RATE, OUTER_MOMENTUM));
    measured.stream().map(series -> series.contender().note()).distinct().forEach(notes::add);
    notes.addAll(verdict(measured));
    return notes;
  }

  /** Whom one process without Spark beats: in time, and in accuracy. */
  private static List<String> verdict(List<Series> measured) {
    Series alone =
        measured.stream()
            .filter(series -> series.contender() instanceof Dl4jFit)
            .findFirst()
            .orElseThrow();
    double seconds = seconds(alone);
    double accuracy = accuracy(alone);
    return List.of(
        verdict(
            "sooner at " + WANTED,
            measured.stream().filter(series -> seconds(series) > seconds).toList()),
        verdict(
            "more accurate in the end",
            measured.stream().filter(series -> accuracy(series) < accuracy).toList()));
  }

  private static double seconds(Series series) {
    return series.spread(run -> run.secondsTo(WANTED)).median();
  }

  private static double accuracy(Series series) {
    return series.spread(Run::testAccuracy).median();
  }

  private static String verdict(String better, List<Series> beaten) {
    String whom =
        beaten.isEmpty()
            ? "none of the others"
            : beaten.stream()
                .map(series -> "_" + series.contender().name() + "_")
                .collect(Collectors.joining("; "));
    return "One process without Spark is %s than: %s.".formatted(better, whom);
  }
}
