package dev.lockstep.spark.gang;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.spark.LogLines;
import dev.lockstep.spark.gang.Admission.Pass;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Trainings that several threads of a driver ask for at once. */
@Timeout(60)
class AdmissionTest {
  private static final int SLOTS = 4;

  private final Admission admission = new Admission();
  private final ExecutorService threads = Executors.newCachedThreadPool();

  @AfterEach
  void end() {
    threads.shutdownNow();
  }

  private Pass enter(int workers) throws InterruptedException {
    return admission.enter(workers, () -> SLOTS);
  }

  @Test
  void whoeverHasNoRoomYetHearsWhoHasIt() throws Exception {
    try (LogLines log = LogLines.open(Admission.class.getName())) {
      Pass first = enter(3);
      Future<Pass> second = threads.submit(() -> enter(2));

      assertThat(log.await("waits for room"))
          .isEqualTo(
              "a training waits for room for its 2 workers: those of other trainings here are 3, on"
                  + " 4 slots; it begins when they end, however long that takes");
      first.close();
      second.get(20, TimeUnit.SECONDS).close();
    }
  }

  @Test
  void neverHaveMoreWorkersAtOnceThanThereAreSlots() throws Exception {
    AtomicInteger working = new AtomicInteger();
    List<Integer> seen = Collections.synchronizedList(new ArrayList<>());
    List<Future<?>> trainings = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
      int workers = 1 + i % SLOTS;
      trainings.add(
          threads.submit(
              () -> {
                try (Pass pass = enter(workers)) {
                  seen.add(working.addAndGet(workers));
                  Thread.yield();
                  working.addAndGet(-workers);
                }
                return null;
              }));
    }
    for (Future<?> training : trainings) {
      training.get();
    }

    assertThat(seen).hasSize(200).allMatch(workers -> workers <= SLOTS);
  }

  @Test
  void oneThatNeedsAllSlotsIsNotOvertakenForEver() throws Exception {
    Pass first = enter(1);
    CompletableFuture<Thread> large = new CompletableFuture<>();
    Future<Pass> whole =
        threads.submit(
            () -> {
              large.complete(Thread.currentThread());
              return enter(SLOTS);
            });
    awaitWaiting(large.get());
    Future<Pass> small = threads.submit(() -> enter(1));

    first.close();
    Pass alone = whole.get();
    assertThat(small).isNotDone();
    alone.close();
    small.get(10, TimeUnit.SECONDS).close();
  }

  private static void awaitWaiting(Thread thread) {
    while (thread.getState() != Thread.State.TIMED_WAITING) {
      Thread.onSpinWait();
    }
  }

  @Test
  void oneThatNeedsMoreThanThereIsGoesInAloneForAClusterMayGrow() throws Exception {
    try (Pass pass = enter(SLOTS + 1)) {
      assertThat(pass).isNotNull();
    }
  }

  @Test
  void oneThatIsInterruptedLeavesItsTurnToTheNext() throws Exception {
    Pass first = enter(SLOTS);
    CompletableFuture<Thread> thread = new CompletableFuture<>();
    Future<Pass> interrupted =
        threads.submit(
            () -> {
              thread.complete(Thread.currentThread());
              return enter(1);
            });
    awaitWaiting(thread.get());
    thread.get().interrupt();
    assertThatThrownBy(interrupted::get).hasCauseInstanceOf(InterruptedException.class);

    first.close();
    enter(SLOTS).close();
  }
}
