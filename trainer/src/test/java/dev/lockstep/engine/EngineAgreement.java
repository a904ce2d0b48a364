package dev.lockstep.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lockstep.network.Segment;

/** Holds the fused engine against the reference. */
final class EngineAgreement {
  private EngineAgreement() {}

  static void check(Problem problem, int size, int capacity) {
    Batch batch = problem.batch(size, capacity);
    StepSums expectedSums = new StepSums();
    StepSums sums = new StepSums();
    float[] expected = problem.gradient(Dl4jEngine::new, batch, 4, expectedSums);
    float[] gradient = problem.gradient(FusedEngine::new, batch, 4, sums);
    checkGradient(problem, expected, gradient);
    assertThat(sums.loss()).isCloseTo(expectedSums.loss(), within(1e-4 * (size + sums.loss())));
    assertThat(sums.hits()).isEqualTo(expectedSums.hits());
    assertThat(sums.examples()).isEqualTo(size);
    assertThat(problem.predictions(FusedEngine::new, batch))
        .containsExactly(problem.predictions(Dl4jEngine::new, batch), within(1e-5f));
  }

  /** Relative to each array's length, but for sums that cancel until hardly anything is left. */
  static void checkGradient(Problem problem, float[] expected, float[] gradient) {
    double floor = 1e-5 * norm(expected, 0, expected.length);
    for (Segment segment : problem.network().layout().segments()) {
      int from = segment.offset();
      double length = norm(expected, from, segment.length());
      float[] difference = new float[segment.length()];
      for (int i = 0; i < difference.length; i++) {
        difference[i] = gradient[from + i] - expected[from + i];
        assertThat((double) difference[i])
            .as("%s of layer %d, number %d", segment.name(), segment.layer(), i)
            .isCloseTo(0, within(1e-4 * Math.abs(expected[from + i]) + 2e-5 * length + floor));
      }
      assertThat(norm(difference, 0, difference.length))
          .as("%s of layer %d", segment.name(), segment.layer())
          .isLessThanOrEqualTo(1e-4 * length + floor);
    }
  }

  private static double norm(float[] values, int from, int length) {
    double sum = 0;
    for (int i = from; i < from + length; i++) {
      sum += (double) values[i] * values[i];
    }
    return Math.sqrt(sum);
  }
}
