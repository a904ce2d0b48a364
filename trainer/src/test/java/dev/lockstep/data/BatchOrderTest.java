package dev.lockstep.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

class BatchOrderTest {
  /** Some training examples (every other index of the data set) and who computes them. */
  record Plan(int examples, int shards, int workers, int batchSize, long seed) {
    int[] indices() {
      return IntStream.range(0, examples).map(i -> 2 * i + 1).toArray();
    }

    BatchOrder order() {
      return new BatchOrder(indices(), shards, batchSize, seed);
    }

    List<WorkerOrder> gang(int size) {
      BatchOrder order = order();
      return IntStream.range(0, size).mapToObj(rank -> order.worker(rank, size)).toList();
    }

    int batches() {
      return (examples + batchSize - 1) / batchSize;
    }

    MicroBatch target() {
      return new MicroBatch(Math.min(batchSize, examples));
    }
  }

  @Provide
  Arbitrary<Plan> plans() {
    return Arbitraries.integers()
        .between(1, 300)
        .flatMap(
            n ->
                Arbitraries.integers()
                    .between(1, Math.min(n, 40))
                    .flatMap(
                        shards ->
                            Combinators.combine(
                                    Arbitraries.integers().between(1, shards),
                                    Arbitraries.integers().between(1, n + 10),
                                    Arbitraries.longs())
                                .as(
                                    (workers, batchSize, seed) ->
                                        new Plan(n, shards, workers, batchSize, seed))));
  }

  /** Place p of the epoch is example p div V of shard p mod V, and worker r owns v mod N = r. */
  @Property
  void microBatchIsTheDefinition(@ForAll("plans") Plan plan) {
    BatchOrder order = plan.order();
    assertThat(order.batches()).isEqualTo(plan.batches());
    int epoch = 3;
    for (int rank = 0; rank < plan.workers(); rank++) {
      WorkerOrder worker = order.worker(rank, plan.workers());
      MicroBatch micro = new MicroBatch(worker.capacity());
      for (int s = 0; s < plan.batches(); s++) {
        List<Integer> examples = new ArrayList<>();
        List<Integer> places = new ArrayList<>();
        int end = Math.min((s + 1) * plan.batchSize(), plan.examples());
        for (int p = s * plan.batchSize(); p < end; p++) {
          int v = p % plan.shards();
          if (v % plan.workers() == rank) {
            examples.add(order.shard(v, epoch)[p / plan.shards()]);
            places.add(p - s * plan.batchSize());
          }
        }

        worker.microBatch(epoch, s, micro);

        assertThat(examples(micro)).isEqualTo(examples);
        assertThat(places(micro)).isEqualTo(places);
      }
    }
  }

  @Property
  void shardsAreTheSameExamplesInEveryEpochAndDifferInSizeByAtMostOne(@ForAll("plans") Plan plan) {
    BatchOrder order = plan.order();
    List<Integer> all = new ArrayList<>();
    for (int v = 0; v < plan.shards(); v++) {
      int[] shard = order.shard(v, 0);
      Arrays.stream(shard).forEach(all::add);

      assertThat(order.shard(v, 1)).containsExactlyInAnyOrder(shard);
      assertThat(shard.length - plan.examples() / plan.shards()).isBetween(0, 1);
    }

    assertThat(all)
        .containsExactlyInAnyOrderElementsOf(Arrays.stream(plan.indices()).boxed().toList());
  }

  @Property
  void gangComputesEveryExampleExactlyOnceAnEpoch(@ForAll("plans") Plan plan) {
    for (int epoch = 0; epoch < 2; epoch++) {
      List<Integer> computed = new ArrayList<>();
      for (WorkerOrder worker : plan.gang(plan.workers())) {
        MicroBatch micro = new MicroBatch(worker.capacity());
        for (int s = 0; s < plan.batches(); s++) {
          worker.microBatch(epoch, s, micro);
          computed.addAll(examples(micro));
        }
      }

      assertThat(computed)
          .containsExactlyInAnyOrderElementsOf(Arrays.stream(plan.indices()).boxed().toList());
    }
  }

  @Property
  void batchAndPlacesDoNotDependOnTheNumberOfWorkers(@ForAll("plans") Plan plan) {
    BatchOrder order = plan.order();
    WorkerOrder alone = order.worker(0, 1);
    List<WorkerOrder> gang = plan.gang(plan.workers());
    MicroBatch micro = plan.target();
    for (int s = 0; s < plan.batches(); s++) {
      alone.microBatch(1, s, micro);
      assertThat(places(micro)).isEqualTo(IntStream.range(0, order.size(s)).boxed().toList());
      List<Integer> batch = examples(micro);
      Integer[] union = new Integer[batch.size()];
      for (WorkerOrder worker : gang) {
        worker.microBatch(1, s, micro);
        for (int i = 0; i < micro.size(); i++) {
          assertThat(union[micro.place(i)]).isNull();
          union[micro.place(i)] = micro.example(i);
        }
      }

      assertThat(union).containsExactlyElementsOf(batch);
    }
  }

  @Property
  void microBatchNeverExceedsTheCapacity(@ForAll("plans") Plan plan) {
    for (WorkerOrder worker : plan.gang(plan.workers())) {
      MicroBatch micro = plan.target();
      for (int s = 0; s < plan.batches(); s++) {
        worker.microBatch(0, s, micro);

        assertThat(micro.size()).isLessThanOrEqualTo(worker.capacity());
      }
      assertThat(worker.capacity()).isLessThanOrEqualTo(plan.batchSize());
    }
  }

  @Property
  void localBatchesAreTheWorkersOwnExamplesExactlyOnce(@ForAll("plans") Plan plan) {
    int owned = 0;
    for (WorkerOrder worker : plan.gang(plan.workers())) {
      MicroBatch local = plan.target();
      List<Integer> computed = new ArrayList<>();
      int batch = 0;
      for (worker.localBatch(2, batch, local);
          local.size() > 0;
          worker.localBatch(2, ++batch, local)) {
        assertThat(local.size())
            .isEqualTo(Math.min(plan.batchSize(), worker.owned() - batch * plan.batchSize()));
        computed.addAll(examples(local));
      }
      owned += worker.owned();

      assertThat(computed).isEqualTo(inOrderOfPlaces(worker, plan));
    }

    assertThat(owned).isEqualTo(plan.examples());
  }

  @Property
  void sameSeedGivesTheSameOrderWhateverWasAskedBefore(@ForAll("plans") Plan plan) {
    MicroBatch one = plan.target();
    MicroBatch other = plan.target();
    WorkerOrder jumping = plan.order().worker(0, plan.workers());
    jumping.microBatch(5, 0, one);
    jumping.microBatch(1, 0, one);

    plan.order().worker(0, plan.workers()).microBatch(1, 0, other);

    assertThat(examples(one)).isEqualTo(examples(other));
  }

  @Test
  void epochsSeedsAndShardsDifferInTheirOrder() {
    int[] examples = IntStream.range(0, 1000).toArray();
    BatchOrder order = new BatchOrder(examples, 4, 10, 1);

    assertThat(order.shard(0, 0)).isNotEqualTo(order.shard(0, 1));
    assertThat(order.shard(0, 0)).isNotEqualTo(new BatchOrder(examples, 4, 10, 2).shard(0, 0));
    assertThat(places(order.shard(0, 0))).isNotEqualTo(places(order.shard(1, 0)));
  }

  @Test
  void batchLargerThanAllExamplesIsOneBatch() {
    BatchOrder order = new BatchOrder(new int[] {4, 5, 6}, 2, Integer.MAX_VALUE, 1);

    assertThat(order.batches()).isEqualTo(1);
    assertThat(order.size(0)).isEqualTo(3);
    assertThat(order.worker(0, 2).capacity() + order.worker(1, 2).capacity()).isGreaterThan(2);
  }

  @Test
  void impossiblePlansAreRefused() {
    assertThatThrownBy(() -> new BatchOrder(new int[3], 4, 1, 0))
        .hasMessage("shards is 4 but must be from 1 to the number of training examples, 3");
    assertThatThrownBy(() -> new BatchOrder(new int[3], 0, 1, 0))
        .hasMessageContaining("shards is 0");
    assertThatThrownBy(() -> new BatchOrder(new int[0], 1, 1, 0))
        .hasMessageContaining("shards is 1");
    assertThatThrownBy(() -> new BatchOrder(new int[3], 1, 0, 0))
        .hasMessage("batchSize is 0 but must be > 0");
    BatchOrder order = new BatchOrder(new int[3], 2, 1, 0);
    assertThatThrownBy(() -> order.worker(0, 3))
        .hasMessage("rank 0 of 3 workers, but there are 2 shards and every worker needs one");
    assertThatThrownBy(() -> order.worker(2, 2)).hasMessageContaining("rank 2 of 2 workers");
    assertThatThrownBy(() -> order.worker(-1, 2)).hasMessageContaining("rank -1 of 2 workers");
  }

  private static List<Integer> inOrderOfPlaces(WorkerOrder worker, Plan plan) {
    MicroBatch micro = plan.target();
    List<Integer> examples = new ArrayList<>();
    for (int s = 0; s < plan.batches(); s++) {
      worker.microBatch(2, s, micro);
      examples.addAll(examples(micro));
    }
    return examples;
  }

  private static List<Integer> examples(MicroBatch micro) {
    return IntStream.range(0, micro.size()).map(micro::example).boxed().toList();
  }

  private static List<Integer> places(MicroBatch micro) {
    return IntStream.range(0, micro.size()).map(micro::place).boxed().toList();
  }

  /** The permutation of a shard: for each example its rank among the shard's. */
  private static List<Integer> places(int[] shard) {
    int[] sorted = shard.clone();
    Arrays.sort(sorted);
    return Arrays.stream(shard).map(e -> Arrays.binarySearch(sorted, e)).boxed().toList();
  }
}
