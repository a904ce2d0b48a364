package dev.lockstep.benchmarks.suite;

import dev.lockstep.benchmarks.contender.Dl4jSpark;
import dev.lockstep.benchmarks.contender.Dl4jSpark.Master;
import dev.lockstep.benchmarks.contender.Run;
import dev.lockstep.benchmarks.contender.Task;
import dev.lockstep.benchmarks.measure.Entry;
import dev.lockstep.benchmarks.measure.Interleaved;
import dev.lockstep.benchmarks.measure.Series;
import dev.lockstep.benchmarks.measure.Spread;
import dev.lockstep.benchmarks.measure.Table;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import org.apache.spark.api.java.JavaSparkContext;

/** What a program for DL4J on Spark gains when one line of it names another training master. */
final class TrainingMasters implements Suite {
  private static final int WORKERS = 2;
  private static final int FREQUENCY = 10;
  private static final int BATCHES = 100;
  private static final int FEWER = 40;

  @Override
  public String name() {
    return "training-master";
  }

  @Override
  public String title() {
    return "One program for DL4J on Spark, two training masters: conf/%s, batches of 128, local[2]"
        .formatted(Tasks.MLP);
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
    Task task = tasks.batches(Tasks.MLP, BATCHES);
    Task shorter = tasks.batches(Tasks.MLP, FEWER);
    OptionalInt often = OptionalInt.of(1);
    OptionalInt seldom = OptionalInt.of(FREQUENCY);
    return List.of(
        Entry.of(program(spark, Master.DL4J, seldom), task, measurements),
        Entry.of(program(spark, Master.LOCKSTEP, seldom), task, measurements),
        Entry.of(program(spark, Master.DL4J, often), shorter, measurements),
        Entry.of(program(spark, Master.LOCKSTEP, often), task, measurements),
        Entry.of(program(spark, Master.LOCKSTEP, OptionalInt.empty()), task, measurements));
  }

  private static Dl4jSpark program(JavaSparkContext spark, Master master, OptionalInt frequency) {
    return new Dl4jSpark(spark, master, frequency, WORKERS);
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
              Spread.of(speed.median() / first).medianText("%.2f"),
              series.spread(Run::examples).medianText("%,.0f")));
    }
    List<String> notes = new ArrayList<>();
    notes.add(Interleaved.note(measured));
    measured.stream().map(series -> series.contender().note()).distinct().forEach(notes::add);
    return new Table(
        List.of("contender", "examples/s", "this to the first", "examples each time"), rows, notes);
  }
}
