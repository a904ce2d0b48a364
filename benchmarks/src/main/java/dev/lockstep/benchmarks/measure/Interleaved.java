package dev.lockstep.benchmarks.measure;

import dev.lockstep.benchmarks.contender.Contender;
import dev.lockstep.benchmarks.contender.Run;
import dev.lockstep.benchmarks.contender.Task;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The measuring loop: every contender in turn, then all of them again, so that whatever slows the
 * machine for a while slows them all.
 */
public final class Interleaved {
  private static final Logger LOG = LoggerFactory.getLogger(Interleaved.class);

  private Interleaved() {}

  /**
   * Has every contender warm up, which is not counted, and then train its tasks in turn with the
   * others. At the end, however it comes, all are closed.
   *
   * @param entries with as many tasks each
   * @return one series a contender, in their order
   * @throws IllegalStateException if a contender learned from more or fewer examples than its task
   *     has
   */
  public static List<Series> measure(List<Entry> entries) throws InterruptedException {
    try {
      return measureAll(entries);
    } finally {
      entries.forEach(entry -> entry.contender().close());
    }
  }

  private static List<Series> measureAll(List<Entry> entries) throws InterruptedException {
    for (Entry entry : entries) {
      if (entry.warmUp().isPresent()) {
        train(entry.contender(), entry.warmUp().get(), "warm-up");
      }
    }
    int measurements = entries.get(0).tasks().size();
    List<List<Run>> runs = new ArrayList<>();
    entries.forEach(entry -> runs.add(new ArrayList<>()));
    for (int m = 0; m < measurements; m++) {
      for (int e = 0; e < entries.size(); e++) {
        String measurement = "measurement %d of %d".formatted(m + 1, measurements);
        Entry entry = entries.get(e);
        runs.get(e).add(train(entry.contender(), entry.tasks().get(m), measurement));
      }
    }
    List<Series> series = new ArrayList<>();
    for (int e = 0; e < entries.size(); e++) {
      series.add(new Series(entries.get(e).contender(), runs.get(e)));
    }
    return series;
  }

  /** How {@link #measure} came to the figures of {@code measured}, in one sentence. */
  public static String note(List<Series> measured) {
    int measurements = measured.get(0).runs().size();
    return measurements == 1
        ? "One measurement of each, after a warm-up that is left out."
        : "Medians (least-most) of %d measurements of each, taken in turn after a warm-up that is left out."
            .formatted(measurements);
  }

  private static Run train(Contender contender, Task task, String what)
      throws InterruptedException {
    Run run = contender.train(task);
    if (run.examples() != task.examples()) {
      throw new IllegalStateException(
          "%s learned from %d examples but the task has %d"
              .formatted(contender.name(), run.examples(), task.examples()));
    }
    LOG.info(
        "{}: {}: {} examples in {} s, validation accuracy {}, test accuracy {}",
        what,
        contender.name(),
        run.examples(),
        Spread.of(run.seconds()).medianText("%.2f"),
        Spread.of(run.validationAccuracy()).medianText("%.4f"),
        Spread.of(run.testAccuracy()).medianText("%.4f"));
    return run;
  }
}
