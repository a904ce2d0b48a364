package dev.lockstep.engine;

import dev.lockstep.benchmarks.kernel.ShippedProblem;
import dev.lockstep.benchmarks.measure.Spread;
import dev.lockstep.benchmarks.measure.Table;
import java.util.ArrayList;
import java.util.List;

/**
 * Where the fused engine's time goes: {@code benchmarks/run stages <network> <microBatch>} prints
 * the microseconds of each stage, forward and backward, of a network of {@code conf/networks}. In
 * the engine's own package, whose stages nobody else sees.
 */
public final class StageTimes {
  private static final int WARM_UP = 300;
  private static final int MEASUREMENTS = 300;
  private static final double NANOS = 1e3;

  private StageTimes() {}

  /** Prints the table. */
  public static void main(String[] arguments) {
    if (arguments.length != 2) {
      System.err.println("usage: stages <network of conf/networks> <micro-batch>");
      System.exit(2);
    }
    String network = arguments[0];
    int microBatch = Integer.parseInt(arguments[1]);
    System.out.print(table(ShippedProblem.of(network, microBatch)).markdown());
  }

  private static Table table(ShippedProblem problem) {
    int capacity = problem.batch().capacity();
    TimedEngine engine =
        new TimedEngine(problem.network(), 1, problem.parameters(), problem.gradient(), capacity);
    List<Stage> stages = engine.stages();
    double[][] times = measure(problem, engine);
    List<List<String>> rows = new ArrayList<>();
    for (int i = 0; i < stages.size(); i++) {
      rows.add(
          List.of(
              stages.get(i).getClass().getSimpleName(),
              Spread.of(times[i]).text("%.0f"),
              Spread.of(times[stages.size() + i]).text("%.0f")));
    }
    double[] totals = times[2 * stages.size()];
    return new Table(
        List.of("stage", "forward, microseconds", "backward, microseconds"),
        rows,
        List.of(
            "Medians (least-most) of %d steps of %d examples after %d that are left out."
                .formatted(MEASUREMENTS, capacity, WARM_UP),
            "A step: %s microseconds.".formatted(Spread.of(totals).text("%.0f"))));
  }

  /** Microseconds: forward, then backward, then the whole steps. */
  private static double[][] measure(ShippedProblem problem, TimedEngine engine) {
    int count = engine.stages().size();
    double[][] times = new double[2 * count + 1][MEASUREMENTS];
    StepSums sums = new StepSums();
    for (int step = -WARM_UP; step < MEASUREMENTS; step++) {
      int at = Math.max(0, step);
      engine.gradient(problem.batch(), step + WARM_UP, sums);
      times[2 * count][at] = engine.loss() / NANOS;
      for (int i = 0; i < count; i++) {
        times[i][at] = engine.forward()[i] / NANOS;
        times[count + i][at] = engine.backward()[i] / NANOS;
        times[2 * count][at] += times[i][at] + times[count + i][at];
      }
    }
    return times;
  }
}
