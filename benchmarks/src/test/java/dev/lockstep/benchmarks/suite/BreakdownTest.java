package dev.lockstep.benchmarks.suite;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.benchmarks.measure.Series;
import dev.lockstep.coordinator.RoundSummary;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class BreakdownTest {
  /** Of 1,000 examples, 15.625 steps of 64 or 7.8125 of 128. */
  @Test
  void takesThePartsFromEngineAndCoordinatorAloneAndTheRestFromTheTraining() {
    Optional<RoundSummary> rounds = Optional.of(new RoundSummary(8, 3.75, 3, 0, 0.5, 0.25));
    List<Series> network =
        List.of(
            timed(0.015625, Optional.empty()),
            timed(0.0078125, Optional.empty()),
            timed(0.03125, Optional.empty()),
            timed(0.0009765625, Optional.empty()),
            timed(0.001953125, Optional.empty()),
            timed(0.03125, rounds));
    List<Series> both = Stream.of(network, network).flatMap(List::stream).toList();

    assertThat(new Breakdown().table(both).rows())
        .containsExactly(
            List.of(
                "mlp-512", "1.00", "0.50", "2.00", "0.13", "0.25", "3.00", "0.50", "0.25", "4.00"),
            List.of(
                "lenet", "1.00", "0.50", "2.00", "0.13", "0.25", "3.00", "0.50", "0.25", "4.00"));
  }

  private static Series timed(double seconds, Optional<RoundSummary> rounds) {
    return new Series(Measured.contender("any"), List.of(Measured.timed(seconds, rounds)));
  }

  @Test
  void printsOneTableOfAllThatItMeasures() {
    SuiteRun.assertPrintsOneTable("breakdown", "lenet", 2);
  }
}
