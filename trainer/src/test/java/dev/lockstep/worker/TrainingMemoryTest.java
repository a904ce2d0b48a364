package dev.lockstep.worker;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.lockstep.coordinator.Averaging.Gradients;
import dev.lockstep.coordinator.SharedMemoryCoordinator;
import dev.lockstep.coordinator.TrainingPlan;
import dev.lockstep.coordinator.TrainingState;
import dev.lockstep.data.Augmentation;
import dev.lockstep.data.BatchOrder;
import dev.lockstep.engine.FusedEngine;
import dev.lockstep.network.Network;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.awaitility.Awaitility;
import org.bytedeco.javacpp.Pointer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a training takes it takes once. */
class TrainingMemoryTest {
  private static final int BATCH = 10;

  /** Memory outside the heap: Java's direct buffers, and what ND4J and OpenBLAS were given. */
  private record OffHeap(long buffers, long bufferBytes, long nativeBytes) {
    static OffHeap now() {
      BufferPoolMXBean direct =
          ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
              .filter(pool -> pool.getName().equals("direct"))
              .findFirst()
              .orElseThrow();
      return new OffHeap(direct.getCount(), direct.getMemoryUsed(), Pointer.totalBytes());
    }

    /** When what nobody refers to has been given back, which takes collections and a while. */
    static OffHeap settled() {
      OffHeap[] last = {now()};
      Awaitility.await()
          .atMost(Duration.ofMinutes(1))
          .pollInterval(Duration.ofMillis(50))
          .during(Duration.ofMillis(200))
          .until(
              () -> {
                System.gc();
                OffHeap before = last[0];
                last[0] = now();
                return last[0].equals(before);
              });
      return last[0];
    }
  }

  @Test
  void memoryOutsideTheHeapIsTheSameAfterTwentyEpochsAsAfterTwo() {
    TrainingSet data = SmallProblem.data(200, 40, 40);
    Network network = SmallProblem.convolutional(0.3, 1e-3);
    TrainingPlan plan = plan(20, OptionalInt.of(4));
    int steps = 200 / BATCH;
    List<OffHeap> epochs = new ArrayList<>();

    SimulatedGang.train(
        plan,
        network,
        data,
        FusedEngine::new,
        2,
        TrainingState.start(plan, network, network.initialParameters(1)),
        coordinator -> {
          int[] rounds = {0};
          coordinator.observe(
              time -> {
                rounds[0]++;
                if (rounds[0] == 2 * steps || rounds[0] == 20 * steps) {
                  epochs.add(OffHeap.settled());
                }
              });
        });

    OffHeap second = epochs.get(0);
    OffHeap twentieth = epochs.get(1);
    assertThat(second.bufferBytes()).isPositive();
    assertThat(twentieth.buffers()).isLessThanOrEqualTo(second.buffers());
    assertThat(twentieth.bufferBytes()).isLessThanOrEqualTo(second.bufferBytes());
    assertThat(twentieth.nativeBytes()).isLessThanOrEqualTo(second.nativeBytes());
  }

  /** Fifty bytes say what to do next, and fifty where the time went. */
  private static final int BYTES_A_STEP = 100;

  @ParameterizedTest
  @ValueSource(ints = {0, 4})
  void aWholeStepAllocatesNoMoreThanAHundredBytes(int microBatches) throws Exception {
    TrainingSet data = SmallProblem.data(4000, 0, 0);
    Network network = SmallProblem.convolutional(0.3, 1e-3);
    TrainingPlan plan =
        plan(1, microBatches == 0 ? OptionalInt.empty() : OptionalInt.of(microBatches));
    BatchOrder order = new BatchOrder(data.split().training(), plan.shards(), BATCH, plan.seed());
    SharedMemoryCoordinator coordinator =
        new SharedMemoryCoordinator(
            plan,
            network,
            order,
            1,
            TrainingState.start(plan, network, network.initialParameters(1)),
            false,
            false);
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long[] allocated = new long[4000 / BATCH];
    int[] rounds = {0};
    coordinator.observe(time -> allocated[rounds[0]++] = threads.getCurrentThreadAllocatedBytes());

    new Worker(plan, network, FusedEngine::new, data, order, 0, 1, plan.shards(0, 1))
        .run(coordinator, 0);

    int warm = 200;
    int last = allocated.length - 1;
    assertThat(allocated[last] - allocated[warm])
        .isPositive()
        .isLessThanOrEqualTo((long) BYTES_A_STEP * (last - warm));
  }

  private static TrainingPlan plan(int epochs, OptionalInt microBatches) {
    return new TrainingPlan(
        1,
        epochs,
        BATCH,
        8,
        SmallProblem.optimizer("{name: adam, learningRate: 0.003, globalClipNorm: 5}"),
        new Gradients(),
        new Augmentation(10, 1, 0.1),
        microBatches,
        Optional.empty());
  }
}
