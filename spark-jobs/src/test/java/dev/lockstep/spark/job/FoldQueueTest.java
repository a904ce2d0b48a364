package dev.lockstep.spark.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.lockstep.spark.LogLines;
import dev.lockstep.spark.job.FoldQueue.Task;
import dev.lockstep.spark.registry.LeaseException;
import dev.lockstep.yaml.ConfigurationException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class FoldQueueTest {
  private static final CompletableFuture<RuntimeException> NEVER = new CompletableFuture<>();

  private final AtomicInteger running = new AtomicInteger();
  private final AtomicInteger most = new AtomicInteger();

  /** Each waits until {@code together} run, so that it would hang if fewer were admitted. */
  private List<Task<Integer>> tasks(int count, int together) {
    List<CountDownLatch> groups =
        IntStream.range(0, count).mapToObj(i -> new CountDownLatch(together)).toList();
    return IntStream.range(0, count)
        .mapToObj(
            i ->
                new Task<>(
                    "fold " + i,
                    () -> {
                      most.accumulateAndGet(running.incrementAndGet(), Math::max);
                      CountDownLatch group = groups.get(i / together);
                      group.countDown();
                      group.await();
                      running.decrementAndGet();
                      return i;
                    }))
        .toList();
  }

  @Test
  void asManyRunAsHaveRoomForAllTheirWorkers() {
    List<Integer> finished = new ArrayList<>();

    assertThat(new FoldQueue(() -> 7, 2, 100).run(tasks(6, 3), finished::add, NEVER)).isEmpty();

    assertThat(finished).containsExactlyInAnyOrder(0, 1, 2, 3, 4, 5);
    assertThat(most).hasValue(3);
  }

  @Test
  void noMoreRunThanAreAllowed() {
    new FoldQueue(() -> 7, 1, 2).run(tasks(4, 2), result -> {}, NEVER);

    assertThat(most).hasValue(2);
  }

  @Test
  void oneRunsThoughThereAreNoSlotsYet() {
    new FoldQueue(() -> 0, 1, 2).run(tasks(3, 1), result -> {}, NEVER);

    assertThat(most).hasValue(1);
  }

  @Test
  void thoseThatDoNotEndWhenTheyAreToldToAreWaitedForAWhile() {
    CountDownLatch ended = new CountDownLatch(1);
    List<Task<Integer>> tasks =
        List.of(
            new Task<>("deaf", () -> sleepOn(ended)),
            new Task<>(
                "interrupted",
                () -> {
                  throw new CancellationException("interrupted");
                }));
    try (LogLines log = LogLines.open()) {
      FoldQueue queue = new FoldQueue(() -> 2, 1, 2, Duration.ofSeconds(2));

      assertThatExceptionOfType(CancellationException.class)
          .isThrownBy(() -> queue.run(tasks, result -> {}, NEVER));

      assertThat(log.with("fold"))
          .containsExactly(
              "waiting since 1 s for folds to end, as they were told to; giving up in 1 s",
              "folds still run 2 s after they were told to end");
    } finally {
      ended.countDown();
    }
  }

  /** Whoever interrupts it. */
  private static int sleepOn(CountDownLatch ended) {
    while (true) {
      try {
        ended.await();
        return 1;
      } catch (InterruptedException e) {
        // It does not listen.
      }
    }
  }

  @Test
  void oneThatFailsIsRunAgainByItself() {
    AtomicInteger attempts = new AtomicInteger();
    Task<Integer> flaky =
        new Task<>(
            "flaky",
            () -> {
              if (attempts.incrementAndGet() < FoldQueue.MOST_ATTEMPTS) {
                throw new IllegalStateException("not yet");
              }
              return 1;
            });
    List<Integer> finished = new ArrayList<>();

    assertThat(new FoldQueue(() -> 1, 1, 1).run(List.of(flaky), finished::add, NEVER)).isEmpty();
    assertThat(finished).containsExactly(1);
  }

  @Test
  void oneThatFailsForGoodIsNamedAndTheOthersFinish() {
    Task<Integer> hopeless =
        new Task<>(
            "fold 2",
            () -> {
              throw new IllegalStateException("a", new IllegalStateException("disk\nfull"));
            });
    List<Task<Integer>> tasks = new ArrayList<>(tasks(3, 1));
    tasks.add(1, hopeless);
    List<Integer> finished = new ArrayList<>();

    assertThat(new FoldQueue(() -> 1, 1, 1).run(tasks, finished::add, NEVER))
        .containsExactly(new FoldFailure("fold 2", "disk"));
    assertThat(finished).containsExactly(0, 1, 2);
  }

  @Test
  void aMistakeIsNotRepeated() {
    AtomicInteger attempts = new AtomicInteger();
    Task<Integer> mistaken =
        new Task<>(
            "fold 1",
            () -> {
              attempts.incrementAndGet();
              throw new ConfigurationException("no such layer");
            });

    new FoldQueue(() -> 1, 1, 1).run(List.of(mistaken), result -> {}, NEVER);

    assertThat(attempts).hasValue(1);
  }

  @Test
  void whenOneIsToldToEndAllDo() {
    CountDownLatch interrupted = new CountDownLatch(1);
    CountDownLatch waiting = new CountDownLatch(1);
    Task<Integer> endless =
        new Task<>(
            "fold 1",
            () -> {
              waiting.countDown();
              try {
                new CountDownLatch(1).await();
              } catch (InterruptedException e) {
                interrupted.countDown();
              }
              return 1;
            });
    Task<Integer> told =
        new Task<>(
            "fold 2",
            () -> {
              waiting.await();
              throw new IllegalStateException(new CancellationException("interrupted"));
            });

    assertThatExceptionOfType(CancellationException.class)
        .isThrownBy(
            () -> new FoldQueue(() -> 2, 1, 2).run(List.of(endless, told), result -> {}, NEVER));
    assertThat(interrupted.getCount()).isZero();
  }

  @Test
  void onceItMustStopWhatRunsIsInterruptedAndNothingElseBegins() {
    CompletableFuture<RuntimeException> stop = new CompletableFuture<>();
    CountDownLatch interrupted = new CountDownLatch(1);
    AtomicInteger begun = new AtomicInteger();
    Task<Integer> endless =
        new Task<>(
            "fold 1",
            () -> {
              begun.incrementAndGet();
              stop.complete(new LeaseException("another has taken the run over"));
              try {
                new CountDownLatch(1).await();
              } catch (InterruptedException e) {
                interrupted.countDown();
              }
              return 1;
            });

    assertThatExceptionOfType(LeaseException.class)
        .isThrownBy(
            () -> new FoldQueue(() -> 1, 1, 1).run(List.of(endless, endless), result -> {}, stop))
        .withMessage("another has taken the run over");
    assertThat(interrupted.getCount()).isZero();
    assertThat(begun).hasValue(1);
  }
}
