package dev.lockstep.benchmarks.suite;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.benchmarks.measure.Series;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ScalingTest {
  @Test
  void comparesEachNumberOfWorkersWithOne() {
    Series one =
        new Series(Measured.contender("one"), List.of(Measured.timed(1, Optional.empty())));
    Series two =
        new Series(Measured.contender("two"), List.of(Measured.timed(0.625, Optional.empty())));

    assertThat(new Scaling().table(List.of(one, two)).rows())
        .containsExactly(List.of("one", "1,000", "1.00"), List.of("two", "1,600", "1.60"));
  }

  @Test
  void printsOneTableOfAllThatItMeasures() {
    SuiteRun.assertPrintsOneTable("scaling", "lockstep `fused`, gradients, 4 workers", 3);
  }
}
