package dev.lockstep.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class McNemarTestTest {
  @Test
  void pIsTheTwoSidedBinomialTail() {
    // 2 * (C(10,0) + C(10,1) + C(10,2)) / 2^10
    assertThat(McNemarTest.of(2, 8).p()).isCloseTo(2 * 56 / 1024.0, within(1e-12));
    assertThat(McNemarTest.of(8, 2).p()).isEqualTo(McNemarTest.of(2, 8).p());
    assertThat(McNemarTest.of(0, 5).p()).isCloseTo(2 / 32.0, within(1e-12));
  }

  @Test
  void modelsThatDoNotDifferAreNotTold() {
    assertThat(McNemarTest.of(0, 0).p()).isEqualTo(1);
    assertThat(McNemarTest.of(50, 50).p()).isEqualTo(1);
  }

  @Test
  void numbersOfExamplesAreNotNegative() {
    assertThatThrownBy(() -> McNemarTest.of(-1, 3)).isInstanceOf(IllegalArgumentException.class);
  }
}
