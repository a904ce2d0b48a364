package dev.lockstep.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.coordinator.Averaging;
import dev.lockstep.coordinator.Averaging.Gradients;
import dev.lockstep.coordinator.Averaging.Parameters;
import dev.lockstep.coordinator.CheckpointSchedule;
import dev.lockstep.coordinator.EarlyStopping;
import dev.lockstep.coordinator.EarlyStopping.Monitor;
import dev.lockstep.coordinator.RunAbortedException;
import dev.lockstep.coordinator.SharedMemoryCoordinator;
import dev.lockstep.coordinator.TrainingPlan;
import dev.lockstep.coordinator.TrainingResult;
import dev.lockstep.coordinator.TrainingState;
import dev.lockstep.data.Augmentation;
import dev.lockstep.engine.Batch;
import dev.lockstep.engine.Engine;
import dev.lockstep.engine.EngineFactory;
import dev.lockstep.engine.FusedEngine;
import dev.lockstep.engine.StepSums;
import dev.lockstep.metrics.EpochRecord;
import dev.lockstep.network.Network;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A training that goes on from a state it once had ends as if nothing had happened. */
class ResumedTrainingTest {
  private static final TrainingSet DATA = SmallProblem.data(203, 60, 60);
  private static final int WORKERS = 3;

  /** Dropout, and batch normalisation with its running statistics. */
  private static final Network NETWORK =
      SmallProblem.network(
          """
          layers:
            - dense: {units: 12, activation: relu, l2: 1.0e-3}
            - batch_normalization: {}
            - dropout: {rate: 0.2}
            - dense: {units: 3, activation: softmax}
          loss: categorical_crossentropy
          """);

  private static TrainingPlan plan(
      String optimizer, Averaging averaging, OptionalInt microBatches, EarlyStopping stopping) {
    return new TrainingPlan(
        5,
        4,
        16,
        16,
        SmallProblem.optimizer(optimizer),
        averaging,
        new Augmentation(10, 1, 0.1),
        microBatches,
        Optional.ofNullable(stopping));
  }

  static Stream<TrainingPlan> plans() {
    String scheduled =
        "{name: adam, learningRate: {schedule: cosine, initial: 0.01, decaySteps: 60, warmupSteps:"
            + " 7}}";
    Averaging outer =
        new Parameters(2, Optional.of(SmallProblem.optimizer("{name: adam, learningRate: 0.02}")));
    EarlyStopping atOnce = new EarlyStopping(Monitor.ACCURACY, 1, 0.9, true);
    return Stream.of(
        plan(scheduled, new Gradients(), OptionalInt.empty(), null),
        plan(
            "{name: sgd, momentum: 0.9, globalClipNorm: 0.5}",
            new Gradients(),
            OptionalInt.of(6),
            null),
        plan("{name: rmsprop}", new Gradients(), OptionalInt.empty(), atOnce),
        plan(scheduled, outer, OptionalInt.empty(), null),
        plan("{name: sgd}", new Parameters(3, Optional.empty()), OptionalInt.empty(), atOnce),
        plan(
            "{name: adam}",
            new Parameters(Parameters.EPOCH, Optional.empty()),
            OptionalInt.empty(),
            null));
  }

  @ParameterizedTest
  @MethodSource("plans")
  void fromEveryRoundOnTheBitsAreThoseOfTheUndisturbedTraining(TrainingPlan plan) {
    List<TrainingState> states = new ArrayList<>();
    TrainingResult undisturbed =
        SimulatedGang.train(plan, NETWORK, DATA, FusedEngine::new, WORKERS);
    TrainingResult observed =
        train(
            plan,
            TrainingState.start(plan, NETWORK, NETWORK.initialParameters(plan.seed())),
            coordinator ->
                coordinator.checkpoint(
                    new CheckpointSchedule(1, 1, 1), Runnable::run, s -> states.add(copy(s))));

    assertEqual(observed, undisturbed);
    assertThat(states).hasSizeGreaterThanOrEqualTo(undisturbed.history().epochs().size());
    for (TrainingState state : states) {
      assertEqual(train(plan, state, coordinator -> {}), undisturbed);
    }
  }

  @Test
  void aTrainingThatFailsInMidStepGoesOnFromItsLastWholeStep() throws Exception {
    TrainingPlan plan = plans().findFirst().orElseThrow();
    AtomicReference<SharedMemoryCoordinator> failed = new AtomicReference<>();

    assertThatThrownBy(
            () ->
                SimulatedGang.train(
                    plan,
                    NETWORK,
                    DATA,
                    dyingAt(23),
                    WORKERS,
                    TrainingState.start(plan, NETWORK, NETWORK.initialParameters(plan.seed())),
                    failed::set))
        .hasRootCauseMessage("this worker dies at step 23");
    TrainingState last = failed.get().lastState().orElseThrow();

    assertThat(failed.get().failure()).containsInstanceOf(RunAbortedException.class);
    assertThat(last.position().step()).isEqualTo(23);
    assertEqual(
        train(plan, last, coordinator -> {}),
        SimulatedGang.train(plan, NETWORK, DATA, FusedEngine::new, WORKERS));
  }

  @Test
  void aTrainingThatIsToldToEndAtAnyTimeGoesOnFromItsLastWholeStep() {
    TrainingPlan plan =
        plan("{name: adam, globalClipNorm: 0.5}", new Gradients(), OptionalInt.empty(), null);
    TrainingResult undisturbed =
        SimulatedGang.train(plan, NETWORK, DATA, FusedEngine::new, WORKERS);
    TrainingState state =
        TrainingState.start(plan, NETWORK, NETWORK.initialParameters(plan.seed()));

    Optional<TrainingResult> result = Optional.empty();
    int stops = 0;
    while (result.isEmpty()) {
      Interruption interruption = new Interruption(state.position().step() + 3);
      TrainingState from = state;
      try {
        result =
            Optional.of(
                SimulatedGang.train(
                    plan, NETWORK, DATA, interruption, WORKERS, from, interruption::of));
      } catch (IllegalStateException e) {
        state = interruption.lastState();
        stops++;
        assertThat(state.position().step()).isGreaterThan(from.position().step());
      }
    }

    assertThat(stops).isGreaterThan(10);
    assertEqual(result.get(), undisturbed);
  }

  @Test
  void aStateOfAnotherTrainingIsRefused() {
    TrainingPlan plan = plans().findFirst().orElseThrow();
    TrainingPlan other = plan("{name: sgd}", new Gradients(), OptionalInt.empty(), null);
    TrainingState start =
        TrainingState.start(plan, NETWORK, NETWORK.initialParameters(plan.seed()));

    assertThatThrownBy(() -> train(other, start, coordinator -> {}))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageMatching("optimizer has \\d+ numbers but the training needs 0");
  }

  private static TrainingResult train(
      TrainingPlan plan,
      TrainingState start,
      java.util.function.Consumer<SharedMemoryCoordinator> before) {
    return SimulatedGang.train(plan, NETWORK, DATA, FusedEngine::new, WORKERS, start, before);
  }

  private static TrainingState copy(TrainingState state) {
    return new TrainingState(
        state.position(),
        state.parameters().clone(),
        state.optimizer().clone(),
        state.outer().clone(),
        state.best().clone());
  }

  private static void assertEqual(TrainingResult found, TrainingResult expected) {
    assertThat(found.parameters()).isEqualTo(expected.parameters());
    assertThat(found.epoch()).isEqualTo(expected.epoch());
    assertThat(found.stoppedEarly()).isEqualTo(expected.stoppedEarly());
    assertThat(found.test()).isEqualTo(expected.test());
    assertThat(found.validation()).isEqualTo(expected.validation());
    assertThat(timeless(found)).isEqualTo(timeless(expected));
  }

  private static List<EpochRecord> timeless(TrainingResult result) {
    return result.history().epochs().stream()
        .map(
            epoch ->
                new EpochRecord(
                    epoch.epoch(),
                    epoch.trainingLoss(),
                    epoch.trainingAccuracy(),
                    epoch.validation(),
                    epoch.learningRate(),
                    0,
                    epoch.examples()))
        .toList();
  }

  private static EngineFactory dyingAt(long dyingStep) {
    return new Interruption(Long.MAX_VALUE) {
      @Override
      void before(long step) {
        if (step == dyingStep) {
          throw new IllegalStateException("this worker dies at step " + step);
        }
      }
    };
  }

  /** Tells the training to end when the first worker comes to a step; the others work on. */
  private static class Interruption implements EngineFactory {
    private final long at;
    private SharedMemoryCoordinator coordinator;

    Interruption(long at) {
      this.at = at;
    }

    void of(SharedMemoryCoordinator interrupted) {
      coordinator = interrupted;
    }

    TrainingState lastState() {
      try {
        return coordinator.lastState().orElseThrow();
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
    }

    void before(long step) {
      if (step == at) {
        coordinator.abort(new IllegalStateException("told to end"));
      }
    }

    @Override
    public Engine open(
        Network network, long seed, FloatBuffer parameters, FloatBuffer gradient, int capacity) {
      Engine engine = new FusedEngine(network, seed, parameters, gradient, capacity);
      return new Engine() {
        @Override
        public void gradient(Batch batch, long step, StepSums sums) {
          before(step);
          engine.gradient(batch, step, sums);
        }

        @Override
        public void predict(Batch batch, FloatBuffer outputs) {
          engine.predict(batch, outputs);
        }

        @Override
        public void close() {
          engine.close();
        }
      };
    }
  }
}
