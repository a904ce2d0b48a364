package dev.lockstep.optimizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.lockstep.random.CounterRandom;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class ClippingTest {
  @Test
  void clipsEachNumberOfABlockAndNothingOutsideIt() {
    float[] gradient = {9, -9, 0.5f, 3, -0.25f, 9};
    new Clipping(2, 0).clip(gradient, 1, 4);
    assertThat(gradient).containsExactly(9, -2, 0.5f, 2, -0.25f, 9);
  }

  @Test
  void shortensALongGradientToTheNormAndLeavesAShortOne() {
    Clipping clipping = new Clipping(0, 5);
    assertThat(clipping.factor(3 * 3 + 4 * 4)).isEqualTo(1);
    assertThat(clipping.factor(6 * 6 + 8 * 8)).isEqualTo(0.5f);
    assertThat(clipping.factor(0)).isEqualTo(1);
  }

  @Test
  void aNanInTheGradientIsNotHidden() {
    float[] gradient = {Float.NaN, 1};
    new Clipping(2, 0).clip(gradient, 0, 2);
    assertThat(gradient[0]).isNaN();
    assertThat(new Clipping(0, 1).factor(Clipping.sumOfSquares(gradient, 0, 2))).isNaN();
  }

  @Property
  void blocksClippedByTheirCommonNormAreAsLongAsItAllows(
      @ForAll @IntRange(min = 1, max = 50) int size, @ForAll long seed) {
    float[] gradient = new float[size];
    CounterRandom random = new CounterRandom(seed);
    for (int i = 0; i < size; i++) {
      gradient[i] = (float) random.nextGaussian();
    }
    Clipping clipping = new Clipping(0, 2);
    int middle = gradient.length / 2;
    double squares =
        Clipping.sumOfSquares(gradient, 0, middle)
            + Clipping.sumOfSquares(gradient, middle, gradient.length - middle);
    double norm = norm(gradient);
    assertThat(squares).isCloseTo(norm * norm, within(1e-9 * (1 + squares)));
    Clipping.scale(gradient, 0, middle, clipping.factor(squares));
    Clipping.scale(gradient, middle, gradient.length - middle, clipping.factor(squares));
    assertThat(norm(gradient)).isCloseTo(Math.min(norm, 2), within(1e-5));
  }

  @Test
  void onlyOneLimitCanBeSet() {
    assertThat(Clipping.NONE.byValue()).isFalse();
    assertThat(Clipping.NONE.byGlobalNorm()).isFalse();
    assertThatThrownBy(() -> new Clipping(1, 2))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("clipValue is 1.0 and globalClipNorm is 2.0 but only one can be set");
    assertThatThrownBy(() -> new Clipping(-1, 0))
        .hasMessage("clipValue is -1.0 but must be a number >= 0");
  }

  private static double norm(float[] gradient) {
    double sum = 0;
    for (float number : gradient) {
      sum += (double) number * number;
    }
    return Math.sqrt(sum);
  }
}
