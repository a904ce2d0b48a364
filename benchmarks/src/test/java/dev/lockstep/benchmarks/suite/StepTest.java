package dev.lockstep.benchmarks.suite;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.benchmarks.measure.Series;
import dev.lockstep.benchmarks.measure.Table;
import dev.lockstep.coordinator.RoundSummary;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class StepTest {
  @Test
  void saysHowFastEachIsAndWhereLockstepsTimeGoes() {
    Series lockstep =
        new Series(
            Measured.contender("lockstep"),
            List.of(
                Measured.timed(0.5, Optional.of(new RoundSummary(8, 3.8, 3, 0, 0.5, 0.3))),
                Measured.timed(0.25, Optional.of(new RoundSummary(8, 2.3, 2, 0, 0.1, 0.2))),
                Measured.timed(1, Optional.of(new RoundSummary(8, 4.45, 4, 0, 0.2, 0.25)))));
    Series rival =
        new Series(
            Measured.contender("rival"),
            List.of(
                Measured.timed(4, Optional.empty()),
                Measured.timed(5, Optional.empty()),
                Measured.timed(8, Optional.empty())));

    Table table = Step.MLP.table(List.of(lockstep, rival));

    assertThat(table.rows())
        .containsExactly(
            List.of(
                "lockstep",
                "2,000 (1,000-4,000)",
                "1.00",
                "1,000",
                "3.00 (2.00-4.00)",
                "0.20 (0.10-0.50)",
                "0.25 (0.20-0.30)"),
            List.of("rival", "200 (125-250)", "10.00", "1,000", "–", "–", "–"));
    assertThat(table.notes()).contains("About lockstep.", "About rival.");
  }
}
