package dev.lockstep.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Named.named;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.lockstep.coordinator.Averaging.Gradients;
import dev.lockstep.coordinator.TrainingPlan;
import dev.lockstep.coordinator.TrainingResult;
import dev.lockstep.data.Augmentation;
import dev.lockstep.engine.EngineFactory;
import dev.lockstep.metrics.EpochRecord;
import dev.lockstep.network.Network;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** {@code microBatches}: the parameters do not depend on the number of workers, to the last bit. */
abstract class ExactModeContract {
  private static final int EPOCHS = 3;

  /** The engine under test. */
  abstract EngineFactory engines();

  private static Stream<Arguments> trainings() {
    Network perceptron = SmallProblem.perceptron(0.3, 1e-3);
    TrainingPlan plain = plan(OptionalInt.of(8));
    TrainingPlan clipped =
        plan(
            OptionalInt.of(8),
            "{name: adam, learningRate: 0.003, globalClipNorm: 0.2}",
            new Augmentation(10, 1, 0.1));
    return Stream.of(
        arguments(named("perceptron", perceptron), plain),
        arguments(named("convolutional network", SmallProblem.convolutional(0.3, 1e-3)), plain),
        arguments(named("images changed, gradient clipped by its norm", perceptron), clipped));
  }

  private static TrainingPlan plan(OptionalInt microBatches) {
    return plan(microBatches, "{name: adam, learningRate: 0.003}", Augmentation.NONE);
  }

  private static TrainingPlan plan(
      OptionalInt microBatches, String optimizer, Augmentation augmentation) {
    return new TrainingPlan(
        1,
        EPOCHS,
        37,
        16,
        SmallProblem.optimizer(optimizer),
        new Gradients(),
        augmentation,
        microBatches,
        Optional.empty());
  }

  @ParameterizedTest
  @MethodSource("trainings")
  void everyNumberOfWorkersGivesTheSameBits(Network network, TrainingPlan exact) {
    TrainingSet data = SmallProblem.data(300, 40, 40);

    TrainingResult alone = SimulatedGang.train(exact, network, data, engines(), 1);

    for (int workers : new int[] {2, 3, 4, 8}) {
      TrainingResult together = SimulatedGang.train(exact, network, data, engines(), workers);
      assertThat(together.parameters()).as("%d workers", workers).isEqualTo(alone.parameters());
      assertThat(together.test()).as("%d workers", workers).isEqualTo(alone.test());
      assertThat(trainingLosses(together))
          .as("%d workers", workers)
          .hasSize(EPOCHS)
          .isEqualTo(trainingLosses(alone));
    }
  }

  private static List<Double> trainingLosses(TrainingResult result) {
    return result.history().epochs().stream().map(EpochRecord::trainingLoss).toList();
  }

  @Test
  void itIsTheSameTrainingButForRounding() {
    Network network = SmallProblem.perceptron(0.3, 1e-3);
    TrainingSet data = SmallProblem.data(300, 0, 0);

    double plain = firstLoss(plan(OptionalInt.empty()), network, data);
    assertThat(firstLoss(plan(OptionalInt.of(5)), network, data))
        .isCloseTo(plain, within(plain * 1e-4));
  }

  private double firstLoss(TrainingPlan plan, Network network, TrainingSet data) {
    return SimulatedGang.train(plan, network, data, engines(), 2)
        .history()
        .epochs()
        .get(0)
        .trainingLoss();
  }

  @Test
  void moreMicroBatchesThanShardsAreRefused() {
    assertThatThrownBy(() -> plan(OptionalInt.of(17)))
        .hasMessageContaining("microBatches is 17 but must be at most the number of shards, 16");
  }
}
