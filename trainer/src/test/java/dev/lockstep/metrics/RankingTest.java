package dev.lockstep.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.lockstep.metrics.Ranking.Entry;
import dev.lockstep.metrics.Ranking.Place;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Statistics over splits, on numbers that are worked out by hand. */
class RankingTest {
  /** Deviations -2, -1, 0, 1, 2 of 5: variance 10 / 4; t for 95% and 4 degrees is 2.776445. */
  @Test
  void estimatesMeanDeviationAndTheTInterval() {
    Estimate estimate = Estimate.of(3, 4, 5, 6, 7);

    assertThat(estimate.mean()).isEqualTo(5);
    assertThat(estimate.standardDeviation()).isCloseTo(Math.sqrt(2.5), within(1e-12));
    assertThat(estimate.standardError()).isCloseTo(Math.sqrt(0.5), within(1e-12));
    assertThat(estimate.upper()).isCloseTo(5 + 2.776445 * Math.sqrt(0.5), within(1e-6));
    assertThat(estimate.lower()).isCloseTo(5 - 2.776445 * Math.sqrt(0.5), within(1e-6));
  }

  @Test
  void oneMeasurementHasNoDeviation() {
    assertThat(Estimate.of(0.5).toJson().toString())
        .isEqualTo("{\"mean\":0.5,\"std\":null,\"lower\":null,\"upper\":null}");
    assertThatIllegalArgumentException().isThrownBy(Estimate::of);
  }

  /**
   * Differences 1, 3, 2: mean 2, variance 1. With three folds n2/n1 is 1/2, so that t = 2 /
   * sqrt(1/3 + 1/2) = 2.190890. For two degrees of freedom Student's distribution is 1/2 + t / (2
   * sqrt(2 + t^2)), so that p = 1 - t / sqrt(2 + t^2) = 1 - sqrt(4.8 / 6.8).
   */
  @Test
  void correctsTheTTestForTrainingExamplesInCommon() {
    CorrectedTTest test = CorrectedTTest.of(new double[] {2, 5, 3}, new double[] {1, 2, 1}, 0.5);

    assertThat(test.difference()).isEqualTo(2);
    assertThat(test.t()).isCloseTo(Math.sqrt(4.8), within(1e-12));
    assertThat(test.p()).isCloseTo(1 - Math.sqrt(4.8 / 6.8), within(1e-9));
    assertThat(test.insignificant()).isTrue();
  }

  /** The plain paired test of the same numbers has p = 1 - sqrt(12 / 14) = 0.0742. */
  @Test
  void withoutCommonExamplesItIsThePlainPairedTest() {
    assertThat(CorrectedTTest.of(new double[] {2, 5, 3}, new double[] {1, 2, 1}, 0).p())
        .isCloseTo(1 - Math.sqrt(12.0 / 14), within(1e-9));
  }

  @Test
  void equalResultsDoNotDiffer() {
    CorrectedTTest equal = CorrectedTTest.of(new double[] {1, 2}, new double[] {1, 2}, 1);

    assertThat(equal.p()).isEqualTo(1);
    assertThat(equal.insignificant()).isTrue();
  }

  @Test
  void ofOneSplitOrADivergedTrainingNothingCanBeSaid() {
    for (CorrectedTTest test :
        List.of(
            CorrectedTTest.of(new double[] {1}, new double[] {2}, 1),
            CorrectedTTest.of(new double[] {1, Double.NaN}, new double[] {1, 2}, 1),
            CorrectedTTest.of(
                new double[] {1, Double.POSITIVE_INFINITY}, new double[] {1, 2}, 1))) {
      assertThat(test.p()).isNaN();
      assertThat(test.insignificant()).isFalse();
    }
    assertThatIllegalArgumentException()
        .isThrownBy(() -> CorrectedTTest.of(new double[] {1}, new double[] {1, 2}, 1));
  }

  /** The best mean is 0.92 with a standard error of 0.02 / sqrt(3) = 0.0115. */
  @Test
  void choosesTheSmallestModelWithinOneStandardErrorOfTheBest() {
    Ranking ranking =
        Ranking.of(
            Metric.ACCURACY,
            List.of(
                new Entry(1, new double[] {0.90, 0.90, 0.90}, 100),
                new Entry(2, new double[] {0.90, 0.92, 0.94}, 900),
                new Entry(3, new double[] {0.91, 0.91, 0.915}, 500),
                new Entry(4, new double[] {0.91, 0.91, 0.912}, 500)),
            0.5);

    assertThat(ranking.places()).extracting(Place::candidate).containsExactly(2, 3, 4, 1);
    assertThat(ranking.places())
        .extracting(Place::withinOneStandardError)
        .containsExactly(true, true, true, false);
    assertThat(ranking.chosen()).isEqualTo(3);
  }

  @Test
  void aLowerLossIsBetterAndADivergedOneComesLast() {
    Ranking ranking =
        Ranking.of(
            Metric.LOSS,
            List.of(
                new Entry(1, new double[] {Double.NaN, 0.1}, 1),
                new Entry(2, new double[] {0.5, 0.7}, 1),
                new Entry(3, new double[] {0.3, 0.3}, 2)),
            1);

    assertThat(ranking.places()).extracting(Place::candidate).containsExactly(3, 2, 1);
    assertThat(ranking.chosen()).isEqualTo(3);
  }

  @Test
  void withOneSplitTheBestIsChosen() {
    Ranking ranking =
        Ranking.of(
            Metric.F1,
            List.of(new Entry(1, new double[] {0.9}, 1), new Entry(2, new double[] {0.91}, 2)),
            1);

    assertThat(ranking.chosen()).isEqualTo(2);
  }
}
