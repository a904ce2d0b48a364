package dev.lockstep.optimizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.lockstep.random.CounterRandom;
import java.util.Arrays;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class OptimizerTest {
  private static final Offset<Float> ROUNDING = within(1e-6f);

  /** Every kind of update there is, with a learning rate of 0.01. */
  static Stream<Optimizer> optimizers() {
    LearningRate rate = new LearningRate.Constant(0.01);
    Clipping none = Clipping.NONE;
    return Stream.of(
        new Sgd(rate, none, 0, false),
        new Sgd(rate, none, 0.9, false),
        new Sgd(rate, none, 0.9, true),
        new RmsProp(rate, none, 0.9, 0, 1e-7, false),
        new RmsProp(rate, none, 0.9, 0.9, 1e-7, false),
        new RmsProp(rate, none, 0.9, 0, 1e-7, true),
        new RmsProp(rate, none, 0.9, 0.9, 1e-7, true),
        new Adam(rate, none, 0.9, 0.999, 1e-7),
        new AdamW(new Adam(rate, none, 0.9, 0.999, 1e-7), 0.004));
  }

  /** The parameter 1 after steps with learning rate 0.1 and gradients 0.5, then -2. */
  private static float twoSteps(Optimizer optimizer) {
    float[] parameters = {1};
    float[][] state = new float[optimizer.slots().size()][1];
    optimizer.update(parameters, new float[] {0.5f}, 1, state, 1, 0.1f);
    optimizer.update(parameters, new float[] {-2f}, 1, state, 2, 0.1f);
    return parameters[0];
  }

  @Test
  void sgdMovesAgainstTheGradient() {
    assertThat(twoSteps(Sgd.DEFAULT)).isCloseTo((float) (1 - 0.1 * 0.5 + 0.1 * 2), ROUNDING);
  }

  @Test
  void momentumRepeatsPartOfTheLastStep() {
    double first = -0.1 * 0.5;
    double second = 0.9 * first + 0.1 * 2;
    assertThat(twoSteps(new Sgd(new LearningRate.Constant(0.1), Clipping.NONE, 0.9, false)))
        .isCloseTo((float) (1 + first + second), ROUNDING);
  }

  @Test
  void nesterovAppliesTheMomentumAheadOfTheStep() {
    double first = -0.1 * 0.5;
    double second = 0.9 * first + 0.1 * 2;
    double expected = 1 + (0.9 * first - 0.1 * 0.5) + (0.9 * second + 0.1 * 2);
    assertThat(twoSteps(new Sgd(new LearningRate.Constant(0.1), Clipping.NONE, 0.9, true)))
        .isCloseTo((float) expected, ROUNDING);
  }

  @Test
  void rmsPropDividesByTheRootOfTheMeanSquareAndAddsEpsilonOutsideIt() {
    double epsilon = 0.25;
    double v1 = 0.1 * 0.25;
    double v2 = 0.9 * v1 + 0.1 * 4;
    double expected =
        1 - 0.1 * 0.5 / (Math.sqrt(v1) + epsilon) + 0.1 * 2 / (Math.sqrt(v2) + epsilon);
    assertThat(twoSteps(rmsProp(0, epsilon, false))).isCloseTo((float) expected, ROUNDING);
  }

  @Test
  void rmsPropWithMomentumAccumulatesScaledSteps() {
    double v1 = 0.1 * 0.25;
    double v2 = 0.9 * v1 + 0.1 * 4;
    double m1 = 0.1 * 0.5 / (Math.sqrt(v1) + 1e-7);
    double m2 = 0.5 * m1 - 0.1 * 2 / (Math.sqrt(v2) + 1e-7);
    assertThat(twoSteps(rmsProp(0.5, 1e-7, false))).isCloseTo((float) (1 - m1 - m2), ROUNDING);
  }

  @Test
  void centeredRmsPropDividesByTheDeviation() {
    double v1 = 0.1 * 0.25;
    double c1 = 0.1 * 0.5;
    double v2 = 0.9 * v1 + 0.1 * 4;
    double c2 = 0.9 * c1 - 0.1 * 2;
    double d1 = 0.1 * 0.5 / (Math.sqrt(v1 - c1 * c1) + 1e-7);
    double d2 = -0.1 * 2 / (Math.sqrt(v2 - c2 * c2) + 1e-7);
    assertThat(twoSteps(rmsProp(0, 1e-7, true))).isCloseTo((float) (1 - d1 - d2), ROUNDING);
    assertThat(twoSteps(rmsProp(0.5, 1e-7, true)))
        .isCloseTo((float) (1 - d1 - (0.5 * d1 + d2)), ROUNDING);
  }

  @Test
  void centeredRmsPropStaysFiniteWhereRoundingTakesTheVarianceBelowZero() {
    float[] parameters = {1, 1, 1, 1};
    float[] constant = {0.009f, 0.017f, 0.034f, 0.045f};
    float[][] state = new float[2][4];
    for (int step = 1; step <= 200; step++) {
      rmsProp(0, 1e-7, true).update(parameters, constant, 4, state, step, 1e-9f);
    }
    for (float parameter : parameters) {
      assertThat(parameter).isFinite();
    }
  }

  @Test
  void adamCorrectsTheBiasOfItsFirstSteps() {
    assertThat(twoSteps(Adam.DEFAULT)).isCloseTo((float) (1 - adamSteps()), ROUNDING);
  }

  @Test
  void adamWDecaysTheParametersByTheLearningRateBesideAdamsStep() {
    double a1 = adamStep(1, 0.1 * 0.5, 0.001 * 0.25);
    double a2 = adamSteps() - a1;
    double decay = 0.1 * 0.3;
    double expected = (1 - decay) * ((1 - decay) * 1 - a1) - a2;
    assertThat(twoSteps(new AdamW(Adam.DEFAULT, 0.3))).isCloseTo((float) expected, ROUNDING);
  }

  @Test
  void aZeroGradientLeavesParametersWhereTheyAre() {
    optimizers()
        .filter(optimizer -> !(optimizer instanceof AdamW))
        .forEach(
            optimizer -> {
              float[] parameters = {3, -4};
              float[][] state = new float[optimizer.slots().size()][2];
              optimizer.update(parameters, new float[2], 2, state, 1, 0.1f);
              assertThat(parameters).as(optimizer.name()).containsExactly(3, -4);
            });
  }

  @ParameterizedTest
  @MethodSource("optimizers")
  void reachesTheBottomOfAParabola(Optimizer optimizer) {
    float[] reached =
        minimise(
            optimizer, 3000, new float[] {3, -2}, p -> new float[] {2 * (p[0] - 1), p[1] + 0.5f});
    assertThat(reached[0]).isCloseTo(1, within(0.03f));
    assertThat(reached[1]).isCloseTo(-0.5f, within(0.03f));
  }

  @ParameterizedTest
  @MethodSource("optimizers")
  void followsRosenbrocksValleyToItsEnd(Optimizer optimizer) {
    float rate = optimizer instanceof Sgd ? 5e-4f : 2e-3f;
    float[] reached = minimise(optimizer, 40_000, rate, new float[] {-1, 1}, OptimizerTest::valley);
    assertThat(reached[0]).isCloseTo(1, within(0.1f));
    assertThat(reached[1]).isCloseTo(1, within(0.2f));
  }

  @Property(tries = 200)
  void blocksOfAnySizeGiveTheBitsOfTheWhole(
      @ForAll @IntRange(min = 0, max = 8) int which,
      @ForAll @IntRange(min = 1, max = 200) int size,
      @ForAll long seed) {
    Optimizer optimizer = optimizers().toList().get(which);
    CounterRandom random = new CounterRandom(seed);
    float[] whole = draw(size, random);
    float[] inBlocks = whole.clone();
    float[][] stateOfWhole = new float[optimizer.slots().size()][size];
    float[][] stateOfBlocks = new float[optimizer.slots().size()][size];
    for (int step = 1; step <= 4; step++) {
      float[] gradient = draw(size, random);
      optimizer.update(whole, gradient, size, stateOfWhole, step, 0.01f);
      for (int from = 0; from < size; ) {
        int length = Math.min(1 + random.nextInt(size), size - from);
        float[] block = Arrays.copyOfRange(inBlocks, from, from + length);
        float[] part = Arrays.copyOfRange(gradient, from, from + length);
        float[][] state = new float[stateOfBlocks.length][];
        for (int slot = 0; slot < state.length; slot++) {
          state[slot] = Arrays.copyOfRange(stateOfBlocks[slot], from, from + length);
        }
        optimizer.update(block, part, length, state, step, 0.01f);
        System.arraycopy(block, 0, inBlocks, from, length);
        for (int slot = 0; slot < state.length; slot++) {
          System.arraycopy(state[slot], 0, stateOfBlocks[slot], from, length);
        }
        from += length;
      }
    }
    assertThat(inBlocks).isEqualTo(whole);
    assertThat(stateOfBlocks).isDeepEqualTo(stateOfWhole);
  }

  @Test
  void namesItsStateInKerasWords() {
    LearningRate rate = new LearningRate.Constant(0.1);
    assertThat(Sgd.DEFAULT.slots()).isEmpty();
    assertThat(new Sgd(rate, Clipping.NONE, 0.9, true).slots()).containsExactly("momentum");
    assertThat(RmsProp.DEFAULT.slots()).containsExactly("velocity");
    assertThat(rmsProp(0.9, 1e-7, true).slots())
        .containsExactly("velocity", "average_gradient", "momentum");
    assertThat(Adam.DEFAULT.slots()).containsExactly("momentum", "velocity");
    assertThat(AdamW.DEFAULT.slots()).containsExactly("momentum", "velocity");
  }

  @Test
  void settingsOutOfRangeAreRefused() {
    LearningRate rate = new LearningRate.Constant(0.1);
    assertThatThrownBy(() -> new Sgd(rate, Clipping.NONE, 1.5, false))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("momentum is 1.5 but must be a number from 0 to 1");
    assertThatThrownBy(() -> new Sgd(rate, Clipping.NONE, 0, true))
        .hasMessage("nesterov is true but momentum is 0");
    assertThatThrownBy(() -> new Adam(rate, Clipping.NONE, 0.9, 1, 1e-7))
        .hasMessage("beta2 is 1.0 but must be a number >= 0 and < 1");
    assertThatThrownBy(() -> new Adam(rate, Clipping.NONE, 0.9, 0.999, 1e-60))
        .hasMessage("epsilon is 1.0E-60 but must be a number > 0");
    assertThatThrownBy(() -> new AdamW(Adam.DEFAULT, Double.NaN))
        .hasMessage("weightDecay is NaN but must be a number >= 0");
  }

  private static double adamSteps() {
    double m1 = 0.1 * 0.5;
    double v1 = 0.001 * 0.25;
    double m2 = 0.9 * m1 - 0.1 * 2;
    double v2 = 0.999 * v1 + 0.001 * 4;
    return adamStep(1, m1, v1) + adamStep(2, m2, v2);
  }

  private static double adamStep(int t, double m, double v) {
    double rate = 0.1 * Math.sqrt(1 - Math.pow(0.999, t)) / (1 - Math.pow(0.9, t));
    return rate * m / (Math.sqrt(v) + 1e-7);
  }

  private static RmsProp rmsProp(double momentum, double epsilon, boolean centered) {
    return new RmsProp(
        new LearningRate.Constant(0.1), Clipping.NONE, 0.9, momentum, epsilon, centered);
  }

  private static float[] minimise(
      Optimizer optimizer, int steps, float[] start, UnaryOperator<float[]> gradient) {
    return minimise(optimizer, steps, 0.01f, start, gradient);
  }

  private static float[] minimise(
      Optimizer optimizer, int steps, float rate, float[] start, UnaryOperator<float[]> gradient) {
    float[][] state = new float[optimizer.slots().size()][start.length];
    for (int step = 1; step <= steps; step++) {
      optimizer.update(start, gradient.apply(start), start.length, state, step, rate);
    }
    return start;
  }

  /** The gradient of Rosenbrock's {@code (1 - x)^2 + 100 (y - x^2)^2}, whose minimum is (1, 1). */
  private static float[] valley(float[] p) {
    float off = p[1] - p[0] * p[0];
    return new float[] {-2 * (1 - p[0]) - 400 * p[0] * off, 200 * off};
  }

  private static float[] draw(int size, CounterRandom random) {
    float[] drawn = new float[size];
    for (int i = 0; i < size; i++) {
      drawn[i] = (float) random.nextGaussian();
    }
    return drawn;
  }
}
