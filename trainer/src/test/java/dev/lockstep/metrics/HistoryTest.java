package dev.lockstep.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class HistoryTest {
  private static final Metrics VALIDATION =
      new Metrics(4, 0.75, 0.5, 0.125, new ConfusionMatrix(2, new long[] {2, 0, 1, 1}));

  @Test
  void metricsAreWrittenUnderTheNamesThatPeopleLookFor() {
    assertThat(VALIDATION.toJson().toString())
        .isEqualTo(
            "{\"examples\":4,\"accuracy\":0.75,\"loss\":0.5,\"mse\":0.125,"
                + "\"recall.macro\":0.75,\"precision.macro\":0.8333333333333333,"
                + "\"f1.macro\":0.7333333333333334,\"recall.perClass\":[1.0,0.5],"
                + "\"precision.perClass\":[0.6666666666666666,1.0],"
                + "\"f1.perClass\":[0.8,0.6666666666666666],\"confusion\":[[2,0],[1,1]]}");
  }

  @Test
  void aDivergedMetricIsNullInJson() {
    Metrics diverged =
        new Metrics(1, 0, Double.NaN, Double.POSITIVE_INFINITY, VALIDATION.confusion());
    assertThat(diverged.toJson().get("loss").isNull()).isTrue();
    assertThat(diverged.toJson().get("mse").isNull()).isTrue();
  }

  @Test
  void jsonHasKerasShape() {
    History history =
        History.EMPTY
            .plus(new EpochRecord(1, 1.5, 0.25, null, 0.01, 2, 100))
            .plus(new EpochRecord(2, Double.NaN, 0.5, VALIDATION, 0.005, 4, 100));
    assertThat(history.toJson().toString())
        .isEqualTo(
            "{\"epoch\":[1,2],\"loss\":[1.5,null],\"accuracy\":[0.25,0.5],"
                + "\"val_loss\":[null,0.5],\"val_accuracy\":[null,0.75],\"val_mse\":[null,0.125],"
                + "\"val_recall\":[null,0.75],\"val_precision\":[null,0.8333333333333333],"
                + "\"val_f1\":[null,0.7333333333333334],\"learning_rate\":[0.01,0.005],"
                + "\"seconds\":[2.0,4.0],\"examples\":[100,100],"
                + "\"examples_per_second\":[50.0,25.0]}");
  }

  @Test
  void csvHasALineAnEpoch() {
    History history =
        History.EMPTY
            .plus(new EpochRecord(1, Double.NaN, 0.25, null, 0.01, 2, 100))
            .plus(new EpochRecord(2, 1.25, 0.5, VALIDATION, 0.005, 4, 100));
    assertThat(history.toCsv())
        .isEqualTo(
            """
            epoch,loss,accuracy,val_loss,val_accuracy,val_mse,val_recall,val_precision,val_f1,learning_rate,seconds,examples,examples_per_second
            1,NaN,0.25,,,,,,,0.01,2.0,100,50.0
            2,1.25,0.5,0.5,0.75,0.125,0.75,0.8333333333333333,0.7333333333333334,0.005,4.0,100,25.0
            """);
  }

  @Test
  void withoutValidationThereAreNoColumnsForIt() {
    History history = History.EMPTY.plus(new EpochRecord(1, 1.5, 0.25, null, 0.01, 2, 100));
    assertThat(history.toCsv())
        .isEqualTo(
            """
            epoch,loss,accuracy,learning_rate,seconds,examples,examples_per_second
            1,1.5,0.25,0.01,2.0,100,50.0
            """);
  }

  @Test
  void aHistoryIsNotChangedByWhatFollows() {
    History one = History.EMPTY.plus(new EpochRecord(1, 1.5, 0.25, null, 0.01, 2, 100));
    one.plus(new EpochRecord(2, 1.5, 0.25, null, 0.01, 2, 100));
    assertThat(one.epochs()).hasSize(1);
    assertThat(History.EMPTY.epochs()).isEmpty();
  }

  @Test
  void epochsMustAscendAndHaveExamples() {
    EpochRecord second = new EpochRecord(2, 1.5, 0.25, null, 0.01, 2, 100);
    assertThatThrownBy(() -> new History(List.of(second, second)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("epoch 2 stands after epoch 2, but epochs must ascend");
    assertThatThrownBy(() -> new EpochRecord(0, 1, 1, null, 1, 1, 1))
        .hasMessage(
            "epoch 0 of 1 examples in 1.0 seconds, but epoch and examples must be at least 1 and"
                + " seconds at least 0");
  }
}
