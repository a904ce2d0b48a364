package dev.lockstep.benchmarks.suite;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.benchmarks.measure.Series;
import dev.lockstep.benchmarks.measure.Table;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class TrainingMastersTest {
  @Test
  void saysHowManyTimesAsFastEachIsAsTheFirst() {
    Series first =
        new Series(Measured.contender("first"), List.of(Measured.timed(4, Optional.empty())));
    Series other =
        new Series(Measured.contender("other"), List.of(Measured.timed(0.5, Optional.empty())));

    Table table = new TrainingMasters().table(List.of(first, other));

    assertThat(table.rows())
        .containsExactly(
            List.of("first", "250", "1.00", "1,000"), List.of("other", "2,000", "8.00", "1,000"));
  }

  @Test
  void printsOneTableOfAllThatItMeasures() {
    SuiteRun.assertPrintsOneTable(
        "training-master", "DL4J Spark with `LockstepTrainingMaster`, gradients, 2 workers", 5);
  }
}
