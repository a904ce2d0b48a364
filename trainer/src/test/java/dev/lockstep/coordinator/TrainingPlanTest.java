package dev.lockstep.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.data.Augmentation;
import dev.lockstep.optimizer.Clipping;
import dev.lockstep.optimizer.LearningRate;
import dev.lockstep.optimizer.Sgd;
import java.util.Arrays;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/** Which shards are whose. */
class TrainingPlanTest {
  private static TrainingPlan plan(int shards, OptionalInt microBatches) {
    return new TrainingPlan(
        1,
        1,
        10,
        shards,
        new Sgd(new LearningRate.Constant(0.1), Clipping.NONE, 0, false),
        new Averaging.Gradients(),
        Augmentation.NONE,
        microBatches,
        Optional.empty());
  }

  @Test
  void workerOwnsEveryNthShard() {
    TrainingPlan plan = plan(7, OptionalInt.empty());

    assertThat(plan.shards(0, 3)).containsExactly(0, 3, 6);
    assertThat(plan.shards(1, 3)).containsExactly(1, 4);
    assertThat(plan.shards(2, 3)).containsExactly(2, 5);
  }

  @Test
  void workerOwnsTheShardsOfItsMicroBatches() {
    TrainingPlan plan = plan(10, OptionalInt.of(4));

    assertThat(plan.shards(0, 2)).containsExactly(0, 1, 4, 5, 8, 9);
    assertThat(plan.shards(1, 2)).containsExactly(2, 3, 6, 7);
  }

  @Property
  void everyShardHasOneOwner(
      @ForAll @IntRange(min = 1, max = 40) int shards,
      @ForAll @IntRange(min = 0, max = 40) int microBatches,
      @ForAll @IntRange(min = 1, max = 40) int workers) {
    OptionalInt parts =
        microBatches == 0 ? OptionalInt.empty() : OptionalInt.of(Math.min(microBatches, shards));
    int gang = Math.min(workers, parts.orElse(shards));
    TrainingPlan plan = plan(shards, parts);

    int[] owned =
        IntStream.range(0, gang).flatMap(rank -> Arrays.stream(plan.shards(rank, gang))).toArray();

    assertThat(owned)
        .containsExactlyInAnyOrder(IntStream.range(0, shards).boxed().toArray(Integer[]::new));
  }
}
