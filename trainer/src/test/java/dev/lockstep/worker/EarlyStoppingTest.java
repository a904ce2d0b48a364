package dev.lockstep.worker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.coordinator.Averaging;
import dev.lockstep.coordinator.Averaging.Gradients;
import dev.lockstep.coordinator.Averaging.Parameters;
import dev.lockstep.coordinator.EarlyStopping;
import dev.lockstep.coordinator.EarlyStopping.Monitor;
import dev.lockstep.coordinator.TrainingPlan;
import dev.lockstep.coordinator.TrainingResult;
import dev.lockstep.data.Augmentation;
import dev.lockstep.engine.FusedEngine;
import dev.lockstep.network.Network;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What a training is left with that early stopping has ended. */
class EarlyStoppingTest {
  private static final TrainingSet DATA = SmallProblem.data(200, 40, 40);
  private static final Network NETWORK = SmallProblem.perceptron(0.2, 1e-3);
  private static final int PATIENCE = 2;

  static Stream<Averaging> averagings() {
    return Stream.of(new Gradients(), new Parameters(3, Optional.empty()));
  }

  /** So large a least gain that the first epoch stays the best. */
  private static EarlyStopping stopping(boolean restoreBestWeights) {
    return new EarlyStopping(Monitor.ACCURACY, PATIENCE, 1, restoreBestWeights);
  }

  private static TrainingResult train(int epochs, Averaging averaging, EarlyStopping stopping) {
    TrainingPlan plan =
        new TrainingPlan(
            5,
            epochs,
            16,
            16,
            SmallProblem.optimizer("{name: adam, learningRate: 0.01}"),
            averaging,
            Augmentation.NONE,
            OptionalInt.empty(),
            Optional.ofNullable(stopping));
    return SimulatedGang.train(plan, NETWORK, DATA, FusedEngine::new, 2);
  }

  @ParameterizedTest
  @MethodSource("averagings")
  void theBestWeightsAreThoseOfATrainingThatEndedWithTheBestEpoch(Averaging averaging) {
    TrainingResult stopped = train(9, averaging, stopping(true));
    TrainingResult best = train(1, averaging, null);

    assertThat(stopped.stoppedEarly()).isTrue();
    assertThat(stopped.history().epochs()).hasSize(1 + PATIENCE);
    assertThat(stopped.epoch()).isEqualTo(1);
    assertThat(stopped.parameters()).isEqualTo(best.parameters());
    assertThat(stopped.test()).isEqualTo(best.test());
    assertThat(stopped.validation()).isEqualTo(best.validation());
  }

  @ParameterizedTest
  @MethodSource("averagings")
  void otherwiseTheWeightsAreThoseOfTheLastEpoch(Averaging averaging) {
    TrainingResult stopped = train(9, averaging, stopping(false));
    TrainingResult last = train(1 + PATIENCE, averaging, null);

    assertThat(stopped.stoppedEarly()).isTrue();
    assertThat(stopped.epoch()).isEqualTo(1 + PATIENCE);
    assertThat(stopped.parameters()).isEqualTo(last.parameters());
    assertThat(stopped.test()).isEqualTo(last.test());
  }
}
