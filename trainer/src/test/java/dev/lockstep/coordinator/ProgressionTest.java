package dev.lockstep.coordinator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.coordinator.Averaging.Gradients;
import dev.lockstep.coordinator.Averaging.Parameters;
import dev.lockstep.coordinator.Directive.ComputeGradient;
import dev.lockstep.coordinator.Directive.Evaluate;
import dev.lockstep.coordinator.Directive.Finish;
import dev.lockstep.coordinator.Directive.Part;
import dev.lockstep.coordinator.Directive.TrainLocally;
import dev.lockstep.coordinator.EarlyStopping.Monitor;
import dev.lockstep.data.Augmentation;
import dev.lockstep.data.BatchOrder;
import dev.lockstep.engine.StepSums;
import dev.lockstep.metrics.Metrics;
import dev.lockstep.metrics.Tally;
import dev.lockstep.optimizer.Optimizer;
import dev.lockstep.yaml.Section;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What the coordinator asks for, in which order, and when it ends. */
class ProgressionTest {
  private static final Optimizer SGD = Optimizer.read(Section.parse("test", "name: sgd"));

  private static Progression progression(
      int epochs, Averaging averaging, EarlyStopping stopping, boolean validates, int workers) {
    TrainingPlan plan =
        new TrainingPlan(
            1,
            epochs,
            4,
            5,
            SGD,
            averaging,
            Augmentation.NONE,
            OptionalInt.empty(),
            Optional.ofNullable(stopping));
    BatchOrder order = new BatchOrder(IntStream.range(0, 10).toArray(), 5, 4, 1);
    return new Progression(plan, order, workers, validates, true, () -> 0, Position.START);
  }

  private static StepSums sums(int examples) {
    StepSums sums = new StepSums();
    for (int i = 0; i < examples; i++) {
      sums.add(1.5, true);
    }
    return sums;
  }

  private static Metrics metrics(double loss) {
    Tally tally = new Tally(2);
    tally.add(0, 0, loss, 0);
    return tally.metrics();
  }

  private static void trainEpoch(Progression progression) {
    progression.trained(sums(4), 0.1);
    progression.trained(sums(4), 0.1);
    progression.trained(sums(2), 0.1);
  }

  @Test
  void stepsThenValidationThenTheNextEpochThenTheTest() {
    Progression progression = progression(2, new Gradients(), null, true, 2);

    assertThat(progression.current()).isEqualTo(new ComputeGradient(0, 0, 0));
    progression.trained(sums(4), 0.1);
    assertThat(progression.current()).isEqualTo(new ComputeGradient(0, 1, 1));
    progression.trained(sums(4), 0.1);
    progression.trained(sums(2), 0.1);
    assertThat(progression.current()).isEqualTo(new Evaluate(Part.VALIDATION));
    progression.evaluated(metrics(1));
    assertThat(progression.current()).isEqualTo(new ComputeGradient(1, 0, 3));
    trainEpoch(progression);
    progression.evaluated(metrics(1));
    assertThat(progression.current()).isEqualTo(new Evaluate(Part.TEST));
    progression.evaluated(metrics(2));
    assertThat(progression.current()).isEqualTo(new Finish());

    assertThat(progression.test().loss()).isEqualTo(2);
    assertThat(progression.history().epochs()).hasSize(2);
    assertThat(progression.history().epochs().get(0).trainingLoss()).isEqualTo(1.5);
    assertThat(progression.resultEpoch()).isEqualTo(2);
  }

  @Test
  void localRoundsCoverTheBusiestWorkersExamplesOnce() {
    // Of 5 shards of 2 examples, 2 workers own 6 and 4 examples: 2 local batches of 4 at most.
    Progression progression = progression(1, new Parameters(5, Optional.empty()), null, false, 2);

    assertThat(progression.current()).isEqualTo(new TrainLocally(0, 0, 2, 0));
    progression.trained(sums(10), 0.1);
    assertThat(progression.current()).isEqualTo(new Evaluate(Part.TEST));
  }

  @Test
  void aBatchMayBeLargerThanAllExamplesThatThereWillEverBe() {
    Averaging averaging = new Parameters(5, Optional.empty());
    TrainingPlan plan =
        new TrainingPlan(
            1,
            1,
            Integer.MAX_VALUE,
            5,
            SGD,
            averaging,
            Augmentation.NONE,
            OptionalInt.empty(),
            Optional.empty());
    BatchOrder order = new BatchOrder(IntStream.range(0, 10).toArray(), 5, Integer.MAX_VALUE, 1);

    assertThat(new Progression(plan, order, 2, false, true, () -> 0, Position.START).current())
        .isEqualTo(new TrainLocally(0, 0, 1, 0));
  }

  @Test
  void aBatchThatIsNotWholeFailsLoudlyAndNamesItsStep() {
    Progression progression = progression(2, new Gradients(), null, false, 2);
    trainEpoch(progression);
    progression.trained(sums(4), 0.1);

    progression.requireWhole(4);
    assertThatThrownBy(() -> progression.requireWhole(5))
        .hasMessage(
            "step 4, batch 2 of epoch 2, used 5 training examples, but the batch has 4 and each"
                + " must be used exactly once");
  }

  @Test
  void anExampleLeftOutFailsLoudly() {
    Progression progression = progression(1, new Gradients(), null, false, 2);
    progression.trained(sums(4), 0.1);
    progression.trained(sums(3), 0.1);

    assertThatThrownBy(() -> progression.trained(sums(2), 0.1))
        .hasMessage(
            "epoch 1 used 9 training examples, but there are 10 and each must be used exactly"
                + " once");
  }

  @Test
  void earlyStoppingWaitsAsLongAsItsPatienceAndReturnsToTheBestEpoch() {
    EarlyStopping stopping = new EarlyStopping(Monitor.LOSS, 2, 0, true);
    Progression progression = progression(9, new Gradients(), stopping, true, 2);
    double[] losses = {1.0, 0.5, 0.6, 0.7};
    for (int epoch = 0; epoch < losses.length; epoch++) {
      trainEpoch(progression);
      progression.evaluated(metrics(losses[epoch]));
      assertThat(progression.keepsParameters()).isEqualTo(epoch <= 1);
    }

    assertThat(progression.current()).isEqualTo(new Evaluate(Part.TEST));
    assertThat(progression.stoppedEarly()).isTrue();
    assertThat(progression.restoresParameters()).isTrue();
    assertThat(progression.resultEpoch()).isEqualTo(2);
  }

  @Test
  void aGainBelowMinDeltaDoesNotCount() {
    EarlyStopping stopping = new EarlyStopping(Monitor.LOSS, 1, 0.2, false);
    Progression progression = progression(9, new Gradients(), stopping, true, 1);
    trainEpoch(progression);
    progression.evaluated(metrics(1.0));
    trainEpoch(progression);
    progression.evaluated(metrics(0.9));

    assertThat(progression.stoppedEarly()).isTrue();
    assertThat(progression.resultEpoch()).isEqualTo(2);
  }

  @ParameterizedTest
  @EnumSource(names = {"ACCURACY", "RECALL", "PRECISION", "F1"})
  void ofTheMetricsOfClassesMoreIsBetter(Monitor monitor) {
    EarlyStopping stopping = new EarlyStopping(monitor, 0, 0, false);
    Metrics worse = metrics(new long[] {3, 2, 2, 3});
    Metrics better = metrics(new long[] {4, 1, 1, 4});

    assertThat(stopping.better(worse, better)).isTrue();
    assertThat(stopping.better(better, worse)).isFalse();
  }

  /** Rows are true classes; macro recall is not the accuracy where classes are not of one size. */
  @Test
  void recallIsTheMeanOfTheClasses() {
    EarlyStopping stopping = new EarlyStopping(Monitor.RECALL, 0, 0, false);
    Metrics allOfOneClass = metrics(new long[] {9, 0, 2, 0});
    Metrics ofBoth = metrics(new long[] {6, 3, 0, 2});

    assertThat(ofBoth.accuracy()).isLessThan(allOfOneClass.accuracy());
    assertThat(stopping.better(allOfOneClass, ofBoth)).isTrue();
  }

  private static Metrics metrics(long[] confusion) {
    Tally tally = new Tally(2);
    for (int cell = 0; cell < confusion.length; cell++) {
      for (long i = 0; i < confusion[cell]; i++) {
        tally.add(cell / 2, cell % 2, 1, 0);
      }
    }
    return tally.metrics();
  }
}
