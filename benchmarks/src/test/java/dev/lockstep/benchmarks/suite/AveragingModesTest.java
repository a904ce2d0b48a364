package dev.lockstep.benchmarks.suite;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.benchmarks.contender.Dl4jFit;
import dev.lockstep.benchmarks.measure.Series;
import dev.lockstep.benchmarks.measure.Table;
import java.util.List;
import org.junit.jupiter.api.Test;

class AveragingModesTest {
  private final Series alone = new Series(new Dl4jFit(), List.of(Measured.trained(0.971, 0.980)));
  private final Series slow =
      new Series(Measured.contender("slow"), List.of(Measured.trained(0.969, 0.981)));
  private final Series coarse =
      new Series(Measured.contender("coarse"), List.of(Measured.trained(0.972, 0.975)));

  @Test
  void saysHowLongEachTrainsHowGoodItIsAndHowSoon() {
    Table table = new AveragingModes().table(List.of(slow, coarse, alone));

    assertThat(table.rows())
        .containsExactly(
            List.of("slow", "2.0", "0.9810", "2.0"),
            List.of("coarse", "2.0", "0.9750", "1.0"),
            List.of("DL4J `fit`, one thread", "2.0", "0.9800", "1.0"));
  }

  @Test
  void saysWhereOneProcessWins() {
    assertThat(new AveragingModes().table(List.of(alone, slow, coarse)).notes())
        .contains(
            "One process without Spark is sooner at 0.97 than: _slow_.",
            "One process without Spark is more accurate in the end than: _coarse_.");
  }

  @Test
  void saysWhereOneProcessDoesNotWin() {
    assertThat(new AveragingModes().table(List.of(alone)).notes())
        .contains("One process without Spark is sooner at 0.97 than: none of the others.");
  }

  @Test
  void printsOneTableOfAllThatItMeasures() {
    SuiteRun.assertPrintsOneTable(
        "averaging", "lockstep `fused`, parameters, interval epoch, 2 workers", 9);
  }
}
