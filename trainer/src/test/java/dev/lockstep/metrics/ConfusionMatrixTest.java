package dev.lockstep.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;
import net.jqwik.api.constraints.Size;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

class ConfusionMatrixTest {
  private static final Offset<Double> ROUNDING = within(1e-15);

  /** Of 4, 5 and 3 examples of three classes, 3, 2 and 3 are predicted right. */
  private static final ConfusionMatrix WORKED =
      new ConfusionMatrix(3, new long[] {3, 1, 0, 2, 2, 1, 0, 0, 3});

  @Test
  void rowsAreTrueClassesAndColumnsPredictedOnes() {
    assertThat(WORKED.count(0, 1)).isEqualTo(1);
    assertThat(WORKED.count(1, 0)).isEqualTo(2);
    assertThat(WORKED.labelled(1)).isEqualTo(5);
    assertThat(WORKED.predicted(1)).isEqualTo(3);
    assertThat(WORKED.examples()).isEqualTo(12);
    assertThat(WORKED.toJson().toString()).isEqualTo("[[3,1,0],[2,2,1],[0,0,3]]");
  }

  @Test
  void accuracyIsThePartPredictedRight() {
    assertThat(WORKED.accuracy()).isCloseTo(8.0 / 12, ROUNDING);
  }

  @Test
  void recallIsThePartOfAClassThatIsFound() {
    assertThat(WORKED.recall(0)).isCloseTo(3.0 / 4, ROUNDING);
    assertThat(WORKED.recall(1)).isCloseTo(2.0 / 5, ROUNDING);
    assertThat(WORKED.recall(2)).isCloseTo(3.0 / 3, ROUNDING);
    assertThat(WORKED.macroRecall()).isCloseTo((3.0 / 4 + 2.0 / 5 + 1) / 3, ROUNDING);
  }

  @Test
  void precisionIsThePartOfThePredictionsThatHolds() {
    assertThat(WORKED.precision(0)).isCloseTo(3.0 / 5, ROUNDING);
    assertThat(WORKED.precision(1)).isCloseTo(2.0 / 3, ROUNDING);
    assertThat(WORKED.precision(2)).isCloseTo(3.0 / 4, ROUNDING);
    assertThat(WORKED.macroPrecision()).isCloseTo((3.0 / 5 + 2.0 / 3 + 3.0 / 4) / 3, ROUNDING);
  }

  @Test
  void f1IsTheHarmonicMeanAndMacroF1TheMeanOverClasses() {
    assertThat(WORKED.f1(0)).isCloseTo(2 / (4.0 / 3 + 5.0 / 3), ROUNDING);
    assertThat(WORKED.f1(1)).isCloseTo(2 / (5.0 / 2 + 3.0 / 2), ROUNDING);
    assertThat(WORKED.f1(2)).isCloseTo(2 / (1 + 4.0 / 3), ROUNDING);
    assertThat(WORKED.macroF1()).isCloseTo((2.0 / 3 + 1.0 / 2 + 6.0 / 7) / 3, ROUNDING);
  }

  @Test
  void aClassNeverPredictedHasNoPrecisionAndOneWithoutExamplesNoRecall() {
    ConfusionMatrix matrix = new ConfusionMatrix(2, new long[] {0, 4, 0, 0});
    assertThat(matrix.recall(0)).isZero();
    assertThat(matrix.precision(0)).isZero();
    assertThat(matrix.f1(0)).isZero();
    assertThat(matrix.recall(1)).isZero();
    assertThat(matrix.precision(1)).isZero();
  }

  @Test
  void macroMeansLeaveOutClassesThatDoNotOccurButNotThoseOnlyPredicted() {
    ConfusionMatrix absent = new ConfusionMatrix(3, new long[] {2, 2, 0, 0, 4, 0, 0, 0, 0});
    assertThat(absent.macroRecall()).isCloseTo((0.5 + 1) / 2, ROUNDING);
    assertThat(absent.macroPrecision()).isCloseTo((1 + 4.0 / 6) / 2, ROUNDING);
    ConfusionMatrix onlyPredicted = new ConfusionMatrix(2, new long[] {3, 1, 0, 0});
    assertThat(onlyPredicted.macroRecall()).isCloseTo((0.75 + 0) / 2, ROUNDING);
  }

  @Test
  void withoutExamplesEveryMetricIsZero() {
    ConfusionMatrix empty = new ConfusionMatrix(2, new long[4]);
    assertThat(empty.accuracy()).isZero();
    assertThat(empty.macroRecall()).isZero();
  }

  @Property
  void accuracyIsTheMeanOfRecallsWeightedByExamples(
      @ForAll @Size(16) List<@LongRange(min = 0, max = 1000) Long> counts) {
    ConfusionMatrix matrix = new ConfusionMatrix(4, counts.stream().mapToLong(n -> n).toArray());
    double weighted = 0;
    for (int c = 0; c < 4; c++) {
      weighted += matrix.recall(c) * matrix.labelled(c);
    }
    assertThat(matrix.accuracy() * matrix.examples()).isCloseTo(weighted, within(1e-6));
  }

  @Test
  void isAValueThatNobodyCanChange() {
    long[] counts = {1, 0, 0, 1};
    ConfusionMatrix matrix = new ConfusionMatrix(2, counts);
    counts[0] = 9;
    assertThat(matrix)
        .isEqualTo(new ConfusionMatrix(2, new long[] {1, 0, 0, 1}))
        .hasSameHashCodeAs(new ConfusionMatrix(2, new long[] {1, 0, 0, 1}))
        .isNotEqualTo(new ConfusionMatrix(2, new long[] {1, 0, 1, 0}));
  }

  @Test
  void countsThatFormNoMatrixAreRefused() {
    assertThatThrownBy(() -> new ConfusionMatrix(2, new long[3]))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("3 counts for 2 classes but there must be classes * classes, and a class");
    assertThatThrownBy(() -> new ConfusionMatrix(1, new long[] {-1}))
        .hasMessage("a count is -1 but must be at least 0");
  }
}
