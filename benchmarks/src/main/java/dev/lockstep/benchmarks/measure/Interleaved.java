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
   * Has every contender train {@code warmUp}, which is not counted, and then each of {@code tasks}.
   *
   * @return one series a contender, in their order
   * @throws IllegalStateException if a contender learned from more or fewer examples than its task
   *     has
   */
  public static List<Series> measure(List<Contender> contenders, Task warmUp, List<Task> tasks)
      throws InterruptedException {
    for (Contender contender : contenders) {
      train(contender, warmUp, "warm-up");
    }
    List<List<Run>> runs = new ArrayList<>();
    contenders.forEach(contender -> runs.add(new ArrayList<>()));
    for (int task = 0; task < tasks.size(); task++) {
      for (int c = 0; c < contenders.size(); c++) {
        String measurement = "measurement %d of %d".formatted(task + 1, tasks.size());
        runs.get(c).add(train(contenders.get(c), tasks.get(task), measurement));
      }
    }
    List<Series> series = new ArrayList<>();
    for (int c = 0; c < contenders.size(); c++) {
      series.add(new Series(contenders.get(c), runs.get(c)));
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
