package dev.lockstep.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lockstep.network.Segment;

/** Holds the fused engine against the reference. */
final class EngineAgreement {
  private static final double RELATIVE = 1e-4;
  private static final double ROUNDING = 1e-6;

  private EngineAgreement() {}

  static void check(Problem problem, int size, int capacity) {
    Batch batch = problem.batch(size, capacity);
    StepSums expectedSums = new StepSums();
    StepSums sums = new StepSums();
    Problem.Computed computed = problem.computed(FusedEngine::new, batch, 4, sums);
    // Last: DL4J predicts in place where an activation comes first, and overwrites the batch.
    Problem.Computed expected = problem.computed(Dl4jEngine::new, batch, 4, expectedSums);
    checkGradient(problem, expected.gradient(), computed.gradient());
    assertThat(sums.loss()).isCloseTo(expectedSums.loss(), within(1e-4 * (size + sums.loss())));
    assertThat(sums.hits()).isEqualTo(expectedSums.hits());
    assertThat(sums.examples()).isEqualTo(size);
    assertThat(computed.predictions()).containsExactly(expected.predictions(), within(1e-5f));
  }

  /**
   * Every number within 1e-4 of its value, but for what rounding alone can bring: a number is a sum
   * of terms, and where these cancel, what is left is as far off as the terms were rounded. How
   * large the terms were, the result does not say; the length of the whole gradient stands for it,
   * of which 1e-6 is allowed: eight times a float's precision.
   */
  static void checkGradient(Problem problem, float[] expected, float[] gradient) {
    double rounding = rounding(expected);
    for (Segment segment : problem.network().layout().segments()) {
      for (int i = segment.offset(); i < segment.offset() + segment.length(); i++) {
        assertThat((double) gradient[i])
            .as("%s of layer %d, number %d", segment.name(), segment.layer(), i - segment.offset())
            .isCloseTo(expected[i], within(RELATIVE * Math.abs(expected[i]) + rounding));
      }
    }
  }

  /** What {@link #checkGradient} allows each number of {@code gradient} for rounding. */
  static double rounding(float[] gradient) {
    double sum = 0;
    for (float value : gradient) {
      sum += (double) value * value;
    }
    return ROUNDING * Math.sqrt(sum);
  }
}
