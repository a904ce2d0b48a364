package dev.lockstep.report;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.metrics.EpochRecord;
import dev.lockstep.metrics.History;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class OverfittingTest {
  private static Course history(double[] training, double... validation) {
    List<EpochRecord> epochs = new ArrayList<>();
    for (int i = 0; i < training.length; i++) {
      epochs.add(
          new EpochRecord(
              i + 1,
              training[i],
              0.9,
              i < validation.length ? Samples.metrics(validation[i], 1) : null,
              0.1,
              1,
              10));
    }
    return Course.of(new History(epochs));
  }

  private static Overfitting of(double[] training, double... validation) {
    return Overfitting.of(List.of(history(training, validation)));
  }

  @Test
  void validationLossThatRisesWhileTrainingLossFallsIsOverfittingFromItsLeastOn() {
    Overfitting found = of(new double[] {1, 0.5, 0.3, 0.2, 0.1}, 0.6, 0.41, 0.40, 0.44, 0.52);

    assertThat(found.since()).hasValue(4);
    assertThat(found.sentence())
        .contains("suggests overfitting since epoch 4")
        .contains("rose from 0.4000 to 0.5200")
        .contains("fell from 0.3000 to 0.1000");
  }

  @Test
  void aGapThatStaysIsOverfittingThoughValidationLossDoesNotRise() {
    Overfitting found = of(new double[] {1, 0.5, 0.2, 0.1, 0.1}, 0.6, 0.5, 0.4, 0.35, 0.35);

    assertThat(found.since()).hasValue(3);
    assertThat(found.sentence()).contains("more than 1.5 times training loss");
  }

  @Test
  void validationBelowTrainingIsWhatDropoutLeadsToAndNoOverfitting() {
    assertThat(of(new double[] {1, 0.5, 0.4}, 0.4, 0.3, 0.25).since()).isEmpty();
  }

  @Test
  void aValidationLossThatWaversIsNoOverfitting() {
    assertThat(of(new double[] {0.4, 0.3, 0.25, 0.24}, 0.3, 0.26, 0.265, 0.262).since()).isEmpty();
  }

  @Test
  void bothLossesRisingIsATrainingThatFailsAndNoOverfitting() {
    assertThat(of(new double[] {0.3, 0.5, 0.9}, 0.3, 0.55, 1).since()).isEmpty();
  }

  @Test
  void oneLastEpochWithAGapIsNotYetASign() {
    assertThat(of(new double[] {0.5, 0.3, 0.1}, 0.5, 0.31, 0.3).since()).isEmpty();
  }

  @Test
  void withoutValidationNothingCanBeSeenAndTheSentenceSaysWhatToDo() {
    assertThat(of(new double[] {1, 0.5}).sentence()).contains("validation: {fraction: 0.1}");
  }

  @Test
  void aTrainingThatDivergedHasNoSign() {
    assertThat(of(new double[] {1, Double.NaN}, 1, Double.NaN).since()).isEmpty();
  }

  @Test
  void ofFoldsTheMeanIsLookedAt() {
    double[] training = {1, 0.5, 0.3, 0.2};
    Overfitting found =
        Overfitting.of(
            List.of(history(training, 0.6, 0.4, 0.5, 0.7), history(training, 0.6, 0.5, 0.4, 0.5)));

    assertThat(found.since()).hasValue(3);
  }
}
