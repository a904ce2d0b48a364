package dev.lockstep.benchmarks.suite;

import dev.lockstep.benchmarks.contender.Contender;
import dev.lockstep.benchmarks.contender.Lockstep;
import dev.lockstep.benchmarks.contender.LockstepCommand;
import dev.lockstep.benchmarks.contender.Run;
import dev.lockstep.benchmarks.measure.Entry;
import dev.lockstep.benchmarks.measure.Series;
import dev.lockstep.benchmarks.measure.Spread;
import dev.lockstep.benchmarks.measure.Table;
import dev.lockstep.config.EngineChoice;
import dev.lockstep.coordinator.Averaging.Gradients;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.LongStream;
import org.apache.spark.api.java.JavaSparkContext;

/**
 * What accuracy a shipped configuration reaches with one seed and the next.
 *
 * @param file the configuration in {@code conf/}
 * @param measurements how many seeds, from 1 on
 * @param command whether {@code lockstep train} is measured, or else in this process either engine,
 *     and the training as shipped but with Keras' default for rho, 0.9
 */
record Seeds(String name, String title, String file, int measurements, boolean command)
    implements Suite {
  private static final int WORKERS = 2;
  private static final int SEEDS = 5;
  private static final int WARM_UP_BATCHES = 100;

  static final Seeds ENGINES =
      new Seeds(
          "seeds",
          "Accuracy with other seeds, with either engine, and with Keras' default rho:"
              + " conf/mnist-mlp.yaml, local[2]",
          Tasks.MLP,
          SEEDS,
          false);
  static final Seeds CNN = ofCommand("cnn", Tasks.CNN);
  static final Seeds MNIST_99 = ofCommand("mnist-99", Tasks.MNIST_99);

  private static Seeds ofCommand(String name, String file) {
    return new Seeds(
        name,
        "Accuracy and time: `lockstep train`, conf/%s, local[2]".formatted(file),
        file,
        SEEDS,
        true);
  }

  @Override
  public int slots() {
    return WORKERS;
  }

  @Override
  public List<Entry> entries(JavaSparkContext spark, Tasks tasks, int measurements) {
    if (command) {
      return List.of(
          new Entry(
              new LockstepCommand(WORKERS),
              Optional.empty(),
              seeds(measurements).mapToObj(seed -> tasks.command(file, seed)).toList()));
    }
    return List.of(
        entry(tasks, measurements, lockstep(spark, EngineChoice.FUSED, Optional.empty())),
        entry(tasks, measurements, lockstep(spark, EngineChoice.DL4J, Optional.empty())),
        entry(
            tasks,
            measurements,
            lockstep(spark, EngineChoice.FUSED, Optional.of("rho 0.9")),
            "training.optimizer.rho=0.9"));
  }

  private static Lockstep lockstep(
      JavaSparkContext spark, EngineChoice engine, Optional<String> setting) {
    return new Lockstep(spark, engine, new Gradients(), WORKERS, setting);
  }

  private Entry entry(Tasks tasks, int measurements, Lockstep lockstep, String... settings) {
    return new Entry(
        lockstep,
        Optional.of(tasks.batches(file, WARM_UP_BATCHES, settings)),
        seeds(measurements).mapToObj(seed -> tasks.training(file, seed, settings)).toList());
  }

  private static LongStream seeds(int measurements) {
    return LongStream.rangeClosed(1, measurements);
  }

  /** One row a seed, and one of their medians; the columns of one contender after the other. */
  @Override
  public Table table(List<Series> measured) {
    List<String> columns = new ArrayList<>(List.of("seed"));
    measured.forEach(series -> columns.addAll(columns(series.contender())));
    List<List<String>> rows = new ArrayList<>();
    for (int i = 0; i < measured.get(0).runs().size(); i++) {
      int seed = i;
      rows.add(
          row(
              Integer.toString(seed + 1),
              measured.stream()
                  .map(all -> new Series(all.contender(), List.of(all.runs().get(seed))))
                  .toList()));
    }
    rows.add(row("median", measured));
    return new Table(columns, rows, notes(measured));
  }

  private List<String> columns(Contender contender) {
    List<String> columns = new ArrayList<>();
    columns.add(contender.name() + ": test accuracy");
    columns.add("seconds of training");
    if (command) {
      columns.add("seconds of the command");
    }
    return columns;
  }

  private List<String> row(String seed, List<Series> measured) {
    List<String> cells = new ArrayList<>(List.of(seed));
    for (Series series : measured) {
      cells.add(series.spread(Run::testAccuracy).text("%.4f"));
      cells.add(series.spread(Run::seconds).text("%.1f"));
      if (command) {
        cells.add(series.spread(run -> run.commandSeconds().orElse(Double.NaN)).text("%.1f"));
      }
    }
    return cells;
  }

  private List<String> notes(List<Series> measured) {
    List<String> notes = new ArrayList<>();
    if (!command) {
      notes.add(
          "Median test accuracy of the first less that of the second: %s."
              .formatted(
                  Spread.of(accuracy(measured.get(0)) - accuracy(measured.get(1)))
                      .medianText("%+.4f")));
    }
    measured.stream().map(series -> series.contender().note()).distinct().forEach(notes::add);
    return notes;
  }

  private static double accuracy(Series series) {
    return series.spread(Run::testAccuracy).median();
  }
}
