package dev.lockstep.engine;

import dev.lockstep.benchmarks.kernel.ShippedProblem;
import dev.lockstep.benchmarks.measure.Spread;
import dev.lockstep.benchmarks.measure.Table;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Where the fused engine's time goes: {@code benchmarks/run stages <network> <microBatch>} prints
 * the microseconds of each stage, forward and backward, of a network of {@code conf/networks}. In
 * the engine's own package, whose stages nobody else sees.
 */
public final class StageTimes {
  private static final int WARM_UP = 300;
  private static final int MEASUREMENTS = 300;

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
    List<Stage> stages =
        new StageBuilder(
                problem.network(), new Vectors(problem.parameters(), problem.gradient()), capacity)
            .build();
    double[][] times = measure(problem, stages, capacity);
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

  /** Forward times, then backward times, then those of the whole step. */
  private static double[][] measure(ShippedProblem problem, List<Stage> stages, int capacity) {
    int count = stages.size();
    double[][] times = new double[2 * count + 1][MEASUREMENTS];
    OutputLoss loss =
        new OutputLoss(problem.network().loss(), problem.network().outputs(), capacity);
    StepSums sums = new StepSums();
    Pass pass = new Pass(1);
    for (int step = -WARM_UP; step < MEASUREMENTS; step++) {
      int at = Math.max(0, step);
      pass.train(problem.batch(), step + WARM_UP);
      long begin = System.nanoTime();
      for (int i = 0; i < count; i++) {
        long from = System.nanoTime();
        stages.get(i).forward(pass);
        times[i][at] = since(from);
      }
      loss.apply(stages.get(count - 1).output(), pass, sums);
      for (int i = count - 1; i >= 0; i--) {
        long from = System.nanoTime();
        stages.get(i).backward(pass);
        times[count + i][at] = since(from);
      }
      times[2 * count][at] = since(begin);
    }
    Arrays.stream(times).forEach(Arrays::sort);
    return times;
  }

  private static double since(long nanos) {
    return (System.nanoTime() - nanos) / 1e3;
  }
}
