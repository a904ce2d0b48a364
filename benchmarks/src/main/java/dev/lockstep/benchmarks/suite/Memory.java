package dev.lockstep.benchmarks.suite;

import dev.lockstep.benchmarks.contender.Lockstep;
import dev.lockstep.benchmarks.contender.ResidentSize;
import dev.lockstep.benchmarks.contender.Run;
import dev.lockstep.benchmarks.measure.Entry;
import dev.lockstep.benchmarks.measure.Interleaved;
import dev.lockstep.benchmarks.measure.Series;
import dev.lockstep.benchmarks.measure.Spread;
import dev.lockstep.benchmarks.measure.Table;
import dev.lockstep.config.EngineChoice;
import dev.lockstep.coordinator.Averaging.Gradients;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToLongFunction;
import java.util.stream.IntStream;
import org.apache.spark.api.java.JavaSparkContext;

/** Whether a process grows while it trains. */
final class Memory implements Suite {
  private static final int WORKERS = 2;
  private static final int MEBIBYTE = 1 << 20;
  private static final List<String> FILES = List.of(Tasks.MLP, Tasks.LENET);
  private static final List<Integer> EPOCHS = List.of(2, 20);

  @Override
  public String name() {
    return "memory";
  }

  @Override
  public String title() {
    return "Resident size: driver and two workers in one process, local[2]";
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
    Lockstep lockstep = new Lockstep(spark, EngineChoice.FUSED, new Gradients(), WORKERS);
    return FILES.stream()
        .flatMap(
            file ->
                EPOCHS.stream().map(epochs -> tasks.training(file, 1, "training.epochs=" + epochs)))
        .map(task -> Entry.of(lockstep, task, measurements))
        .toList();
  }

  /** For each configuration few epochs and many, in this order. */
  @Override
  public Table table(List<Series> measured) {
    List<List<String>> rows = new ArrayList<>();
    for (int i = 0; i < FILES.size(); i++) {
      rows.add(row(FILES.get(i), measured.get(2 * i), measured.get(2 * i + 1)));
    }
    return new Table(
        List.of(
            "configuration",
            "MiB after %d epochs".formatted(EPOCHS.get(0)),
            "most, MiB",
            "MiB after %d epochs".formatted(EPOCHS.get(1)),
            "most, MiB",
            "growth, MiB"),
        rows,
        List.of(
            Interleaved.note(measured),
            "All trainings run one after the other in one process; what is left of one is still there"
                + " after the next.",
            "Resident is what the system counts: after a training and a collection of garbage (VmRSS),"
                + " and the most during the training (VmHWM, counted anew each time): code, heap,"
                + " natives, MNIST's 60,000 training and 10,000 test images, and the vectors."));
  }

  private static List<String> row(String file, Series few, Series many) {
    return List.of(
        file,
        few.spread(run -> mebibytes(run, ResidentSize::bytes)).text("%,.0f"),
        few.spread(run -> mebibytes(run, ResidentSize::peakBytes)).text("%,.0f"),
        many.spread(run -> mebibytes(run, ResidentSize::bytes)).text("%,.0f"),
        many.spread(run -> mebibytes(run, ResidentSize::peakBytes)).text("%,.0f"),
        growth(few, many).text("%,.0f"));
  }

  /** From the shorter training of each measurement to the longer one, which came after it. */
  private static Spread growth(Series few, Series many) {
    return Spread.of(
        IntStream.range(0, few.runs().size())
            .mapToDouble(
                i ->
                    mebibytes(many.runs().get(i), ResidentSize::bytes)
                        - mebibytes(few.runs().get(i), ResidentSize::bytes))
            .toArray());
  }

  private static double mebibytes(Run run, ToLongFunction<ResidentSize> bytes) {
    return run.resident()
        .map(size -> (double) bytes.applyAsLong(size) / MEBIBYTE)
        .orElse(Double.NaN);
  }
}
