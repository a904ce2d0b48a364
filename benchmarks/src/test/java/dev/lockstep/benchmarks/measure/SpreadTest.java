package dev.lockstep.benchmarks.measure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class SpreadTest {
  @Test
  void isTheMiddleOneWithLeastAndMost() {
    assertThat(Spread.of(9, 1, 2)).isEqualTo(new Spread(2, 1, 9));
  }

  @Test
  void isTheMeanOfTheTwoInTheMiddle() {
    assertThat(Spread.of(4, 1, 9, 2)).isEqualTo(new Spread(3, 1, 9));
  }

  @Test
  void readsAsTheMedianWithItsRange() {
    assertThat(Spread.of(1.5, 1, 2500).text("%,.1f")).isEqualTo("1.5 (1.0-2,500.0)");
  }

  @Test
  void hasNoRangeWhereAllAreEqual() {
    assertThat(Spread.of(2, 2).text("%.0f")).isEqualTo("2");
  }

  @Test
  void showsADashForWhatWasNeverReachedOrNotMeasured() {
    assertThat(Spread.of(3, Double.POSITIVE_INFINITY, 4).text("%.0f")).isEqualTo("4 (3-–)");
    assertThat(Spread.of(Double.NaN, Double.NaN).text("%.0f")).isEqualTo("–");
  }

  @Test
  void needsAMeasurement() {
    assertThatThrownBy(Spread::of).hasMessage("there must be at least one measurement");
  }
}
