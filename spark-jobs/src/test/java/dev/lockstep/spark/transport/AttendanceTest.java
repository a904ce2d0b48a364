package dev.lockstep.spark.transport;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.config.WorkerLoss;
import dev.lockstep.config.WorkerLoss.Reaction;
import dev.lockstep.coordinator.Directive.ComputeGradient;
import dev.lockstep.coordinator.Directive.Evaluate;
import dev.lockstep.coordinator.Directive.Part;
import dev.lockstep.coordinator.GangState;
import dev.lockstep.coordinator.GangState.WorkerState;
import dev.lockstep.spark.transport.Attendance.Presence;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

/** What is said and done about workers that are not there, with a clock that is set by hand. */
class AttendanceTest {
  private static final GangState GANG =
      new GangState(
          new ComputeGradient(0, 3, 3),
          3,
          List.of(WorkerState.ABSENT, WorkerState.ABSENT),
          List.of(0L, 0L),
          0,
          0);

  private final List<String> said = new ArrayList<>();
  private final List<String> aborts = new ArrayList<>();
  private final List<String> killed = new ArrayList<>();
  private long now = 1;
  private long attempt = 4;

  private Attendance attendance(Reaction reaction) {
    return new Attendance(
        new WorkerLoss(
            reaction, Duration.ofSeconds(30), Duration.ofSeconds(100), Duration.ofSeconds(60)),
        new ThreadTasks(),
        () -> GANG,
        () -> now,
        said::add,
        e -> aborts.add(e.getMessage()));
  }

  private Presence worker(String host) {
    return new Presence(host, attempt++, () -> killed.add(host));
  }

  private void pass(Attendance attendance, int seconds) {
    for (int i = 0; i < seconds; i++) {
      now += 1_000_000_000L;
      attendance.check();
    }
  }

  @Test
  void ofAWorkerThatNeverComesItIsSaidOnceAndThenTheRunEnds() {
    Attendance attendance = attendance(Reaction.WAIT);
    Presence here = worker("alpha");
    attendance.joined(0, here);

    for (int i = 0; i < 9; i++) {
      pass(attendance, 11);
      attendance.heard(here);
    }
    assertThat(said)
        .containsExactly(
            "waiting since 11 s for worker of rank 1: it has not joined yet; it is a thread; the run gives up in 89 s");
    assertThat(aborts).isEmpty();

    pass(attendance, 2);
    assertThat(aborts)
        .first()
        .isEqualTo(
            "worker of rank 1 did not come within 100 s (training.replacementTimeout): it has not joined yet; it is a thread");
  }

  @Test
  void aSilentWorkerIsTakenForDeadAndItsReplacementIsAwaited() {
    Attendance attendance = attendance(Reaction.WAIT);
    Presence talking = worker("alpha");
    attendance.joined(0, talking);
    attendance.joined(1, worker("beta"));

    pass(attendance, 20);
    attendance.heard(talking);
    pass(attendance, 11);

    assertThat(killed).containsExactly("beta");
    assertThat(said)
        .containsExactly(
            "worker of rank 1 is lost at step 3: not a byte came from it for 31 s (training.workerTimeout) (it was attempt 5 on beta); the run waits up to 100 s for Spark to run it again");
    attendance.heard(talking);
    attendance.joined(1, worker("gamma"));
    assertThat(said).last().isEqualTo("worker of rank 1 is back at step 3: attempt 6 on gamma");
    pass(attendance, 29);
    assertThat(said).hasSize(2);
    assertThat(aborts).isEmpty();
  }

  @Test
  void whenWorkersMustNotBeLostTheRunEndsWithTheFirst() {
    Attendance attendance = attendance(Reaction.FAIL);
    Presence lost = worker("beta");
    attendance.joined(1, lost);

    attendance.lost(1, lost);

    assertThat(aborts)
        .containsExactly(
            "worker of rank 1 is lost at step 3: its connection has ended (it was attempt 4 on beta); training.onWorkerLoss is fail, so the run ends");
  }

  @Test
  void ofASlowWorkerItIsSaidOnceAWaitWhatItIsAwaitedFor() {
    Attendance attendance = attendance(Reaction.WAIT);
    Presence slow = worker("alpha");
    attendance.joined(0, slow);
    attendance.joined(1, worker("beta"));
    attendance.finish(1);
    attendance.asked(0, slow, new ComputeGradient(0, 3, 3));
    passHearing(attendance, slow, 50);
    attendance.answered(0, slow);
    passHearing(attendance, slow, 50);
    attendance.asked(0, slow, new ComputeGradient(0, 4, 4));
    passHearing(attendance, slow, 50);

    assertThat(said)
        .containsExactly(
            "waiting since 11 s for worker of rank 0, attempt 4 on alpha, to hand in the gradient of batch 4 of epoch 1 (step 3); the run takes it for dead after 30 s without a byte, or 60 s without a batch computed",
            "waiting since 11 s for worker of rank 0, attempt 4 on alpha, to hand in the gradient of batch 5 of epoch 1 (step 4); the run takes it for dead after 30 s without a byte, or 60 s without a batch computed");
    assertThat(killed).isEmpty();
  }

  private void passHearing(Attendance attendance, Presence talking, int seconds) {
    for (int i = 0; i < seconds; i++) {
      pass(attendance, 1);
      attendance.heard(talking);
    }
  }

  @Test
  void aWorkerThatLivesAndComputesNothingIsTakenForDead() {
    Attendance attendance = attendance(Reaction.WAIT);
    Presence hanging = worker("alpha");
    attendance.joined(0, hanging);
    attendance.finish(1);
    attendance.asked(0, hanging, new ComputeGradient(0, 3, 3));

    passHearing(attendance, hanging, 61);

    assertThat(killed).containsExactly("alpha");
    assertThat(said)
        .last()
        .isEqualTo(
            "worker of rank 0 is lost at step 3: its process lives, but it has not computed a batch for 61 s (training.stepTimeout) of the gradient of batch 4 of epoch 1 (step 3) (it was attempt 4 on alpha); the run waits up to 100 s for Spark to run it again");
  }

  @Test
  void aWorkerThatIsToldMuchAtOnceMayTakeLongAsLongAsItGetsOn() {
    Attendance attendance = attendance(Reaction.FAIL);
    Presence evaluating = worker("alpha");
    attendance.joined(0, evaluating);
    attendance.finish(1);
    attendance.asked(0, evaluating, new Evaluate(Part.TEST));

    for (int batches = 1; batches <= 10; batches++) {
      passHearing(attendance, evaluating, 50);
      attendance.advanced(evaluating, batches);
    }

    assertThat(aborts).isEmpty();
    assertThat(said).hasSize(1);
  }

  @Test
  void whileADeadWorkersConnectionIsClosedTheLivingAreHeard() throws Exception {
    Attendance attendance = attendance(Reaction.WAIT);
    Presence living = worker("alpha");
    CountDownLatch closing = new CountDownLatch(1);
    CountDownLatch heard = new CountDownLatch(1);
    attendance.joined(0, living);
    attendance.joined(
        1,
        new Presence(
            "beta",
            9,
            () -> {
              closing.countDown();
              awaitUninterruptibly(heard);
            }));
    pass(attendance, 29);
    attendance.heard(living);
    now += 2_000_000_000L;

    CompletableFuture<Void> checking = CompletableFuture.runAsync(attendance::check);
    closing.await();
    CompletableFuture<Void> answer =
        CompletableFuture.runAsync(() -> attendance.answered(0, living));

    assertThat(answer).succeedsWithin(Duration.ofSeconds(10));
    heard.countDown();
    checking.get();
  }

  private static void awaitUninterruptibly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void anEarlierAttemptThatSaysLateThatItHasJoinedDoesNotTakeThePlaceOfALaterOne() {
    Attendance attendance = attendance(Reaction.FAIL);
    Presence earlier = worker("alpha");
    Presence later = worker("beta");
    attendance.joined(0, later);
    attendance.joined(0, earlier);

    assertThat(attendance.attempt(0)).isEqualTo(5);
    attendance.lost(0, earlier);
    assertThat(aborts).isEmpty();
    attendance.lost(0, later);
    assertThat(aborts).hasSize(1);
  }

  @Test
  void aConnectionThatEndsBeforeItsWorkerHasJoinedIsALoss() {
    Attendance attendance = attendance(Reaction.FAIL);
    Presence brief = worker("alpha");

    attendance.lost(0, brief);
    attendance.joined(0, brief);

    assertThat(aborts)
        .containsExactly(
            "worker of rank 0 is lost at step 3: its connection has ended (it was attempt 4 on alpha); training.onWorkerLoss is fail, so the run ends");
    assertThat(attendance.taken(0)).isFalse();
  }

  @Test
  void theEndOfAnEarlierAttemptsConnectionIsNoLoss() {
    Attendance attendance = attendance(Reaction.FAIL);
    Presence earlier = worker("alpha");
    attendance.joined(0, earlier);
    attendance.joined(0, worker("beta"));

    attendance.lost(0, earlier);

    assertThat(aborts).isEmpty();
  }

  @Test
  void aWorkerThatWasToldThatTrainingIsOverMayLeave() {
    Attendance attendance = attendance(Reaction.FAIL);
    Presence done = worker("alpha");
    attendance.joined(0, done);

    attendance.finish(0);
    attendance.lost(0, done);

    assertThat(aborts).isEmpty();
    assertThat(said).isEmpty();
  }
}
