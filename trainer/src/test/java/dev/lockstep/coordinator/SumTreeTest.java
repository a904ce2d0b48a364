package dev.lockstep.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.coordinator.SumTree.Node;
import dev.lockstep.coordinator.SumTree.Term;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/** The order in which gradient sums are added. */
class SumTreeTest {
  private static String written(Node node) {
    return node.isLeaf()
        ? String.valueOf(node.from())
        : "(" + written(node.left()) + "+" + written(node.right()) + ")";
  }

  @Test
  void inOrderAddsFromLeftToRight() {
    assertThat(written(SumTree.inOrder(4).root())).isEqualTo("(((0+1)+2)+3)");
  }

  @Test
  void pairwiseIsBalanced() {
    assertThat(written(SumTree.pairwise(8).root())).isEqualTo("(((0+1)+(2+3))+((4+5)+(6+7)))");
    assertThat(written(SumTree.pairwise(5).root())).isEqualTo("(((0+1)+2)+(3+4))");
  }

  @Test
  void aWorkerContributesTheSubtreesThatItHoldsWhole() {
    SumTree tree = SumTree.pairwise(8);
    assertThat(tree.held(0, 3)).extracting(SumTreeTest::written).containsExactly("(0+1)");
    assertThat(tree.held(1, 3)).extracting(SumTreeTest::written).containsExactly("(2+3)", "4");
    assertThat(tree.held(2, 3)).extracting(SumTreeTest::written).containsExactly("5", "(6+7)");
  }

  @Property
  void theWorkersTogetherHoldEveryMicroBatchOnce(
      @ForAll @IntRange(min = 1, max = 40) int leaves,
      @ForAll @IntRange(min = 1, max = 40) int workers) {
    SumTree tree = SumTree.pairwise(Math.max(leaves, workers));
    List<Integer> held = new ArrayList<>();
    for (int rank = 0; rank < workers; rank++) {
      assertThat(tree.held(rank, workers)).isNotEmpty();
      for (Node node : tree.held(rank, workers)) {
        for (int leaf = node.from(); leaf < node.to(); leaf++) {
          held.add(leaf);
        }
      }
    }
    assertThat(held).hasSize(tree.leaves()).isSorted().doesNotHaveDuplicates();
  }

  @Property
  void theTermsOfTheWorkersAddUpToTheTree(
      @ForAll @IntRange(min = 1, max = 40) int leaves,
      @ForAll @IntRange(min = 1, max = 40) int workers) {
    SumTree tree = SumTree.pairwise(Math.max(leaves, workers));
    List<String> stack = new ArrayList<>();
    Iterator<Term> terms = tree.terms(workers).iterator();
    for (int rank = 0; rank < workers; rank++) {
      for (Node node : tree.held(rank, workers)) {
        Term term = terms.next();
        assertThat(stack).hasSize(term.level());
        stack.add(written(node));
        for (int i = 0; i < term.sums(); i++) {
          String right = stack.remove(stack.size() - 1);
          stack.add("(" + stack.remove(stack.size() - 1) + "+" + right + ")");
        }
        assertThat(stack).hasSize(term.depth());
      }
    }
    assertThat(terms).isExhausted();
    assertThat(stack).containsExactly(written(tree.root()));
  }

  @Test
  void whileOthersAreToComeOneSumIsKeptOfThoseInOrderAndAFewOfPairs() {
    assertThat(SumTree.inOrder(1).partialSums(1)).isZero();
    assertThat(SumTree.inOrder(16).partialSums(16)).isEqualTo(1);
    assertThat(SumTree.pairwise(16).partialSums(1)).isZero();
    assertThat(SumTree.pairwise(16).partialSums(16)).isEqualTo(3);
  }
}
