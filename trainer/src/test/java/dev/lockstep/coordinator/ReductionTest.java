package dev.lockstep.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.coordinator.Block.Scratch;
import dev.lockstep.coordinator.SumTree.Node;
import dev.lockstep.random.CounterRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/** Contributions are added up while they come, and the sum is what it would have been. */
class ReductionTest {
  private static final int LENGTH = 2 * Block.MOST + 100;
  private static final float[] NUMBERS = numbers();
  private static final List<Block> BLOCKS = blocks();

  private final Scratch scratch = new Scratch();

  private static List<Block> blocks() {
    List<Block> blocks = new ArrayList<>();
    Block.cut(0, LENGTH, null, blocks);
    return blocks;
  }

  private static List<Node> held(SumTree tree, int workers) {
    return IntStream.range(0, workers)
        .boxed()
        .flatMap(rank -> tree.held(rank, workers).stream())
        .toList();
  }

  /** Whose sums depend on their grouping. */
  private static float[] numbers() {
    float[] numbers = new float[2 * LENGTH];
    CounterRandom random = new CounterRandom(1);
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = random.nextInt(1 << 24) * 1e-3f - 8000;
    }
    return numbers;
  }

  private static Contribution contribution(long seed) {
    Contribution contribution = Contribution.ofLength(LENGTH);
    CounterRandom random = new CounterRandom(seed);
    contribution.vector().put(0, NUMBERS, random.nextInt(LENGTH), LENGTH);
    contribution.sums().set(random.nextInt(1000) * 0.1, 1, 2);
    return contribution;
  }

  private static Contribution[] contributions(int count, long seed) {
    return IntStream.range(0, count)
        .mapToObj(i -> contribution(seed * 1000 + i))
        .toArray(Contribution[]::new);
  }

  /** Of as many workers as there are contributions. */
  private static Reduction collecting(SumTree tree, Contribution[] contributions) {
    Reduction reduction = new Reduction(BLOCKS, tree, contributions.length);
    reduction.collect(contributions);
    return reduction;
  }

  private float[] sum(Reduction reduction) {
    float[] sum = new float[LENGTH];
    for (int block = 0; block < BLOCKS.size(); block++) {
      reduction.sum(block, scratch);
      System.arraycopy(scratch.sum, 0, sum, BLOCKS.get(block).from(), BLOCKS.get(block).length());
    }
    return sum;
  }

  /** As the tree's definition has it. */
  private static float[] sum(Node node, Map<Node, Contribution> contributions) {
    float[] sum = new float[LENGTH];
    if (contributions.containsKey(node)) {
      contributions.get(node).vector().get(0, sum);
      return sum;
    }
    float[] left = sum(node.left(), contributions);
    float[] right = sum(node.right(), contributions);
    for (int i = 0; i < LENGTH; i++) {
      sum[i] = left[i] + right[i];
    }
    return sum;
  }

  private static float[] sum(SumTree tree, int workers, Contribution[] contributions) {
    Map<Node, Contribution> byNode = new IdentityHashMap<>();
    List<Node> held = held(tree, workers);
    for (int i = 0; i < contributions.length; i++) {
      byNode.put(held.get(i), contributions[i]);
    }
    return sum(tree.root(), byNode);
  }

  /** In pieces of any length. */
  private static CompletableFuture<Void> receive(
      Reduction reduction, Contribution contribution, int upTo, long seed) {
    return CompletableFuture.runAsync(
        () -> {
          Scratch own = new Scratch();
          CounterRandom random = new CounterRandom(seed);
          for (int floats = 0; floats < upTo; floats += 1 + random.nextInt(Block.MOST)) {
            reduction.received(contribution, floats, own);
          }
          reduction.received(contribution, upTo, own);
        });
  }

  @Property(tries = 100)
  void theSumIsThatOfTheTreeHoweverTheContributionsCome(
      @ForAll boolean pairwise,
      @ForAll @IntRange(min = 1, max = 9) int workers,
      @ForAll @IntRange(max = 7) int more,
      @ForAll long seed) {
    SumTree tree = pairwise ? SumTree.pairwise(workers + more) : SumTree.inOrder(workers);
    int count = held(tree, workers).size();
    Reduction reduction = new Reduction(BLOCKS, tree, workers);
    CounterRandom random = new CounterRandom(seed);
    Contribution[] contributions = contributions(count, seed);

    for (int round = 0; round < 3; round++) {
      reduction.collect(contributions);
      List<CompletableFuture<Void>> receptions = new ArrayList<>();
      for (Contribution each : contributions) {
        int upTo = random.nextInt(4) == 0 ? random.nextInt(LENGTH) : LENGTH;
        receptions.add(receive(reduction, each, upTo, random.nextLong()));
      }
      if (random.nextInt(2) == 0) {
        contributions = contributions.clone();
        int replaced = random.nextInt(count);
        contributions[replaced] = contribution(random.nextLong());
        reduction.replace(contributions);
        receptions.add(receive(reduction, contributions[replaced], LENGTH, random.nextLong()));
      }
      receptions.forEach(CompletableFuture::join);
      reduction.count();

      assertThat(sum(reduction)).isEqualTo(sum(tree, workers, contributions));
      assertThat(reduction.total().examples()).isEqualTo(2L * count);
      Arrays.stream(contributions)
          .forEach(each -> each.vector().put(0, each.vector().get(LENGTH - 1)));
    }
  }

  @Test
  void aBlockIsAddedUpAsSoonAsItHasComeFromAll() {
    Contribution[] contributions = contributions(3, 1);
    Reduction reduction = collecting(SumTree.inOrder(3), contributions);

    reduction.received(contributions[1], LENGTH, scratch);
    assertThat(added(reduction)).containsExactly(0, 0, 0);
    reduction.received(contributions[0], LENGTH, scratch);
    assertThat(added(reduction)).containsExactly(2, 2, 2);

    reduction.received(contributions[2], Block.MOST, scratch);
    assertThat(added(reduction)).containsExactly(3, 2, 2);

    reduction.received(contributions[2], LENGTH - 1, scratch);
    assertThat(added(reduction)).containsExactly(3, 3, 2);

    reduction.received(contributions[2], LENGTH, scratch);
    assertThat(added(reduction)).containsExactly(3, 3, 3);
  }

  @Test
  void ifTheFirstComesLastTheSumIsLeftToAllThreads() {
    Contribution[] contributions = contributions(3, 1);
    Reduction reduction = collecting(SumTree.inOrder(3), contributions);

    reduction.received(contributions[2], LENGTH, scratch);
    reduction.received(contributions[1], LENGTH, scratch);
    reduction.received(contributions[0], LENGTH, scratch);

    assertThat(added(reduction)).containsExactly(0, 0, 0);
    assertThat(sum(reduction)).isEqualTo(sum(SumTree.inOrder(3), 3, contributions));
  }

  @Test
  void ofThePairwiseTreeWhatIsCompleteIsAddedUp() {
    Contribution[] contributions = contributions(8, 1);
    Reduction reduction = collecting(SumTree.pairwise(8), contributions);
    for (int i = 0; i < 7; i++) {
      reduction.received(contributions[i], LENGTH, scratch);
    }
    assertThat(added(reduction)).containsExactly(6, 6, 6);
  }

  @Test
  void whatAWithdrawnContributionWasAddedToIsForgottenAndTheRestAddedUpAgain() {
    Contribution[] contributions = contributions(3, 1);
    Reduction reduction = collecting(SumTree.inOrder(3), contributions);
    reduction.received(contributions[0], LENGTH, scratch);
    reduction.received(contributions[1], LENGTH, scratch);

    Contribution[] others = {contributions[0], contribution(7), contributions[2]};
    reduction.replace(others);
    assertThat(added(reduction)).containsExactly(0, 0, 0);
    reduction.received(contributions[1], LENGTH, scratch);
    assertThat(added(reduction)).containsExactly(0, 0, 0);
    reduction.received(others[1], LENGTH, scratch);
    assertThat(added(reduction)).containsExactly(2, 2, 2);
    assertThat(sum(reduction)).isEqualTo(sum(SumTree.inOrder(3), 3, others));
  }

  @Test
  void aContributionThatComesAgainIsAddedUpAnew() {
    Contribution[] contributions = contributions(2, 1);
    Reduction reduction = collecting(SumTree.inOrder(2), contributions);
    reduction.received(contributions[0], LENGTH, scratch);
    reduction.received(contributions[1], LENGTH, scratch);

    reduction.received(contributions[0], 0, scratch);
    contributions[0].vector().put(0, 42);
    reduction.received(contributions[0], LENGTH, scratch);

    assertThat(sum(reduction)).isEqualTo(sum(SumTree.inOrder(2), 2, contributions));
  }

  private static List<Integer> added(Reduction reduction) {
    return IntStream.range(0, BLOCKS.size()).mapToObj(reduction::termsAdded).toList();
  }
}
