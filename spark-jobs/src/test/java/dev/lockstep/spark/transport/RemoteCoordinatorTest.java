package dev.lockstep.spark.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.withinPercentage;

import dev.lockstep.coordinator.CheckpointSchedule;
import dev.lockstep.coordinator.Directive;
import dev.lockstep.coordinator.Directive.ComputeGradient;
import dev.lockstep.coordinator.FencedException;
import dev.lockstep.coordinator.RunAbortedException;
import dev.lockstep.coordinator.Seat;
import dev.lockstep.coordinator.SharedMemoryCoordinator;
import dev.lockstep.coordinator.TrainingResult;
import dev.lockstep.engine.Batch;
import dev.lockstep.engine.Dl4jEngine;
import dev.lockstep.engine.Engine;
import dev.lockstep.engine.EngineFactory;
import dev.lockstep.engine.FusedEngine;
import dev.lockstep.engine.StepSums;
import java.nio.FloatBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Workers that reach their coordinator over sockets do what those in its memory do. */
@Timeout(120)
class RemoteCoordinatorTest {
  private static final String ADAM = "epochs: 3, optimizer: adam";

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "1 | epochs: 3, optimizer: adam",
        "3 | epochs: 3, optimizer: {name: rmsprop, globalClipNorm: 0.5}",
        "3 | epochs: 3, optimizer: adam, microBatches: 8",
        "3 | epochs: 3, optimizer: adam, averaging: {mode: parameters, interval: 2}",
        "2 | epochs: 2, averaging: {mode: parameters, interval: epoch, outer: {name: sgd}}"
      })
  void trainingOverTheNetworkGivesTheBitsOfTrainingInSharedMemory(int workers, String settings) {
    SmallTraining training = SmallTraining.of(settings, Dl4jEngine::new, workers);

    TrainingResult here = training.here();
    TrainingResult there = training.overNetwork(SmallTraining.conf());

    assertThat(there.parameters()).isEqualTo(here.parameters());
    assertThat(there.test()).isEqualTo(here.test());
    assertThat(there.validation()).isEqualTo(here.validation());
    assertThat(there.history().epochs().get(1).trainingLoss())
        .isEqualTo(here.history().epochs().get(1).trainingLoss());
  }

  @Test
  void gradientsAreAddedUpWhileTheyAreReceived() {
    SmallTraining training = SmallTraining.of(ADAM, Dl4jEngine::new, 2);
    SharedMemoryCoordinator over = training.coordinator();
    try (CoordinatorServer server = training.serve(over, SmallTraining.conf())) {
      training.run(training.remote(server.invitation()));
    }
    SharedMemoryCoordinator here = training.coordinator();
    training.run(here);

    assertThat(over.overlap()).isEqualTo(1);
    assertThat(here.overlap()).isZero();
  }

  @Test
  void threeWorkersOverTheNetworkGiveTheBitsOfOneHereWithMicroBatches() {
    String settings = ADAM + ", microBatches: 8, augmentation: {rotation: 10, shift: 1}";

    TrainingResult one = SmallTraining.of(settings, FusedEngine::new, 1).here();
    TrainingResult three =
        SmallTraining.of(settings, FusedEngine::new, 3).overNetwork(SmallTraining.conf());

    assertThat(three.parameters()).isEqualTo(one.parameters());
    assertThat(three.test()).isEqualTo(one.test());
    assertThat(three.validation()).isEqualTo(one.validation());
    assertThat(one.rounds().wireMillis()).as("all in one JVM").isZero();
    assertThat(three.rounds().wireMillis()).isPositive();
    assertThat(three.rounds().computeMillis()).as("said by the workers").isPositive();
  }

  @ParameterizedTest
  @ValueSource(strings = {ADAM, "epochs: 2, averaging: {mode: parameters, interval: 3}"})
  void encryptionChangesNoBit(String settings) {
    SmallTraining training = SmallTraining.of(settings, Dl4jEngine::new, 3);

    TrainingResult there =
        training.overNetwork(SmallTraining.conf().set("spark.network.crypto.enabled", "true"));

    assertThat(there.parameters()).isEqualTo(training.here().parameters());
  }

  @ParameterizedTest
  @ValueSource(strings = {"sgd", "adam"})
  void gradientsInHalfTheBytesLearnAsMuchAndGiveTheSameBitsEachTime(String optimizer) {
    String settings = "epochs: 4, optimizer: %s, averaging: {mode: gradients".formatted(optimizer);
    SmallTraining exact = SmallTraining.of(settings + "}", Dl4jEngine::new, 3);
    SmallTraining rounded = SmallTraining.of(settings + ", wire: bfloat16}", Dl4jEngine::new, 3);

    TrainingResult expected = exact.overNetwork(SmallTraining.conf());
    TrainingResult result = rounded.overNetwork(SmallTraining.conf());

    assertThat(result.parameters()).isNotEqualTo(expected.parameters());
    assertThat(loss(result)).isCloseTo(loss(expected), withinPercentage(2));
    assertThat(rounded.overNetwork(SmallTraining.conf()).parameters())
        .isEqualTo(result.parameters());
    assertThat(rounded.here().parameters()).isEqualTo(exact.here().parameters());
  }

  private static double loss(TrainingResult result) {
    return result.history().epochs().get(3).trainingLoss();
  }

  @Test
  void aWorkerThatDiesIsReplacedAndTheResultHasTheSameBits() {
    AtomicInteger deaths = new AtomicInteger();
    TrainingResult undisturbed = SmallTraining.of(ADAM, Dl4jEngine::new, 3).here();

    TrainingResult disturbed =
        SmallTraining.of(ADAM, dyingOnceAt(20, deaths), 3).overNetwork(SmallTraining.conf());

    assertThat(deaths).hasValue(1);
    assertThat(disturbed.parameters()).isEqualTo(undisturbed.parameters());
    assertThat(disturbed.test()).isEqualTo(undisturbed.test());
  }

  @Test
  void aLaterAttemptFencesOffTheEarlierOneWhereverItWaits() throws Exception {
    SmallTraining training = SmallTraining.of(ADAM, Dl4jEngine::new, 2);
    try (CoordinatorServer server = training.serve(training.coordinator(), SmallTraining.conf())) {
      RemoteCoordinator coordinator = training.remote(server.invitation());
      try (Seat zombie = coordinator.join(0, 4)) {
        CompletableFuture<Directive> waiting = push(zombie);
        try (Seat heir = coordinator.join(0, 5)) {
          assertThat(heir.directive()).isEqualTo(new ComputeGradient(0, 0, 0));
          assertThatThrownBy(() -> waiting.get(20, TimeUnit.SECONDS))
              .hasRootCauseInstanceOf(FencedException.class)
              .hasRootCauseMessage(
                  "worker of rank 0, attempt 4, is fenced off: attempt 5 has taken its place");
        }
      }
      assertThatThrownBy(() -> coordinator.join(0, 5)).isInstanceOf(FencedException.class);
    }
  }

  @Test
  void whoeverComputesOrWaitsLearnsThatTheRunHasFailed() throws Exception {
    SmallTraining training = SmallTraining.of(ADAM, Dl4jEngine::new, 2);
    SharedMemoryCoordinator shared = training.coordinator();
    try (CoordinatorServer server = training.serve(shared, SmallTraining.conf());
        Seat first = training.remote(server.invitation()).join(0, 0);
        Seat second = training.remote(server.invitation()).join(1, 0)) {
      CompletableFuture<Directive> waiting = push(first);
      shared.abort(new IllegalStateException("the disk is full"));

      assertThatThrownBy(() -> waiting.get(20, TimeUnit.SECONDS))
          .hasRootCauseMessage("the disk is full");
      assertThatThrownBy(() -> push(second).get(20, TimeUnit.SECONDS))
          .hasCauseInstanceOf(RunAbortedException.class)
          .hasRootCauseMessage("the disk is full");
    }
  }

  @Test
  void anErrorOfTheCoordinatorItselfEndsTheRun() {
    SmallTraining training = SmallTraining.of(ADAM, Dl4jEngine::new, 2);
    SharedMemoryCoordinator shared = training.coordinator();
    shared.checkpoint(
        CheckpointSchedule.DEFAULT,
        task -> {
          throw new RejectedExecutionException("no thread is left");
        },
        state -> {});
    try (CoordinatorServer server = training.serve(shared, SmallTraining.conf())) {
      assertThatThrownBy(() -> training.run(training.remote(server.invitation())))
          .hasRootCauseMessage("no thread is left");
      assertThat(shared.failure()).isPresent();
    }
  }

  @Test
  void aWorkerWhoseCoordinatorGoesAwayLearnsItAtOnce() throws Exception {
    SmallTraining training = SmallTraining.of(ADAM, Dl4jEngine::new, 2);
    CoordinatorServer server = training.serve(training.coordinator(), SmallTraining.conf());
    try (Seat seat = training.remote(server.invitation()).join(0, 0)) {
      CompletableFuture<Directive> waiting = push(seat);
      server.close();

      assertThatThrownBy(() -> waiting.get(20, TimeUnit.SECONDS))
          .hasCauseInstanceOf(CoordinatorLostException.class)
          .hasMessageContaining(
              "coordinator at %s is gone for the worker of rank 0, attempt 0"
                  .formatted(server.invitation().address()));
    }
  }

  private static CompletableFuture<Directive> push(Seat seat) {
    return CompletableFuture.supplyAsync(
        () -> {
          try {
            return seat.push();
          } catch (InterruptedException e) {
            throw new IllegalStateException(e);
          }
        });
  }

  /** Engines of which the first to reach {@code step} fails, half its work done. */
  private static EngineFactory dyingOnceAt(long step, AtomicInteger deaths) {
    return (network, seed, parameters, gradient, capacity) -> {
      Engine engine = new Dl4jEngine(network, seed, parameters, gradient, capacity);
      return new Engine() {
        @Override
        public void gradient(Batch batch, long at, StepSums sums) {
          engine.gradient(batch, at, sums);
          if (at == step && deaths.compareAndSet(0, 1)) {
            throw new IllegalStateException("this worker dies at step " + at);
          }
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
    };
  }
}
