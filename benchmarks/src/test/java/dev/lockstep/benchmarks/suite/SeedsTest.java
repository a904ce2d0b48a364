package dev.lockstep.benchmarks.suite;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.benchmarks.measure.Series;
import java.util.List;
import org.junit.jupiter.api.Test;

class SeedsTest {
  @Test
  void showsEverySeedAndTheMedian() {
    Series series =
        new Series(
            Measured.contender("lockstep"),
            List.of(
                Measured.trained(0.97, 0.981),
                Measured.trained(0.97, 0.979),
                Measured.trained(0.97, 0.980)));

    assertThat(new Seeds().table(List.of(series)).rows())
        .containsExactly(
            List.of("1", "0.9810", "0.9800", "2.0"),
            List.of("2", "0.9790", "0.9800", "2.0"),
            List.of("3", "0.9800", "0.9800", "2.0"),
            List.of("median", "0.9800", "0.9800", "2.0"));
  }
}
