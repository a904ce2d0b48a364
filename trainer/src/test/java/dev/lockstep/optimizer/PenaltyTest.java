package dev.lockstep.optimizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class PenaltyTest {
  @Test
  void pullsEveryWeightOfTheBlockTowardsZero() {
    float[] weights = {8, 2, -4, 0, Float.MIN_VALUE, -1e-30f, 8};
    float[] gradient = {1, 1, 1, 1, 1, 1, 1};
    new Penalty(0.5, 0.25).addGradient(weights, gradient, 1, 5);
    assertThat(gradient).containsExactly(1, 1 + 0.5f + 0.5f, 1 - 0.5f - 1, 1, 1.5f, 0.5f, 1);
  }

  @Test
  void addsAbsoluteValuesAndHalfTheSquaresToTheLoss() {
    assertThat(new Penalty(0.1, 0.01).loss(new float[] {9, 3, -4, 9}, 1, 2))
        .isCloseTo(0.1 * 7 + 0.01 / 2 * 25, within(1e-12));
  }

  @Test
  void itsGradientIsTheSlopeOfItsLoss() {
    Penalty penalty = new Penalty(0.3, 0.7);
    float step = 0x1p-10f;
    for (float weight : new float[] {-2.5f, -0.125f, 0.75f, 3}) {
      float[] gradient = {0};
      penalty.addGradient(new float[] {weight}, gradient, 0, 1);
      double slope =
          (penalty.loss(new float[] {weight + step}, 0, 1)
                  - penalty.loss(new float[] {weight - step}, 0, 1))
              / (2 * step);
      assertThat((double) gradient[0]).isCloseTo(slope, within(1e-6));
    }
  }

  @Test
  void noPenaltyChangesNothing() {
    float[] gradient = {1, -2};
    Penalty.NONE.addGradient(new float[] {5, 6}, gradient, 0, 2);
    assertThat(gradient).containsExactly(1, -2);
    assertThat(Penalty.NONE.loss(new float[] {5, 6}, 0, 2)).isZero();
  }

  @Test
  void negativeWeightsAreRefused() {
    assertThatThrownBy(() -> new Penalty(-1, 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("l1 is -1.0 but must be a number >= 0");
    assertThatThrownBy(() -> new Penalty(0, -1)).hasMessage("l2 is -1.0 but must be a number >= 0");
  }
}
