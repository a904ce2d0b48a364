package dev.lockstep.coordinator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.lockstep.coordinator.Averaging.Gradients;
import dev.lockstep.coordinator.Directive.ComputeGradient;
import dev.lockstep.coordinator.GangState.WorkerState;
import dev.lockstep.data.Augmentation;
import dev.lockstep.data.BatchOrder;
import dev.lockstep.data.Shape;
import dev.lockstep.engine.StepSums;
import dev.lockstep.network.Network;
import dev.lockstep.network.NetworkDefinition;
import dev.lockstep.optimizer.Optimizer;
import dev.lockstep.yaml.Section;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Who may sit where, and what becomes of contributions. */
@Timeout(60)
class SharedMemoryCoordinatorTest {
  private static final int EXAMPLES = 8;
  private static final Network NETWORK =
      NetworkDefinition.read(
              "test",
              Section.parse(
                  "test", "{layers: [{dense: {units: 2, activation: softmax}}], loss: mse}"))
          .build(new Shape(1, 3, 1), 2);

  private static SharedMemoryCoordinator coordinator(String optimizer, int workers) {
    TrainingPlan plan =
        new TrainingPlan(
            1,
            3,
            EXAMPLES,
            4,
            Optimizer.read(Section.parse("test", optimizer)),
            new Gradients(),
            Augmentation.NONE,
            OptionalInt.empty(),
            Optional.empty());
    BatchOrder order =
        new BatchOrder(IntStream.range(0, EXAMPLES).toArray(), 4, EXAMPLES, plan.seed());
    TrainingState start = TrainingState.zeros(plan, NETWORK, Position.START);
    return new SharedMemoryCoordinator(plan, NETWORK, order, workers, start, false, false);
  }

  private static void count(Seat seat, int examples) {
    StepSums sums = seat.contributions().get(0).sums();
    sums.clear();
    for (int i = 0; i < examples; i++) {
      sums.add(1, true);
    }
  }

  private static void fill(Seat seat, float value) {
    FloatBuffer vector = seat.contributions().get(0).vector();
    for (int i = 0; i < vector.capacity(); i++) {
      vector.put(i, value);
    }
  }

  private static CompletableFuture<Directive> push(Seat seat, int examples) {
    return CompletableFuture.supplyAsync(
        () -> {
          try {
            return pushNow(seat, examples);
          } catch (InterruptedException e) {
            throw new IllegalStateException(e);
          }
        });
  }

  private static Directive pushNow(Seat seat, int examples) throws InterruptedException {
    count(seat, examples);
    return seat.push();
  }

  @Test
  void sumsAreDividedOnceByTheBatchsCountHoweverUnequalTheMicroBatches() throws Exception {
    SharedMemoryCoordinator coordinator = coordinator("{name: sgd, learningRate: 1.0}", 2);
    Seat first = coordinator.join(0, 0);
    Seat second = coordinator.join(1, 0);
    fill(first, 7f);
    fill(second, 9f);

    CompletableFuture<Directive> other = push(second, 1);
    assertThat(pushNow(first, 7)).isEqualTo(new ComputeGradient(1, 0, 1));

    assertThat(other.get()).isEqualTo(new ComputeGradient(1, 0, 1));
    assertThat(first.published().get(0)).isEqualTo(-(7f + 9f) / 8);
  }

  @Test
  void aGradientLongerThanTheBoundIsScaledToIt() throws Exception {
    SharedMemoryCoordinator coordinator =
        coordinator("{name: sgd, learningRate: 1.0, globalClipNorm: 0.5}", 1);
    Seat seat = coordinator.join(0, 0);
    fill(seat, 80f);

    pushNow(seat, EXAMPLES);

    double norm = 0;
    for (int i = 0; i < seat.published().capacity(); i++) {
      norm += seat.published().get(i) * seat.published().get(i);
    }
    assertThat(Math.sqrt(norm)).isCloseTo(0.5, within(1e-6));
  }

  @Test
  void aLaterAttemptFencesOffTheEarlierOneAndReplacesItsContribution() throws Exception {
    SharedMemoryCoordinator coordinator = coordinator("{name: sgd, learningRate: 1.0}", 2);
    Seat zombie = coordinator.join(0, 4);
    fill(zombie, 1000f);
    CompletableFuture<Directive> fenced = push(zombie, 4);

    Seat heir = coordinator.join(0, 5);
    assertThatThrownBy(() -> fenced.get(20, TimeUnit.SECONDS))
        .isInstanceOf(ExecutionException.class)
        .hasRootCauseInstanceOf(FencedException.class);
    assertThat(heir.directive()).isEqualTo(new ComputeGradient(0, 0, 0));
    fill(heir, 4f);
    Seat other = coordinator.join(1, 0);
    fill(other, 4f);
    CompletableFuture<Directive> pushed = push(other, 4);
    pushNow(heir, 4);
    pushed.get();

    assertThat(heir.published().get(0)).isEqualTo(-1f);
    assertThatThrownBy(() -> pushNow(zombie, 4))
        .isInstanceOf(FencedException.class)
        .hasMessage("worker of rank 0, attempt 4, is fenced off: attempt 5 has taken its place");
    assertThatThrownBy(() -> coordinator.join(0, 5)).isInstanceOf(FencedException.class);
  }

  @Test
  void whoeverWaitsLearnsThatTheRunHasFailed() throws Exception {
    SharedMemoryCoordinator coordinator = coordinator("{name: sgd}", 2);
    CompletableFuture<Directive> waiting = push(coordinator.join(0, 0), 4);

    coordinator.abort(new IllegalStateException("the cluster is gone"));

    assertThatThrownBy(() -> waiting.get(20, TimeUnit.SECONDS))
        .hasRootCauseMessage("the cluster is gone");
    assertThatThrownBy(() -> coordinator.join(1, 0))
        .isInstanceOf(RunAbortedException.class)
        .hasMessage("the run has failed: the cluster is gone");
    assertThatThrownBy(coordinator::result).isInstanceOf(RunAbortedException.class);
  }

  @Test
  void aBatchThatWasNotCoveredFailsTheRun() throws Exception {
    SharedMemoryCoordinator coordinator = coordinator("{name: sgd}", 1);
    Seat seat = coordinator.join(0, 0);

    assertThatThrownBy(() -> pushNow(seat, EXAMPLES - 1))
        .isInstanceOf(RunAbortedException.class)
        .hasMessageContaining(
            "step 0, batch 1 of epoch 1, used 7 training examples, but the batch has 8");
  }

  @Test
  void whoIsThereWhoIsLostAndWhoIsBackCanBeSeen() throws Exception {
    SharedMemoryCoordinator coordinator = coordinator("{name: sgd, learningRate: 1.0}", 2);
    List<RoundTime> rounds = new ArrayList<>();
    coordinator.observe(rounds::add);
    assertThat(coordinator.state().count(WorkerState.ABSENT)).isEqualTo(2);

    Seat first = coordinator.join(0, 0);
    Seat dying = coordinator.join(1, 1);
    assertThat(coordinator.state().workers())
        .containsExactly(WorkerState.COMPUTING, WorkerState.COMPUTING);
    dying.close();
    assertThat(coordinator.state().workers())
        .containsExactly(WorkerState.COMPUTING, WorkerState.ABSENT);
    assertThat(coordinator.state().losses()).isEqualTo(1);
    assertThat(coordinator.state().recoveries()).isZero();

    Seat heir = coordinator.join(1, 2);
    CompletableFuture<Directive> pushed = push(first, 4);
    while (coordinator.state().count(WorkerState.WAITING) == 0) {
      Thread.onSpinWait();
    }
    assertThat(rounds).isEmpty();
    pushNow(heir, 4);
    pushed.get();

    assertThat(coordinator.state().losses()).isEqualTo(1);
    assertThat(coordinator.state().recoveries()).isEqualTo(1);
    assertThat(coordinator.state().step()).isEqualTo(1);
    assertThat(coordinator.stepOfLoss(1, 1)).isZero();
    assertThat(coordinator.stepOfLoss(1, 2)).isEqualTo(1);
    assertThat(rounds).hasSize(1);
    assertThat(rounds.get(0).computeNanos()).isPositive();
    assertThat(rounds.get(0).wireNanos()).as("all are in one JVM").isZero();
  }

  @Test
  void whatAWorkerElsewhereDoesNotComputeItsContributionSpendsOnTheWire() throws Exception {
    SharedMemoryCoordinator coordinator = coordinator("{name: sgd, learningRate: 1.0}", 1);
    List<RoundTime> rounds = new ArrayList<>();
    coordinator.observe(rounds::add);
    SharedMemoryCoordinator.LocalSeat seat = coordinator.join(0, 0);

    for (long claimed : new long[] {1, -1, Long.MAX_VALUE}) {
      seat.computed(claimed);
      pushNow(seat, EXAMPLES);
    }

    assertThat(rounds.get(0).computeNanos()).isEqualTo(1);
    assertThat(rounds.get(0).wireNanos()).isPositive();
    assertThat(rounds.get(1).computeNanos()).isZero();
    assertThat(rounds.get(2).computeNanos()).as("no more than has passed").isPositive();
    assertThat(rounds.get(2).wireNanos()).isZero();
  }

  @Test
  void whatTheGangWaitsForAWorkerThatHasYetToComeIsNeitherComputedNorSent() throws Exception {
    SharedMemoryCoordinator coordinator = coordinator("{name: sgd, learningRate: 1.0}", 2);
    List<RoundTime> rounds = new ArrayList<>();
    coordinator.observe(rounds::add);
    passMillis();
    long since = System.nanoTime();
    Seat first = coordinator.join(0, 0);
    for (int attempt = 1; attempt <= 2; attempt++) {
      long began = System.nanoTime();
      CompletableFuture<Directive> pushed = push(first, 4);
      passMillis();
      long came = System.nanoTime();
      SharedMemoryCoordinator.LocalSeat late = coordinator.join(1, attempt);
      late.computed(0);
      pushNow(late, 4);
      pushed.get();
      long ended = System.nanoTime();
      late.close();

      RoundTime round = rounds.get(attempt - 1);
      assertThat(round.wireNanos()).as("of the late one").isLessThanOrEqualTo(ended - came);
      assertThat(round.waitNanos()).isGreaterThanOrEqualTo((came - began) / 2);
      assertThat(round.nanos()).as("no start-up").isLessThanOrEqualTo(ended - since);
      since = came;
    }
  }

  /** As much as a new worker needs to start, as to what a round takes here. */
  private static void passMillis() {
    LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
  }

  @Test
  void aWorkerThatLeavesAfterTheEndIsNoLoss() throws Exception {
    SharedMemoryCoordinator coordinator = coordinator("{name: sgd, learningRate: 1.0}", 1);
    Seat seat = coordinator.join(0, 0);
    while (!(seat.directive() instanceof Directive.Finish)) {
      pushNow(seat, EXAMPLES);
    }

    seat.close();

    assertThat(coordinator.state().losses()).isZero();
  }
}
