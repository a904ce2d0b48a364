package dev.lockstep.benchmarks.suite;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.benchmarks.measure.Series;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class PeakTest {
  @Test
  void saysWhichShareOfThePeakOfItsThreadsEachReachesAndHowLongItTakesBesideTheTwoProducts() {
    List<Series> measured =
        List.of(
            timed("peak", 0.5),
            timed("peak of two", 0.25),
            timed("two products", 0.8),
            timed("engine", 1),
            timed("two products", 1),
            timed("engine", 2),
            timed("two products of two", 0.5),
            timed("one worker", 1.6),
            timed("two workers", 0.8),
            timed("peak", 4),
            timed("peak of two", 2),
            timed("engine", 8),
            timed("engine", 16),
            timed("one worker", 10),
            timed("two workers", 5));

    assertThat(new Peak().table(measured).rows())
        .containsExactly(
            List.of("mlp-512", "peak", "", "2,000", "1.00", "0.63"),
            List.of("mlp-512", "peak of two", "", "4,000", "1.00", "0.50"),
            List.of("mlp-512", "two products", "128", "1,250", "0.63", "1.00"),
            List.of("mlp-512", "engine", "128", "1,000", "0.50", "1.25"),
            List.of("mlp-512", "two products", "64", "1,000", "0.50", "1.00"),
            List.of("mlp-512", "engine", "64", "500", "0.25", "2.00"),
            List.of("mlp-512", "two products of two", "64", "2,000", "0.50", "1.00"),
            List.of("mlp-512", "one worker", "128", "625", "0.31", "2.00"),
            List.of("mlp-512", "two workers", "64", "1,250", "0.31", "1.60"),
            List.of("lenet", "peak", "", "250", "1.00", ""),
            List.of("lenet", "peak of two", "", "500", "1.00", ""),
            List.of("lenet", "engine", "128", "125", "0.50", ""),
            List.of("lenet", "engine", "64", "63", "0.25", ""),
            List.of("lenet", "one worker", "128", "100", "0.40", ""),
            List.of("lenet", "two workers", "64", "200", "0.40", ""));
  }

  private static Series timed(String name, double seconds) {
    return new Series(Measured.contender(name), List.of(Measured.timed(seconds, Optional.empty())));
  }

  @Test
  void printsOneTableOfAllThatItMeasures() {
    SuiteRun.assertPrintsOneTable("peak", "lenet", 15);
  }
}
