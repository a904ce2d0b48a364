package dev.lockstep.benchmarks.suite;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

class MainTest {
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "step          | TensorFlow, 2 threads                           | 9",
        "lenet         | PyTorch by DJL, 2 threads                       | 9",
        "averaging     | lockstep `fused`, parameters, interval epoch, 2 workers | 9",
        "seeds         | median                                          | 2",
        "cnn           | median                                          | 2",
        "mnist-99      | median                                          | 2",
        "folds         | one fold after the other, 2 workers a fold      | 3",
        "predict       | `NetworkClassificationModel.transform`          | 4",
        "mllib         | Spark MLlib perceptron, 2 partitions            | 6",
        "training-master | DL4J Spark with `LockstepTrainingMaster`, gradients, 2 workers | 5",
        "scaling       | lockstep `fused`, gradients, 4 workers          | 3",
        "batch-size    | 1024                                            | 6",
        "parameters    | 4096                                            | 5",
        "micro-batches | 8                                               | 5",
        "breakdown     | lenet                                           | 2",
        "cluster       | a Spark job a step, 2 tasks                     | 3",
        "peak          | lenet                                           | 15",
        "memory        | mnist-lenet.yaml                                | 2"
      })
  void aSuitePrintsOneTableOfAllThatItMeasures(String suite, String row, int rows) {
    assertThat(run(suite, "--quick")).as(err::toString).isZero();

    assertThat(out.toString().lines().filter(line -> line.startsWith("| ")))
        .hasSize(rows + 2)
        .anyMatch(line -> line.startsWith("| " + row));
    assertThat(out.toString())
        .contains("(quick: figures without meaning)")
        .contains(" core", "Java ", "Spark ", "DL4J ");
  }

  @Test
  void anUnknownSuiteIsAWrongUsage() {
    assertThat(run("stride")).isEqualTo(2);

    assertThat(err.toString())
        .contains(
            "suite is 'stride' but must be one of step, lenet, averaging, seeds, cnn, mnist-99, folds, predict, mllib, training-master, scaling, batch-size");
  }

  @Test
  void noMeasurementIsAWrongUsage() {
    assertThat(run("step", "--measurements", "0")).isEqualTo(2);

    assertThat(err.toString()).contains("--measurements is 0 but must be at least 1");
  }

  private int run(String... arguments) {
    return new CommandLine(new Main())
        .setOut(new PrintWriter(out, true))
        .setErr(new PrintWriter(err, true))
        .execute(arguments);
  }
}
