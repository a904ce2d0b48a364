package dev.lockstep.benchmarks.kernel;

import dev.lockstep.benchmarks.measure.Environment;
import dev.lockstep.benchmarks.measure.Spread;
import dev.lockstep.benchmarks.measure.Table;
import dev.lockstep.coordinator.BlockBenchmark;
import dev.lockstep.engine.LoopBenchmark;
import dev.lockstep.worker.LearnerBenchmark;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.NoBenchmarksException;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.format.OutputFormatFactory;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/**
 * The command {@code benchmarks/run loops}: every element-wise loop of engine, worker and
 * coordinator with the JIT's vectoriser (SuperWord) and without it, beside ND4J's operation.
 */
@Command(
    name = "loops",
    description =
        "Measures the element-wise loops by JMH, with and without the JIT's vectoriser and beside"
            + " ND4J's operations, and prints one table, in Markdown. What is under way goes to"
            + " standard error.",
    mixinStandardHelpOptions = true)
public final class Loops implements Callable<Integer> {
  private static final List<Class<?>> OURS =
      List.of(LoopBenchmark.class, BlockBenchmark.class, LearnerBenchmark.class);
  private static final String WITHOUT_VECTORISER = "-XX:-UseSuperWord";
  private static final int WARM_UPS = 3;
  private static final int MEASUREMENTS = 5;
  private static final int MILLIS = 200;

  @Spec private CommandSpec spec;

  @Parameters(
      arity = "0..1",
      paramLabel = "<loop>",
      defaultValue = ".*",
      description = "Only loops of this name, a regular expression.")
  private String loop;

  @Option(
      names = "--quick",
      description = "One measurement of a millisecond: shows that it works, and nothing else.")
  private boolean quick;

  /** Prints the table and exits with 0, or with 2 for a wrong usage. */
  public static void main(String[] arguments) {
    System.exit(new CommandLine(new Loops()).execute(arguments));
  }

  /** Nanoseconds a number; not a number where ND4J has no such operation. */
  record Row(String loop, Spread vectorised, Spread scalar, Spread nd4j) {}

  @Override
  public Integer call() throws RunnerException {
    Map<String, Spread> vectorised = measure(OURS);
    if (vectorised.isEmpty()) {
      throw new ParameterException(spec.commandLine(), "no loop is called '%s'".formatted(loop));
    }
    Map<String, Spread> scalar = measure(OURS, WITHOUT_VECTORISER);
    Map<String, Spread> nd4j = measure(List.of(Nd4jLoopBenchmark.class));
    List<Row> rows = new ArrayList<>();
    vectorised.forEach(
        (name, nanos) ->
            rows.add(
                new Row(
                    name,
                    nanos,
                    scalar.get(name),
                    nd4j.getOrDefault(name, Spread.of(Double.NaN)))));
    spec.commandLine()
        .getOut()
        .print("%s\n\n%s".formatted(Environment.here().line(), table(rows).markdown()));
    spec.commandLine().getOut().flush();
    return 0;
  }

  static Table table(List<Row> rows) {
    return new Table(
        List.of("loop", "ns a number", "without SuperWord", "without to with", "ND4J"),
        rows.stream().map(Loops::cells).toList(),
        List.of(
            "Median (least-most) of %d measurements of %d ms by JMH after %d that are left out, each kind in a process of its own; blocks of 4,096 numbers."
                .formatted(MEASUREMENTS, MILLIS, WARM_UPS),
            "What takes as long without the JIT's vectoriser (SuperWord) is not vectorised by it:"
                + " copies, which are the JVM's own; `oneByOne`, `tanhOneByOne` and `softmaxBackward`,"
                + " which cannot be; and `sumOfSquares`, whose order of addition is fixed.",
            "ND4J's operations have arrays outside the heap and give new ones, but for `softmax` and"
                + " `add`."));
  }

  private static List<String> cells(Row row) {
    return List.of(
        row.loop(),
        row.vectorised().text("%.3f"),
        row.scalar().text("%.3f"),
        Spread.of(row.scalar().median() / row.vectorised().median()).medianText("%.1f"),
        row.nd4j().medianText("%.3f"));
  }

  /** Nanoseconds by the loop's name, in the order of the classes and, in each, the alphabet. */
  private Map<String, Spread> measure(List<Class<?>> benchmarks, String... options)
      throws RunnerException {
    Map<String, Spread> nanos = new LinkedHashMap<>();
    for (Class<?> benchmark : benchmarks) {
      for (RunResult result : run(benchmark, options)) {
        String full = result.getParams().getBenchmark();
        nanos.put(
            full.substring(full.lastIndexOf('.') + 1),
            Spread.of(
                result.getAggregatedResult().getIterationResults().stream()
                    .mapToDouble(each -> each.getPrimaryResult().getScore())
                    .toArray()));
      }
    }
    return nanos;
  }

  private Collection<RunResult> run(Class<?> benchmark, String... options) throws RunnerException {
    ChainedOptionsBuilder builder =
        new OptionsBuilder()
            .include("^%s\\.(%s)$".formatted(Pattern.quote(benchmark.getName()), pattern()))
            .forks(1)
            .warmupIterations(quick ? 0 : WARM_UPS)
            .warmupTime(TimeValue.milliseconds(MILLIS))
            .measurementIterations(quick ? 1 : MEASUREMENTS)
            .measurementTime(TimeValue.milliseconds(quick ? 1 : MILLIS))
            .jvmArgsAppend(options);
    Runner runner =
        new Runner(
            builder.build(),
            OutputFormatFactory.createFormatInstance(System.err, VerboseMode.NORMAL));
    try {
      return runner.run();
    } catch (NoBenchmarksException e) {
      return List.of();
    }
  }

  private String pattern() {
    try {
      return Pattern.compile(loop).pattern();
    } catch (PatternSyntaxException e) {
      throw new ParameterException(
          spec.commandLine(),
          "the loop is '%s' but must be a regular expression: %s"
              .formatted(loop, e.getDescription()));
    }
  }
}
