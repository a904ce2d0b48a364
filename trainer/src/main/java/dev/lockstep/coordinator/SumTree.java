package dev.lockstep.coordinator;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * In which order the gradient sums of a batch's micro-batches are added. Sums of floats depend on
 * their grouping, so the grouping is fixed here: the leaves are the micro-batches, and every other
 * node is the sum of its two children.
 *
 * <p>{@link #inOrder} adds one micro-batch a worker, from left to right: the same bits for the same
 * number of workers. {@link #pairwise} adds a fixed number of micro-batches in a balanced tree,
 * whoever computes them: the same bits for every number of workers.
 *
 * <p>Immutable and safe for use by many threads.
 */
public final class SumTree {
  private final Node root;
  private final int leaves;

  private SumTree(Node root, int leaves) {
    this.root = root;
    this.leaves = leaves;
  }

  /**
   * The sum of the leaves {@code from} to {@code to - 1}.
   *
   * @param left null for a leaf
   * @param right null for a leaf
   */
  public record Node(int from, int to, Node left, Node right) {
    /** Whether this is one micro-batch. */
    public boolean isLeaf() {
      return left == null;
    }

    /** How many sums must be kept at once, beside the node's own, to add it up. */
    public int levels() {
      return isLeaf() ? 0 : Math.max(left.levels(), 1 + right.levels());
    }
  }

  /** {@code ((0 + 1) + 2) + ...} */
  public static SumTree inOrder(int leaves) {
    Node node = leaf(0);
    for (int next = 1; next < leaves; next++) {
      node = new Node(0, next + 1, node, leaf(next));
    }
    return new SumTree(node, leaves);
  }

  /** The balanced tree; of an odd number of leaves the left half has one more. */
  public static SumTree pairwise(int leaves) {
    return new SumTree(pairwise(0, leaves), leaves);
  }

  private static Node pairwise(int from, int to) {
    if (to - from == 1) {
      return leaf(from);
    }
    int middle = (from + to + 1) / 2;
    return new Node(from, to, pairwise(from, middle), pairwise(middle, to));
  }

  private static Node leaf(int number) {
    return new Node(number, number + 1, null, null);
  }

  /** The sum of all leaves. */
  public Node root() {
    return root;
  }

  /** How many micro-batches a batch has. */
  public int leaves() {
    return leaves;
  }

  /**
   * What worker {@code rank} of {@code workers} contributes, from left to right: it computes the
   * leaves {@code rank * leaves / workers} and on, and adds up the nodes whose leaves are all its
   * own.
   */
  public List<Node> held(int rank, int workers) {
    int from = (int) ((long) rank * leaves / workers);
    int to = (int) ((rank + 1L) * leaves / workers);
    List<Node> held = new ArrayList<>();
    collect(root, from, to, held);
    return List.copyOf(held);
  }

  /**
   * What is done with one contribution of all those of {@link #held}, taken in the order of their
   * leaves, to add them up with a stack: it is put on {@code level} of it, the lowest being 0, and
   * then the topmost of the stack is added to the one below, {@code sums} times.
   */
  public record Term(int level, int sums) {
    /** How many sums are on the stack afterwards. */
    int depth() {
      return level - sums + 1;
    }
  }

  /** How the contributions of {@code workers} workers are added up, the last leaving one sum. */
  public List<Term> terms(int workers) {
    Set<Node> contributed = new HashSet<>();
    for (int rank = 0; rank < workers; rank++) {
      contributed.addAll(held(rank, workers));
    }
    List<Term> terms = new ArrayList<>();
    addTerms(root, 0, 0, contributed, terms);
    return List.copyOf(terms);
  }

  private static void addTerms(
      Node node, int level, int sums, Set<Node> contributed, List<Term> terms) {
    if (contributed.contains(node)) {
      terms.add(new Term(level, sums));
    } else {
      addTerms(node.left(), level, 0, contributed, terms);
      addTerms(node.right(), level + 1, sums + 1, contributed, terms);
    }
  }

  /**
   * How many sums of contributions of {@code workers} workers a coordinator keeps while others are
   * still to come.
   */
  public int partialSums(int workers) {
    return terms(workers).stream()
        .filter(term -> term.sums() > 0)
        .mapToInt(Term::depth)
        .max()
        .orElse(0);
  }

  private static void collect(Node node, int from, int to, List<Node> held) {
    if (node.from() >= from && node.to() <= to) {
      held.add(node);
    } else if (node.from() < to && node.to() > from) {
      collect(node.left(), from, to, held);
      collect(node.right(), from, to, held);
    }
  }
}
