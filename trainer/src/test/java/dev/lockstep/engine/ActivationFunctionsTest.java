package dev.lockstep.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lockstep.network.Activation;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

class ActivationFunctionsTest {
  @Provide
  static Arbitrary<float[]> numbers() {
    return Arbitraries.floats().between(-100, 100).array(float[].class).ofMaxSize(5000);
  }

  @Property(tries = 100)
  void anExponentialIsRightToSevenDigits(@ForAll("numbers") float[] values) {
    float[] exponentials = values.clone();
    new Exponential().apply(exponentials, values.length);
    for (int i = 0; i < values.length; i++) {
      double expected = Math.exp(Math.max(-87, Math.min(88, values[i])));
      assertThat((double) exponentials[i]).isCloseTo(expected, within(3e-7 * expected));
    }
  }

  @Property(tries = 100)
  void activationsAreRightNearZeroAndFarFromIt(@ForAll("numbers") float[] values) {
    check(Activation.SIGMOID, values, x -> 1 / (1 + Math.exp(-x)), 0);
    check(Activation.TANH, values, Math::tanh, 4e-7);
    check(Activation.ELU, values, x -> x < 0 ? Math.expm1(x) : x, 0);
    check(Activation.RELU, values, x -> Math.max(0, x), 0);
    check(Activation.LEAKY_RELU, values, x -> x < 0 ? Activation.LEAKY_SLOPE * x : x, 1e-7);
  }

  @Test
  void tanhKeepsItsDigitsNearZero() {
    check(Activation.TANH, new float[] {1e-6f, -3e-4f, 0.01f, 0.624f, -0.626f}, Math::tanh, 4e-7);
  }

  @Test
  void softmaxOfAnyNumbersAddsUpToOne() {
    float[] values = {1000, -1000, 3, 0, -1000, 3, 1000, -1000, 4};
    new ActivationFunctions(9).apply(Activation.SOFTMAX, values, 9, 3);
    for (int example = 0; example < 3; example++) {
      assertThat(values[example] + values[example + 3] + values[example + 6])
          .isCloseTo(1, within(1e-6f));
    }
    assertThat(values[8]).isCloseTo((float) (1 / (1 + 2 * Math.exp(-1))), within(1e-6f));
  }

  private interface Function {
    double of(double x);
  }

  private static void check(
      Activation activation, float[] values, Function function, double relative) {
    float[] outputs = values.clone();
    new ActivationFunctions(values.length).apply(activation, outputs, values.length, 1);
    for (int i = 0; i < values.length; i++) {
      double expected = function.of(values[i]);
      double error = relative > 0 ? relative * Math.abs(expected) : 3e-7;
      assertThat((double) outputs[i])
          .as("%s of %s", activation, values[i])
          .isCloseTo(expected, within(Math.max(error, 1e-38)));
    }
  }
}
