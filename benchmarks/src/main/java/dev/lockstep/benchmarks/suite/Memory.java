package dev.lockstep.benchmarks.suite;

import dev.lockstep.benchmarks.contender.Lockstep;
import dev.lockstep.benchmarks.contender.Run;
import dev.lockstep.benchmarks.measure.Entry;
import dev.lockstep.benchmarks.measure.Series;
import dev.lockstep.benchmarks.measure.Spread;
import dev.lockstep.benchmarks.measure.Table;
import dev.lockstep.config.EngineChoice;
import dev.lockstep.coordinator.Averaging.Gradients;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.spark.api.java.JavaSparkContext;

/** Whether a process grows while it trains. */
final class Memory implements Suite {
  private static final int WORKERS = 2;
  private static final int MEBIBYTE = 1 << 20;
  private static final List<Integer> EPOCHS = List.of(2, 20);

  @Override
  public String name() {
    return "memory";
  }

  @Override
  public String title() {
    return "Resident size: conf/mnist-mlp.yaml, driver and two workers in one process, local[2]";
  }

  @Override
  public int slots() {
    return WORKERS;
  }

  @Override
  public int measurements() {
    return 2;
  }

  @Override
  public List<Entry> entries(JavaSparkContext spark, Tasks tasks, int measurements) {
    Lockstep lockstep = new Lockstep(spark, EngineChoice.FUSED, new Gradients(), WORKERS);
    return EPOCHS.stream()
        .map(epochs -> tasks.training(Tasks.MLP, 1, "training.epochs=" + epochs))
        .map(task -> Entry.of(lockstep, task, measurements))
        .toList();
  }

  /** One row a measurement: they follow each other in one process. */
  @Override
  public Table table(List<Series> measured) {
    int measurements = measured.get(0).runs().size();
    return new Table(
        List.of(
            "measurement",
            "MiB after %d epochs".formatted(EPOCHS.get(0)),
            "MiB after %d epochs".formatted(EPOCHS.get(1)),
            "growth, MiB"),
        IntStream.range(0, measurements).mapToObj(m -> row(m, measured)).toList(),
        List.of(
            "All trainings run one after the other in one process, after both as a warm-up; what is"
                + " left of one is still there after the next.",
            "Resident is what the system counts (VmRSS), after a collection of garbage: code, heap,"
                + " natives, MNIST's 60,000 training and 10,000 test images, and the vectors."));
  }

  private static List<String> row(int measurement, List<Series> measured) {
    double few = mebibytes(measured.get(0).runs().get(measurement));
    double many = mebibytes(measured.get(1).runs().get(measurement));
    return List.of(
        Integer.toString(measurement + 1),
        Spread.of(few).medianText("%,.0f"),
        Spread.of(many).medianText("%,.0f"),
        Spread.of(many - few).medianText("%,.0f"));
  }

  private static double mebibytes(Run run) {
    return run.residentBytes().isPresent()
        ? (double) run.residentBytes().getAsLong() / MEBIBYTE
        : Double.NaN;
  }
}
