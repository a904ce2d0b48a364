package dev.lockstep.optimizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

class LearningRateTest {
  private static final Offset<Double> ROUNDING = within(1e-15);

  @Test
  void constantNeverChanges() {
    LearningRate rate = new LearningRate.Constant(0.02);
    assertThat(rate.at(0)).isEqualTo(0.02);
    assertThat(rate.at(1L << 40)).isEqualTo(0.02);
  }

  @Test
  void stepKeepsAValueUpToAndIncludingItsBoundary() {
    LearningRate rate = new LearningRate.Step(List.of(10L, 15L), List.of(1.0, 0.5, 0.1));
    assertThat(rate.at(0)).isEqualTo(1);
    assertThat(rate.at(10)).isEqualTo(1);
    assertThat(rate.at(11)).isEqualTo(0.5);
    assertThat(rate.at(15)).isEqualTo(0.5);
    assertThat(rate.at(16)).isEqualTo(0.1);
    assertThat(rate.at(1_000_000)).isEqualTo(0.1);
  }

  @Test
  void exponentialFallsByItsRateEveryDecaySteps() {
    LearningRate rate = new LearningRate.Exponential(0.1, 100, 0.81, false);
    assertThat(rate.at(0)).isEqualTo(0.1);
    assertThat(rate.at(50)).isCloseTo(0.09, ROUNDING);
    assertThat(rate.at(100)).isCloseTo(0.081, ROUNDING);
    assertThat(rate.at(150)).isCloseTo(0.0729, ROUNDING);
  }

  @Test
  void aStaircaseFallsAtWholePeriodsOnly() {
    LearningRate rate = new LearningRate.Exponential(0.1, 100, 0.5, true);
    assertThat(rate.at(99)).isEqualTo(0.1);
    assertThat(rate.at(100)).isCloseTo(0.05, ROUNDING);
    assertThat(rate.at(299)).isCloseTo(0.025, ROUNDING);
  }

  @Test
  void cosineFallsAlongHalfAWaveToAlpha() {
    LearningRate rate = new LearningRate.Cosine(0.4, 300, 0.1);
    assertThat(rate.at(0)).isCloseTo(0.4, ROUNDING);
    assertThat(rate.at(100)).isCloseTo(0.4 * (0.9 * 0.75 + 0.1), ROUNDING);
    assertThat(rate.at(150)).isCloseTo(0.4 * (0.9 * 0.5 + 0.1), ROUNDING);
    assertThat(rate.at(200)).isCloseTo(0.4 * (0.9 * 0.25 + 0.1), ROUNDING);
    assertThat(rate.at(300)).isCloseTo(0.04, ROUNDING);
    assertThat(rate.at(5000)).isCloseTo(0.04, ROUNDING);
  }

  @Test
  void warmUpRisesToTheScheduleWhichThenBegins() {
    LearningRate rate =
        new LearningRate.WarmUp(new LearningRate.Exponential(0.1, 10, 0.5, false), 4, 0.02);
    assertThat(rate.at(0)).isCloseTo(0.02, ROUNDING);
    assertThat(rate.at(1)).isCloseTo(0.04, ROUNDING);
    assertThat(rate.at(3)).isCloseTo(0.08, ROUNDING);
    assertThat(rate.at(4)).isCloseTo(0.1, ROUNDING);
    assertThat(rate.at(14)).isCloseTo(0.05, ROUNDING);
  }

  @Test
  void schedulesThatMakeNoSenseAreRefused() {
    assertThatThrownBy(() -> new LearningRate.Constant(0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("learningRate is 0.0 but must be a number > 0");
    assertThatThrownBy(() -> new LearningRate.Step(List.of(10L), List.of(1.0)))
        .hasMessage("1 values for 1 boundaries but there must be one more value than boundaries");
    assertThatThrownBy(() -> new LearningRate.Step(List.of(10L, 10L), List.of(1.0, 0.5, 0.1)))
        .hasMessage("boundaries are [10, 10] but must be at least 0 and ascend");
    assertThatThrownBy(() -> new LearningRate.Cosine(0.1, 0, 0))
        .hasMessage("decaySteps is 0 but must be at least 1");
    assertThatThrownBy(() -> new LearningRate.Cosine(0.1, 10, 2))
        .hasMessage("alpha is 2.0 but must be a number from 0 to 1");
    assertThatThrownBy(() -> new LearningRate.WarmUp(new LearningRate.Constant(1), 0, 0))
        .hasMessage("warmupSteps is 0 but must be at least 1");
  }
}
