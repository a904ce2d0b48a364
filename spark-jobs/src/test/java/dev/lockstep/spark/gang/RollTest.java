package dev.lockstep.spark.gang;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.config.WorkerLoss;
import dev.lockstep.config.WorkerLoss.Reaction;
import dev.lockstep.coordinator.Directive;
import dev.lockstep.coordinator.Directive.ComputeGradient;
import dev.lockstep.coordinator.Directive.Evaluate;
import dev.lockstep.coordinator.Directive.Part;
import dev.lockstep.coordinator.GangState;
import dev.lockstep.coordinator.GangState.WorkerState;
import dev.lockstep.spark.transport.ThreadTasks;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What is said and done about slow workers of the driver's own JVM, with a clock set by hand. */
class RollTest {
  private final List<String> said = new ArrayList<>();
  private final List<String> aborts = new ArrayList<>();
  private long now = 1;
  private Directive asked = new ComputeGradient(0, 3, 3);
  private long advances;
  private final Roll roll =
      new Roll(
          new WorkerLoss(
              Reaction.WAIT,
              Duration.ofSeconds(30),
              Duration.ofSeconds(100),
              Duration.ofSeconds(60)),
          new ThreadTasks(),
          () -> new GangState(asked, 3, List.of(WorkerState.COMPUTING), List.of(advances), 0, 0),
          () -> now,
          said::add,
          e -> aborts.add(e.getMessage()));

  private void pass(int seconds) {
    for (int i = 0; i < seconds; i++) {
      roll.check();
      now += 1_000_000_000L;
    }
    roll.check();
  }

  @Test
  void ofASlowWorkerItIsSaidOnceAWaitWhatItIsAwaitedFor() {
    pass(50);
    asked = new ComputeGradient(0, 4, 4);
    pass(50);

    assertThat(said)
        .containsExactly(
            "waiting since 11 s for worker of rank 0 to hand in the gradient of batch 4 of epoch 1 (step 3); it is a thread of this process, and the run ends after 60 s without a batch computed",
            "waiting since 11 s for worker of rank 0 to hand in the gradient of batch 5 of epoch 1 (step 4); it is a thread of this process, and the run ends after 60 s without a batch computed");
    assertThat(aborts).isEmpty();
  }

  @Test
  void aWorkerThatComputesNothingEndsTheRun() {
    pass(61);

    assertThat(aborts)
        .containsExactly(
            "worker of rank 0 has not computed a batch for 61 s (training.stepTimeout) of the gradient of batch 4 of epoch 1 (step 3); it is a thread of this process, which no other can replace");
  }

  @Test
  void aWorkerThatIsToldMuchAtOnceMayTakeLongAsLongAsItGetsOn() {
    asked = new Evaluate(Part.TEST);
    for (int batches = 1; batches <= 10; batches++) {
      pass(50);
      advances = batches;
    }

    assertThat(aborts).isEmpty();
    assertThat(said).hasSize(1);
  }
}
