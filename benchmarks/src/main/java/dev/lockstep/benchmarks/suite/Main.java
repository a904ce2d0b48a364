package dev.lockstep.benchmarks.suite;

import dev.lockstep.benchmarks.measure.Environment;
import dev.lockstep.benchmarks.measure.Interleaved;
import dev.lockstep.benchmarks.measure.Series;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The command {@code benchmarks/run}. */
@Command(
    name = "run",
    description =
        "Measures Lockstep beside its rivals and prints one table, in Markdown. What is under way"
            + " goes to standard error.",
    footer = {
      "",
      "Not suites, but of the script benchmarks/run too:",
      "  run loops [<loop>]        the loops with and without the JIT's vectoriser, beside ND4J's",
      "  run jmh [-h]              any benchmark of JMH's, as its own options say",
      "  run stages <network> <n>  the time of each of the engine's stages, with micro-batches of n"
    },
    mixinStandardHelpOptions = true,
    sortOptions = false)
public final class Main implements Callable<Integer> {
  private static final List<Suite> SUITES =
      List.of(
          Step.MLP,
          Step.LENET,
          new AveragingModes(),
          Seeds.ENGINES,
          Seeds.CNN,
          Seeds.MNIST_99,
          new Folds(),
          new Predictions(),
          new Mllib(),
          new TrainingMasters(),
          new Scaling(),
          Sweep.BATCH_SIZES,
          Sweep.PARAMETERS,
          Sweep.MICRO_BATCHES,
          new Breakdown(),
          new Cluster(),
          new Peak(),
          new Memory());

  @Spec private CommandSpec spec;

  @Parameters(
      paramLabel = "<suite>",
      description = {
        "step: what a step of mlp-512 costs, beside DL4J, TensorFlow and PyTorch",
        "lenet: the same for lenet",
        "averaging: accuracy against time for each averaging mode",
        "seeds: accuracy of conf/mnist-mlp.yaml with seeds 1 to 5 and either engine",
        "cnn: accuracy and time of `lockstep train --config conf/mnist-cnn.yaml`",
        "mnist-99: the same of conf/mnist-99.yaml, made for the least time to 0.99",
        "folds: what it brings to run the folds of a cross-validation beside one another",
        "predict: how fast a model is applied to 60,000 images, with what is written",
        "mllib: accuracy against time, beside Spark MLlib's perceptron",
        "training-master: one program for DL4J on Spark, with its training master and with ours",
        "scaling: examples/s with 1, 2 and 4 workers",
        "batch-size: examples/s with batches of 32 to 1024",
        "parameters: examples/s with 128 to 4096 hidden units",
        "micro-batches: what training.microBatches costs",
        "breakdown: where the time of a step goes",
        "cluster: what a round costs over the network, beside a Spark job a step",
        "peak: the share of the processor's peak that a step reaches",
        "memory: resident size after 2 and after 20 epochs"
      })
  private String suite;

  @Option(
      names = "--measurements",
      paramLabel = "<n>",
      description = "How often each contender is measured; otherwise what suits the suite.")
  private Integer measurements;

  @Option(
      names = "--quick",
      description = "One measurement on a few examples: shows that it works, and nothing else.")
  private boolean quick;

  /** Runs the command and exits with its code: 0, or 2 for a wrong usage. */
  public static void main(String[] arguments) {
    System.exit(new CommandLine(new Main()).execute(arguments));
  }

  @Override
  public Integer call() throws InterruptedException {
    Suite chosen =
        SUITES.stream()
            .filter(known -> known.name().equals(suite))
            .findFirst()
            .orElseThrow(
                () ->
                    new ParameterException(
                        spec.commandLine(),
                        "suite is '%s' but must be one of %s"
                            .formatted(
                                suite,
                                SUITES.stream()
                                    .map(Suite::name)
                                    .collect(Collectors.joining(", ")))));
    if (measurements != null && measurements < 1) {
      throw new ParameterException(
          spec.commandLine(), "--measurements is " + measurements + " but must be at least 1");
    }
    spec.commandLine().getOut().print(report(chosen, measure(chosen)));
    spec.commandLine().getOut().flush();
    return 0;
  }

  private List<Series> measure(Suite chosen) throws InterruptedException {
    Tasks tasks = new Tasks(quick);
    int count = quick ? 1 : measurements == null ? chosen.measurements() : measurements;
    try (Platform platform = chosen.open()) {
      return Interleaved.measure(chosen.entries(platform.spark(), tasks, count));
    }
  }

  private String report(Suite chosen, List<Series> measured) {
    return "**%s**%s  \n%s\n\n%s"
        .formatted(
            chosen.title(),
            quick ? " (quick: figures without meaning)" : "",
            Environment.here().line(),
            chosen.table(measured).markdown());
  }
}
