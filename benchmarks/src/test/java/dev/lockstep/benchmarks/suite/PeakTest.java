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
        List.of(
            timed("peak", 0.5),
            timed("two products", 0.8),
            timed("engine", 1),
            timed("two products", 1),
            timed("engine", 2),
            timed("one worker", 1.6),
            timed("two workers", 0.8));

    assertThat(new Peak().table(measured).rows())
        .containsExactly(
            List.of("peak", "", "2,000", "1.00", "0.63"),
            List.of("two products", "128", "1,250", "0.63", "1.00"),
            List.of("engine", "128", "1,000", "0.50", "1.25"),
            List.of("two products", "64", "1,000", "0.50", "1.00"),
            List.of("engine", "64", "500", "0.25", "2.00"),
            List.of("one worker", "128", "625", "0.31", "2.00"),
            List.of("two workers", "64", "1,250", "0.63", "0.80"));
  }

  private static Series timed(String name, double seconds) {
    return new Series(Measured.contender(name), List.of(Measured.timed(seconds, Optional.empty())));
  }
}
