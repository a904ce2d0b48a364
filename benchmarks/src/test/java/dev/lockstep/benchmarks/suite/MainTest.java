package dev.lockstep.benchmarks.suite;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MainTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "averaging     | lockstep `fused`, parameters, interval epoch, 2 workers | 9",
        "seeds         | median                                          | 2",
        "mnist-99      | median                                          | 2",
        "folds         | one fold after the other, 2 workers a fold      | 3",
        "predict       | `NetworkClassificationModel.transform`          | 4",
        "scaling       | lockstep `fused`, gradients, 4 workers          | 3",
        "batch-size    | 1024                                            | 6",
        "parameters    | 4096                                            | 5",
        "micro-batches | 8                                               | 5",
        "breakdown     | lenet                                           | 2",
        "peak          | lenet                                           | 15",
        "memory        | mnist-lenet.yaml                                | 2"
      })
  void aSuitePrintsOneTableOfAllThatItMeasures(String suite, String row, int rows) {
    SuiteRun.assertPrintsOneTable(suite, row, rows);
  }

  @Test
  void anUnknownSuiteIsAWrongUsage() {
    SuiteRun run = SuiteRun.of("stride");

    assertThat(run.exitCode()).isEqualTo(2);
    assertThat(run.err())
        .contains(
            "suite is 'stride' but must be one of step, lenet, averaging, seeds, cnn, mnist-99, folds, predict, mllib, training-master, scaling, batch-size");
  }

  @Test
  void noMeasurementIsAWrongUsage() {
    SuiteRun run = SuiteRun.of("step", "--measurements", "0");

    assertThat(run.exitCode()).isEqualTo(2);
    assertThat(run.err()).contains("--measurements is 0 but must be at least 1");
  }
}
