package dev.lockstep.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lockstep.coordinator.Averaging;
import dev.lockstep.coordinator.Averaging.Gradients;
import dev.lockstep.coordinator.Averaging.Parameters;
import dev.lockstep.coordinator.TrainingPlan;
import dev.lockstep.coordinator.TrainingResult;
import dev.lockstep.engine.EngineFactory;
import dev.lockstep.network.Network;
import dev.lockstep.optimizer.Optimizer;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Mode {@code parameters}: local steps, then a mean weighted by examples. */
abstract class ParameterAveragingContract {
  /** The engine under test. */
  abstract EngineFactory engines();

  private static final TrainingSet DATA = SmallProblem.data(301, 60, 60);

  private TrainingResult train(
      Network network, int epochs, String optimizer, Averaging averaging, int workers) {
    TrainingPlan plan = SmallProblem.plan(epochs, 16, SmallProblem.optimizer(optimizer), averaging);
    return SimulatedGang.train(plan, network, DATA, engines(), workers);
  }

  @ParameterizedTest
  @ValueSource(strings = {"{name: sgd, momentum: 0.9}", "{name: adam}", "{name: rmsprop}"})
  void oneWorkerThatAveragesAtEveryStepEqualsASingleMachine(String optimizer) {
    Network network = SmallProblem.perceptron(0.2, 1e-3);

    TrainingResult single = train(network, 2, optimizer, new Gradients(), 1);
    TrainingResult averaged = train(network, 2, optimizer, new Parameters(1, Optional.empty()), 1);

    assertThat(averaged.parameters()).isEqualTo(single.parameters());
  }

  /** The mean of one plain SGD step each is one SGD step on the mean of the gradients. */
  @Test
  void workersThatAverageEverySgdStepMakeTheStepOfTheirCommonBatch() {
    Network network = SmallProblem.perceptron(0, 0);
    TrainingSet even = SmallProblem.data(16 * 16, 0, 0);
    Optimizer sgd = SmallProblem.optimizer("{name: sgd, learningRate: 0.1}");

    TrainingResult averaged =
        SimulatedGang.train(
            SmallProblem.plan(1, 16, sgd, new Parameters(1, Optional.empty())),
            network,
            even,
            engines(),
            4);
    TrainingResult common =
        SimulatedGang.train(
            SmallProblem.plan(1, 64, sgd, new Gradients()), network, even, engines(), 1);

    assertThat(averaged.parameters()).containsExactly(common.parameters(), within(1e-5f));
  }

  /** An outer SGD of learning rate 1 takes the whole averaged change. */
  @ParameterizedTest
  @CsvSource({"1, 3", "4, 3", "2147483647, 2"})
  void outerSgdOfLearningRateOneIsPlainAveraging(int interval, int workers) {
    Network network = SmallProblem.perceptron(0, 0);
    Optimizer outer = SmallProblem.optimizer("{name: sgd, learningRate: 1.0}");

    TrainingResult plain =
        train(network, 2, "{name: adam}", new Parameters(interval, Optional.empty()), workers);
    TrainingResult withOuter =
        train(network, 2, "{name: adam}", new Parameters(interval, Optional.of(outer)), workers);

    assertThat(withOuter.parameters()).containsExactly(plain.parameters(), within(1e-5f));
  }

  @ParameterizedTest
  @CsvSource({"3, 2", "5, 3", "2147483647, 4"})
  void learnsUsesEveryExampleOnceAndRepeatsItself(int interval, int workers) {
    Network network = SmallProblem.perceptron(0.1, 0);
    Averaging averaging = new Parameters(interval, Optional.empty());

    TrainingResult first =
        train(network, 4, "{name: adam, learningRate: 0.01}", averaging, workers);
    TrainingResult second =
        train(network, 4, "{name: adam, learningRate: 0.01}", averaging, workers);

    assertThat(first.history().epochs()).allMatch(epoch -> epoch.examples() == 301);
    assertThat(first.test().orElseThrow().accuracy()).isGreaterThan(0.9);
    assertThat(second.parameters()).isEqualTo(first.parameters());
  }
}
