package dev.lockstep.benchmarks.suite;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.benchmarks.measure.Series;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class PeakTest {
  @Test
  void saysWhichShareOfThePeakEachReachesAndHowLongItTakesBesideTheTwoProducts() {
    List<Series> measured =
        List.of(timed("peak", 0.5), timed("two products", 0.8), timed("engine", 1));

    assertThat(new Peak().table(measured).rows())
        .containsExactly(
            List.of("peak", "2,000", "1.00", "0.63"),
            List.of("two products", "1,250", "0.63", "1.00"),
            List.of("engine", "1,000", "0.50", "1.25"));
  }

  private static Series timed(String name, double seconds) {
    return new Series(Measured.contender(name), List.of(Measured.timed(seconds, Optional.empty())));
  }
}
