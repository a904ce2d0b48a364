package dev.lockstep.spark.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.coordinator.Directive;
import dev.lockstep.coordinator.Directive.ComputeGradient;
import dev.lockstep.coordinator.RunAbortedException;
import dev.lockstep.coordinator.Seat;
import dev.lockstep.coordinator.SharedMemoryCoordinator;
import dev.lockstep.engine.Batch;
import dev.lockstep.engine.Dl4jEngine;
import dev.lockstep.engine.Engine;
import dev.lockstep.engine.EngineFactory;
import dev.lockstep.engine.StepSums;
import dev.lockstep.spark.LogLines;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.FloatBuffer;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Whoever waits, over real sockets, says once for what and until when, and then gives up. */
@Timeout(60)
class WaitingTest {
  private static final String ADAM = "epochs: 3, optimizer: adam, ";

  /** With so many bytes a coordinator shows that it knows the secret, too. */
  private static final int AUTHENTICATION = 236;

  private static SmallTraining training(String settings) {
    return SmallTraining.of(ADAM + settings, Dl4jEngine::new, 2);
  }

  @Test
  void aWorkerThatNeverSaysHelloIsNamedAndThenTheRunEnds() throws Exception {
    SmallTraining training = training("replacementTimeout: 4");
    SharedMemoryCoordinator coordinator = training.coordinator();
    try (LogLines log = LogLines.open();
        CoordinatorServer server = training.serve(coordinator, SmallTraining.conf());
        Seat there = training.remote(server.invitation()).join(0, 0)) {
      CompletableFuture<Directive> waiting = push(there);

      assertThat(log.await("waiting since"))
          .matches(
              "waiting since [23] s for worker of rank 1: it has not joined yet; it is a thread;"
                  + " the run gives up in [12] s");
      assertThatThrownBy(() -> waiting.get(20, TimeUnit.SECONDS))
          .hasCauseInstanceOf(RunAbortedException.class)
          .hasRootCauseMessage(
              "worker of rank 1 did not come within 4 s (training.replacementTimeout):"
                  + " it has not joined yet; it is a thread");
      assertThat(coordinator.failure()).isPresent();
      assertThat(log.with("waiting since")).hasSize(1);
    }
  }

  @Test
  void ofAWorkerThatStopsHalfWayButLivesItIsSaidWhatItIsAwaitedFor() throws Exception {
    SmallTraining training = training("workerTimeout: 2");
    try (LogLines log = LogLines.open();
        CoordinatorServer server = training.serve(training.coordinator(), SmallTraining.conf());
        Seat idle = training.remote(server.invitation()).join(0, 7);
        Seat diligent = training.remote(server.invitation()).join(1, 8)) {
      CompletableFuture<Directive> waiting = push(diligent);

      assertThat(log.await("worker of rank 0, attempt 7 on 127.0.0.1"))
          .matches(
              "waiting since [12] s for worker of rank 0, attempt 7 on 127.0.0.1, to hand in"
                  + " the gradient of batch 1 of epoch 1 \\(step 0\\); the run takes it for dead after"
                  + " 2 s without a byte, or 600 s without a batch computed");
      assertThat(log.await("worker of rank 1, attempt 8, waits"))
          .contains(
              "for the coordinator at " + server.invitation().address(),
              "the others have not finished round 0",
              "gives up after 2 s without a byte from it");
      assertThat(waiting).isNotDone();
      assertThat(idle.directive()).isEqualTo(new ComputeGradient(0, 0, 0));
    }
  }

  @Test
  void aWorkerOfACoordinatorThatIsGoneSaysSoAndEndsWithinItsDeadline() {
    SmallTraining training = training("workerTimeout: 2");
    Invitation stale;
    try (CoordinatorServer server = training.serve(training.coordinator(), SmallTraining.conf())) {
      stale = server.invitation();
    }
    try (LogLines log = LogLines.open()) {
      assertThatThrownBy(() -> training.remote(stale).join(0, 3))
          .isInstanceOf(CoordinatorLostException.class)
          .hasMessage(
              "coordinator at %s is gone for the worker of rank 0, attempt 3: it cannot be reached within 2 s (training.workerTimeout)"
                  .formatted(stale.address()));
      assertThat(log.with("worker of rank 0, attempt 3, waits since"))
          .singleElement()
          .asString()
          .contains(stale.address(), "it cannot be reached", "this worker gives up in");
    }
  }

  @Test
  void aWorkerWhoseCoordinatorAcceptsButNeverSpeaksEndsWithinItsDeadline() throws Exception {
    SmallTraining training = training("workerTimeout: 2");
    try (LogLines log = LogLines.open();
        ServerSocket mute = new ServerSocket(0, 50, InetAddress.getByName("127.0.0.1"))) {
      Invitation invitation =
          new Invitation(
              "127.0.0.1",
              mute.getLocalPort(),
              UUID.randomUUID(),
              "secret",
              false,
              training.configuration().workerLoss());

      assertThatThrownBy(() -> training.remote(invitation).join(1, 3))
          .isInstanceOf(CoordinatorLostException.class)
          .hasMessageContaining("cannot be reached within 2 s (training.workerTimeout)");
      assertThat(log.with("worker of rank 1, attempt 3, waits since")).hasSize(1);
    }
  }

  @Test
  void aWorkerWhoseCoordinatorFallsSilentBeforeItHasGivenAPlaceSaysSoAndEnds() throws Exception {
    SmallTraining training = training("workerTimeout: 2");
    try (LogLines log = LogLines.open();
        CoordinatorServer server = training.serve(training.coordinator(), SmallTraining.conf());
        Relay relay = new Relay(server.invitation().port())) {
      relay.fallSilentAfterAnswer(AUTHENTICATION);

      assertThatThrownBy(() -> training.remote(relay.instead(server.invitation())).join(1, 3))
          .isInstanceOf(CoordinatorLostException.class)
          .hasMessageContaining("it has not sent a byte for 2 s (training.workerTimeout)");
      assertThat(log.with("worker of rank 1, attempt 3, waits since"))
          .singleElement()
          .asString()
          .contains(
              "it has not given this worker its place; this worker waits as long as the coordinator"
                  + " lives, and gives up after 2 s without a byte from it");
    }
  }

  @Test
  void aWorkerWhoseCoordinatorFallsSilentEndsWithinItsDeadline() throws Exception {
    SmallTraining training = training("workerTimeout: 2");
    try (CoordinatorServer server = training.serve(training.coordinator(), SmallTraining.conf());
        Relay relay = new Relay(server.invitation().port());
        Seat seat = training.remote(relay.instead(server.invitation())).join(0, 3)) {
      CompletableFuture<Directive> waiting = push(seat);
      relay.fallSilent();

      assertThatThrownBy(() -> waiting.get(20, TimeUnit.SECONDS))
          .hasCauseInstanceOf(CoordinatorLostException.class)
          .hasMessageContaining("it has not sent a byte for 2 s (training.workerTimeout)");
    }
  }

  @Test
  void aWorkerThatFallsSilentHalfWayThroughAContributionIsReplacedAndTheResultHasTheSameBits()
      throws Exception {
    SmallTraining training = training("workerTimeout: 2");
    CountDownLatch killed = new CountDownLatch(1);
    SharedMemoryCoordinator coordinator = training.coordinator();
    int contribution = training.network().layout().length() * Float.BYTES;
    try (LogLines log = LogLines.open();
        CoordinatorServer server =
            training.serve(coordinator, SmallTraining.conf(), killing(0, killed));
        Relay relay = new Relay(server.invitation().port())) {
      relay.fallSilentAfter(contribution * 7 / 2);
      RemoteCoordinator cut = training.remote(relay.instead(server.invitation()));
      RemoteCoordinator whole = training.remote(server.invitation());

      training.run(
          (rank, attempt) -> {
            if (rank == 0 && attempt == 0) {
              CompletableFuture<Void> unused =
                  CompletableFuture.runAsync(() -> SmallTraining.run(training.worker(0), cut));
              killed.await();
              throw new IllegalStateException("killed");
            }
            return whole.join(rank, attempt);
          });

      assertThat(log.await("is lost"))
          .matches(
              "worker of rank 0 is lost at step 3: not a byte came from it for [23] s"
                  + " \\(training.workerTimeout\\) \\(it was attempt 0 on 127.0.0.1\\); the run waits"
                  + " up to 600 s for Spark to run it again");
      assertThat(log.await("is back"))
          .isEqualTo("worker of rank 0 is back at step 3: attempt 1 on 127.0.0.1");
    }
    assertThat(coordinator.result().parameters()).isEqualTo(training.here().parameters());
  }

  /** Tasks of which {@code attempt} may be killed. */
  private static ThreadTasks killing(long attempt, CountDownLatch killed) {
    return new ThreadTasks() {
      @Override
      public void replace(long replaced) {
        if (replaced == attempt) {
          killed.countDown();
        }
      }
    };
  }

  @Test
  void aSecondWaitIsSaidToo() throws Exception {
    SmallTraining training = training("workerTimeout: 2");
    try (LogLines log = LogLines.open();
        CoordinatorServer server = training.serve(training.coordinator(), SmallTraining.conf());
        Seat slow = training.remote(server.invitation()).join(0, 7);
        Seat quick = training.remote(server.invitation()).join(1, 8)) {
      slow.contributions().get(0).sums().set(1, 1, 12);
      quick.contributions().get(0).sums().set(1, 1, 11);
      for (int round = 0; round < 2; round++) {
        CompletableFuture<Directive> waiting = push(quick);
        assertThat(log.await("the others have not finished round " + round))
            .matches("worker of rank 1, attempt 8, waits since [12] s .*");
        push(slow).get(20, TimeUnit.SECONDS);
        waiting.get(20, TimeUnit.SECONDS);
      }
    }
  }

  @Test
  void whereNobodyCanBeReplacedTheRunStillEndsInTime() throws Exception {
    SmallTraining training = training("workerTimeout: 2, replacementTimeout: 4");
    ThreadTasks tasks =
        new ThreadTasks() {
          @Override
          public void replace(long attempt) {
            sneakilyThrow(new IOException("the cluster's manager does not answer"));
          }
        };
    SharedMemoryCoordinator coordinator = training.coordinator();
    try (LogLines log = LogLines.open();
        CoordinatorServer server = training.serve(coordinator, SmallTraining.conf(), tasks);
        Relay relay = new Relay(server.invitation().port());
        Seat silent = training.remote(relay.instead(server.invitation())).join(0, 3);
        Seat other = training.remote(server.invitation()).join(1, 4)) {
      relay.fallSilent();
      CompletableFuture<Directive> waiting = push(other);

      assertThat(log.await("cannot have the executor of the worker of rank 0, attempt 3, replaced"))
          .endsWith("the run ends after training.replacementTimeout");
      assertThatThrownBy(() -> waiting.get(20, TimeUnit.SECONDS))
          .hasCauseInstanceOf(RunAbortedException.class)
          .hasRootCauseMessage(
              "worker of rank 0 did not come within 4 s (training.replacementTimeout):"
                  + " it was attempt 3 on 127.0.0.1; it is a thread");
      assertThat(silent.directive()).isEqualTo(new ComputeGradient(0, 0, 0));
    }
  }

  /** As Spark's Scala does. */
  @SuppressWarnings("unchecked")
  private static <E extends Throwable> void sneakilyThrow(Throwable error) throws E {
    throw (E) error;
  }

  @Test
  void aWorkerThatHangsInAStepButLivesIsReplacedAndTheResultHasTheSameBits() {
    float[] expected = training("stepTimeout: 2").here().parameters();
    CountDownLatch killed = new CountDownLatch(1);
    ThreadTasks tasks = killing(0, killed);
    SmallTraining training =
        SmallTraining.of(ADAM + "stepTimeout: 2", hangingOnceAt(20, killed), 2);
    SharedMemoryCoordinator coordinator = training.coordinator();
    try (LogLines log = LogLines.open();
        CoordinatorServer server = training.serve(coordinator, SmallTraining.conf(), tasks)) {
      training.run(training.remote(server.invitation()));

      assertThat(log.await("is lost"))
          .matches(
              "worker of rank [01] is lost at step 20: its process lives, but it has not computed a"
                  + " batch for [23] s \\(training.stepTimeout\\) of the gradient of batch .* \\(step 20\\)"
                  + " \\(it was attempt 0 on 127.0.0.1\\); the run waits up to 600 s for Spark to run"
                  + " it again");
    }
    assertThat(killed.getCount()).isZero();
    assertThat(coordinator.result().parameters()).isEqualTo(expected);
  }

  /** Engines of which the first to reach {@code step} waits there until it is killed. */
  private static EngineFactory hangingOnceAt(long step, CountDownLatch killed) {
    AtomicBoolean hung = new AtomicBoolean();
    return (network, seed, parameters, gradient, capacity) -> {
      Engine engine = new Dl4jEngine(network, seed, parameters, gradient, capacity);
      return new Engine() {
        @Override
        public void gradient(Batch batch, long at, StepSums sums) {
          if (at == step && hung.compareAndSet(false, true)) {
            hang(killed);
          }
          engine.gradient(batch, at, sums);
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

  private static void hang(CountDownLatch killed) {
    try {
      killed.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void aSpeculativeCopyDisturbsNobodyAndTakesThePlaceOnceItIsFree() throws Exception {
    SmallTraining training = training("workerTimeout: 2");
    ThreadTasks tasks =
        new ThreadTasks() {
          @Override
          public boolean speculative(long attempt) {
            return attempt == 9;
          }
        };
    try (CoordinatorServer server =
        training.serve(training.coordinator(), SmallTraining.conf(), tasks)) {
      RemoteCoordinator coordinator = training.remote(server.invitation());
      Seat slow = coordinator.join(0, 3);
      CompletableFuture<Seat> copy =
          CompletableFuture.supplyAsync(
              () -> {
                try {
                  return coordinator.join(0, 9);
                } catch (InterruptedException e) {
                  throw new IllegalStateException(e);
                }
              });
      try (Seat other = coordinator.join(1, 4)) {
        slow.contributions().get(0).sums().set(1, 1, 12);
        other.contributions().get(0).sums().set(1, 1, 11);
        CompletableFuture<Directive> first = push(slow);
        push(other).get(20, TimeUnit.SECONDS);
        assertThat(first.get(20, TimeUnit.SECONDS)).isEqualTo(new ComputeGradient(0, 1, 1));
        assertThat(copy).isNotDone();

        slow.close();

        try (Seat heir = copy.get(20, TimeUnit.SECONDS)) {
          assertThat(heir.directive()).isEqualTo(new ComputeGradient(0, 1, 1));
        }
      }
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
}
