package dev.lockstep.engine;

import dev.lockstep.benchmarks.kernel.ShippedProblem;
import dev.lockstep.benchmarks.measure.Spread;
import dev.lockstep.benchmarks.measure.Table;
import dev.lockstep.config.NetworkChoice;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/**
 * Where the fused engine's time goes: {@code benchmarks/run stages <network> <microBatch>} prints
 * the microseconds of each stage, forward and backward, of a network of {@code conf/networks}. In
 * the engine's own package, whose stages nobody else sees.
 */
@Command(
    name = "stages",
    description = "Prints the time of each of the fused engine's stages, in Markdown.",
    mixinStandardHelpOptions = true)
public final class StageTimes implements Callable<Integer> {
  private static final int WARM_UP = 300;
  private static final int MEASUREMENTS = 300;
  private static final int MOST_EXAMPLES = 4096;
  private static final double NANOS = 1e3;

  @Spec private CommandSpec spec;

  @Parameters(index = "0", paramLabel = "<network>", description = "One of conf/networks.")
  private String network;

  @Parameters(index = "1", paramLabel = "<n>", description = "Examples of a micro-batch.")
  private int microBatch;

  /** Prints the table and exits with 0, or with 2 for a wrong usage. */
  public static void main(String[] arguments) {
    System.exit(new CommandLine(new StageTimes()).execute(arguments));
  }

  @Override
  public Integer call() {
    if (microBatch < 1 || microBatch > MOST_EXAMPLES) {
      throw wrong("the micro-batch is %d but must be from 1 to %d", microBatch, MOST_EXAMPLES);
    }
    if (!NetworkChoice.SHIPPED.contains(network)) {
      throw wrong(
          "the network is '%s' but must be one of %s",
          network, String.join(", ", NetworkChoice.SHIPPED));
    }
    ShippedProblem problem = ShippedProblem.of(network, microBatch);
    FusedEngine.unsupported(problem.network())
        .ifPresent(
            layer -> {
              throw wrong("the network is '%s' but its %s cannot be fused", network, layer);
            });
    spec.commandLine().getOut().print(table(problem).markdown());
    spec.commandLine().getOut().flush();
    return 0;
  }

  private ParameterException wrong(String message, Object... found) {
    return new ParameterException(spec.commandLine(), message.formatted(found));
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
