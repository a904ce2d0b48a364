package dev.lockstep.spark.transport;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.config.WorkerLoss;
import dev.lockstep.config.WorkerLoss.Reaction;
import dev.lockstep.coordinator.Directive.ComputeGradient;
import dev.lockstep.coordinator.GangState;
import dev.lockstep.coordinator.GangState.WorkerState;
import dev.lockstep.spark.transport.Attendance.Presence;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What is said and done about workers that are not there, with a clock that is set by hand. */
class AttendanceTest {
  private static final GangState GANG =
      new GangState(
          new ComputeGradient(0, 3, 3), 3, List.of(WorkerState.ABSENT, WorkerState.ABSENT), 0, 0);

  private final List<String> said = new ArrayList<>();
  private final List<String> aborts = new ArrayList<>();
  private final List<String> killed = new ArrayList<>();
  private long now = 1;
  private long attempt = 4;

  private Attendance attendance(Reaction reaction) {
    return new Attendance(
        new WorkerLoss(reaction, Duration.ofSeconds(30), Duration.ofSeconds(100)),
        new SmallTraining.Threads(),
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
  void ofASlowWorkerItIsSaidOnceWhatItIsAwaitedFor() {
    Attendance attendance = attendance(Reaction.WAIT);
    Presence slow = worker("alpha");
    attendance.joined(0, slow);
    attendance.joined(1, worker("beta"));
    attendance.finish(1);
    attendance.asked(0, new ComputeGradient(0, 3, 3));

    for (int i = 0; i < 10; i++) {
      pass(attendance, 10);
      attendance.heard(slow);
    }

    assertThat(said)
        .containsExactly(
            "waiting since 11 s for worker of rank 0, attempt 4 on alpha, to answer ComputeGradient[epoch=0, batch=3, step=3]; the run waits as long as it lives, and takes it for dead after 30 s without a byte");
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
