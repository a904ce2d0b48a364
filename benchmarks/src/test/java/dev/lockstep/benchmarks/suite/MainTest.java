package dev.lockstep.benchmarks.suite;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class MainTest {
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
