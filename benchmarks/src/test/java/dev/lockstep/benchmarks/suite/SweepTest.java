package dev.lockstep.benchmarks.suite;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.benchmarks.measure.Series;
import dev.lockstep.coordinator.RoundSummary;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SweepTest {
  @Test
  void comparesEachValueWithTheFirst() {
    Optional<RoundSummary> rounds = Optional.of(new RoundSummary(8, 3.75, 3, 0, 0.5, 0.25));
    Series without =
        new Series(Measured.contender("lockstep"), List.of(Measured.timed(0.5, rounds)));
    Series two = new Series(Measured.contender("lockstep"), List.of(Measured.timed(1, rounds)));

    assertThat(Sweep.MICRO_BATCHES.table(List.of(without, two)).rows())
        .containsExactly(
            List.of("one a worker", "2,000", "1.00", "3.00", "0.50", "0.25"),
            List.of("2", "1,000", "0.50", "3.00", "0.50", "0.25"));
  }

  @Test
  void aRatioIsOfMeasurementsThatFollowedEachOther() {
    Series without =
        new Series(
            Measured.contender("lockstep"),
            List.of(Measured.timed(1, Optional.empty()), Measured.timed(4, Optional.empty())));
    Series two =
        new Series(
            Measured.contender("lockstep"),
            List.of(Measured.timed(2, Optional.empty()), Measured.timed(4, Optional.empty())));

    assertThat(Sweep.MICRO_BATCHES.table(List.of(without, two)).rows().get(1))
        .contains("0.75 (0.50-1.00)");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {"batch-size    | 1024 | 6", "parameters    | 4096 | 5", "micro-batches | 8    | 5"})
  void printsOneTableOfAllThatItMeasures(String suite, String row, int rows) {
    SuiteRun.assertPrintsOneTable(suite, row, rows);
  }
}
