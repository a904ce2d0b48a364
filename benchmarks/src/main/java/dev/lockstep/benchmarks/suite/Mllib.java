package dev.lockstep.benchmarks.suite;

import dev.lockstep.benchmarks.contender.Lockstep;
import dev.lockstep.benchmarks.contender.MllibPerceptron;
import dev.lockstep.benchmarks.contender.Run;
import dev.lockstep.benchmarks.contender.Task;
import dev.lockstep.benchmarks.measure.Entry;
import dev.lockstep.benchmarks.measure.Interleaved;
import dev.lockstep.benchmarks.measure.Series;
import dev.lockstep.benchmarks.measure.Table;
import dev.lockstep.config.EngineChoice;
import dev.lockstep.coordinator.Averaging.Gradients;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.apache.spark.api.java.JavaSparkContext;

/** What Spark's own perceptron reaches in which time. */
final class Mllib implements Suite {
  private static final int WORKERS = 2;

  /** Hidden units and iterations: the network of Lockstep, and one that is nearer in time. */
  private record Setting(int units, int iterations) {
    String network() {
      return ("network={layers: [{dense: {units: %d, activation: sigmoid}},"
              + " {dense: {units: 10, activation: softmax}}], loss: categorical_crossentropy}")
          .formatted(units);
    }
  }

  private static final List<Setting> SETTINGS =
      List.of(
          new Setting(512, 5),
          new Setting(64, 20),
          new Setting(64, 40),
          new Setting(64, 80),
          new Setting(64, 160));

  private static final int WARM_UP_ITERATIONS = 2;
  private static final List<Double> WANTED = List.of(0.9, 0.95, 0.97);

  @Override
  public String name() {
    return "mllib";
  }

  @Override
  public String title() {
    return "Beside Spark MLlib's perceptron: 50,000 examples of MNIST, local[2]";
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
    entries.add(
        new Entry(
            new Lockstep(spark, EngineChoice.FUSED, new Gradients(), WORKERS),
            Optional.of(tasks.batches(Tasks.MLP, 100)),
            Collections.nCopies(measurements, tasks.training(Tasks.MLP, 1))));
    for (Setting setting : SETTINGS) {
      entries.add(
          new Entry(
              new MllibPerceptron(spark, WORKERS),
              Optional.of(task(tasks, setting, WARM_UP_ITERATIONS)),
              Collections.nCopies(measurements, task(tasks, setting, setting.iterations()))));
    }
    return entries;
  }

  private static Task task(Tasks tasks, Setting setting, int iterations) {
    return tasks.training(Tasks.MLP, 1, setting.network(), "training.epochs=" + iterations);
  }

  /** Lockstep comes first, then MLlib with each of the settings. */
  @Override
  public Table table(List<Series> measured) {
    List<String> columns =
        new ArrayList<>(List.of("contender", "seconds", "test accuracy", "validation accuracy"));
    WANTED.forEach(accuracy -> columns.add("seconds to " + accuracy + " on validation"));
    return new Table(
        columns,
        IntStream.range(0, measured.size()).mapToObj(i -> row(i, measured.get(i))).toList(),
        List.of(
            Interleaved.note(measured),
            "Not the same training: Lockstep's has rectifiers, dropout and RMSProp on batches of 128;"
                + " what both share are the examples, the processor and the accuracy asked for. That"
                + " is why it is a suite of its own.",
            "Lockstep's seconds to an accuracy end with the first epoch that has it. MLlib does not tell"
                + " how it stands between its iterations: each row is a training of its own, whose"
                + " seconds count where its end has the accuracy.",
            measured.get(0).contender().note(),
            measured.get(measured.size() - 1).contender().note()));
  }

  private static List<String> row(int place, Series series) {
    String what =
        place == 0
            ? ", 784-512-10"
            : ", 784-%d-10, %d iterations"
                .formatted(SETTINGS.get(place - 1).units(), SETTINGS.get(place - 1).iterations());
    List<String> cells = new ArrayList<>();
    cells.add(series.contender().name() + what);
    cells.add(series.spread(Run::seconds).text("%.1f"));
    cells.add(series.spread(Run::testAccuracy).text("%.4f"));
    cells.add(series.spread(Run::validationAccuracy).text("%.4f"));
    for (double wanted : WANTED) {
      cells.add(series.spread(run -> run.secondsTo(wanted)).text("%.1f"));
    }
    return cells;
  }
}
