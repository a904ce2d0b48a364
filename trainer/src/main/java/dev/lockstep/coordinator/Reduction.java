package dev.lockstep.coordinator;

import dev.lockstep.coordinator.Block.Scratch;
import dev.lockstep.coordinator.SumTree.Term;
import dev.lockstep.engine.FloatVector;
import dev.lockstep.engine.StepSums;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.stream.Stream;

/**
 * Adds up the contributions of a round in the order of a {@link SumTree}, block by block. A block
 * that has come from one contribution and from all before it is added up at once, while others are
 * still received, in sums beside the contributions; whatever was not is added up when all have
 * come. Both give the same bits.
 *
 * <p>The contributions stay as they are, so that one can be withdrawn until the last has come: what
 * was added up is forgotten then.
 *
 * <p>{@link #received} may be called by many threads, each for contributions of its own, and {@link
 * #sum} by many, each for blocks of its own.
 */
final class Reduction {
  /**
   * So many terms may be added when a block has come from all. More are left to {@link #sum}, which
   * many threads share, and which then have nothing else to do.
   */
  private static final int MOST_LAST_TERMS = 2;

  private final List<Block> blocks;
  private final Term[] terms;
  private final StepSums[] totals;

  /** What is on each level of the stack; null until something is received. */
  private final FloatBuffer[] partialSums;

  private final PartialSum[] ofBlocks;
  private volatile Collection collection;

  /** The contributions of a round that is being collected; used again while they are the same. */
  private static final class Collection {
    private final Contribution[] contributions;

    /** Of each contribution, how many blocks have come. */
    private final AtomicIntegerArray received;

    /** Counts the rounds. */
    private volatile long round;

    private Collection(Contribution[] contributions) {
      this.contributions = contributions;
      this.received = new AtomicIntegerArray(contributions.length);
    }

    /** What has come of contributions that are also among {@code earlier} stays. */
    private Collection(Contribution[] contributions, Collection earlier) {
      this(contributions);
      for (int term = 0; term < contributions.length; term++) {
        int before = earlier.indexOf(contributions[term]);
        received.set(term, before < 0 ? 0 : earlier.received.get(before));
      }
    }

    private synchronized void nextRound() {
      for (int term = 0; term < contributions.length; term++) {
        received.set(term, 0);
      }
      round = round + 1;
    }

    /** The place of the very contribution, or -1. */
    private int indexOf(Contribution contribution) {
      for (int term = 0; term < contributions.length; term++) {
        if (contributions[term] == contribution) {
          return term;
        }
      }
      return -1;
    }
  }

  /** How far a block is added up, in which round of which contributions; guarded by itself. */
  private static final class PartialSum {
    private Collection collection;
    private long round;
    private int terms;

    private boolean isOf(Collection now) {
      return collection == now && round == now.round;
    }
  }

  /**
   * Adds up what {@code workers} workers hold of {@code tree}.
   *
   * @param blocks which cut the contributions, in order
   */
  Reduction(List<Block> blocks, SumTree tree, int workers) {
    this.blocks = blocks;
    this.terms = tree.terms(workers).toArray(Term[]::new);
    this.totals = new StepSums[tree.root().levels() + 1];
    Arrays.setAll(totals, level -> new StepSums());
    this.partialSums = new FloatBuffer[tree.partialSums(workers)];
    this.ofBlocks =
        Stream.generate(PartialSum::new).limit(blocks.size()).toArray(PartialSum[]::new);
  }

  /** A round begins: from now on it is collected in {@code contributions}, in rank order. */
  void collect(Contribution[] contributions) {
    Collection now = collection;
    if (now != null && now.contributions == contributions) {
      now.nextRound();
    } else {
      collection = new Collection(contributions);
    }
  }

  /**
   * The round goes on with {@code contributions}, of which one has taken another's place: what was
   * added up is forgotten, but not what has come of the others.
   */
  void replace(Contribution[] contributions) {
    Collection now = collection;
    collection = now == null ? new Collection(contributions) : new Collection(contributions, now);
  }

  /**
   * The first {@code floats} numbers of {@code contribution} have come, and stay for this round; if
   * that is less than before, it comes again. Of one that is not being collected this changes
   * nothing.
   */
  void received(Contribution contribution, int floats, Scratch scratch) {
    Collection now = collection;
    int term = now == null ? -1 : now.indexOf(contribution);
    if (term < 0 || partialSums.length == 0) {
      return;
    }
    allocate();
    int from = now.received.get(term);
    if (from > 0 && blocks.get(from - 1).end() > floats) {
      now.nextRound();
      from = 0;
    }
    int to = from;
    while (to < blocks.size() && blocks.get(to).end() <= floats) {
      to++;
    }
    now.received.set(term, to);
    for (int block = from; block < to; block++) {
      addReceived(block, now, scratch);
    }
  }

  private synchronized void allocate() {
    if (partialSums[0] == null) {
      int length = blocks.get(blocks.size() - 1).end();
      Arrays.setAll(partialSums, level -> FloatVector.allocate(length));
    }
  }

  private void addReceived(int block, Collection now, Scratch scratch) {
    PartialSum sum = ofBlocks[block];
    synchronized (sum) {
      if (!sum.isOf(now)) {
        sum.collection = now;
        sum.round = now.round;
        sum.terms = 0;
      }
      int to = addable(block, sum.terms, now);
      boolean left = to == terms.length && to - sum.terms > MOST_LAST_TERMS;
      if (to > sum.terms && !left) {
        load(block, sum.terms, scratch);
        add(block, sum.terms, to, now, scratch);
        store(block, to, scratch);
        sum.terms = to;
      }
    }
  }

  /** Up to which term a block has come and can be added; what only begins a sum can wait. */
  private int addable(int block, int from, Collection now) {
    int to = from;
    int next = from;
    while (next < terms.length && now.received.get(next) > block) {
      next++;
      if (terms[next - 1].sums() > 0) {
        to = next;
      }
    }
    return to;
  }

  private void add(int index, int from, int to, Collection now, Scratch scratch) {
    Block block = blocks.get(index);
    for (int i = from; i < to; i++) {
      Term term = terms[i];
      now.contributions[i]
          .vector()
          .get(block.from(), scratch.level(term.level()), 0, block.length());
      for (int level = term.level(); level >= term.depth(); level--) {
        Block.add(scratch.level(level - 1), scratch.level(level), block.length());
      }
    }
  }

  private int depth(int termsDone) {
    return termsDone == 0 ? 0 : terms[termsDone - 1].depth();
  }

  private void load(int index, int termsDone, Scratch scratch) {
    Block block = blocks.get(index);
    for (int level = 0; level < depth(termsDone); level++) {
      partialSums[level].get(block.from(), scratch.level(level), 0, block.length());
    }
  }

  private void store(int index, int termsDone, Scratch scratch) {
    Block block = blocks.get(index);
    for (int level = 0; level < depth(termsDone); level++) {
      partialSums[level].put(block.from(), scratch.level(level), 0, block.length());
    }
  }

  /** Leaves the sum of a block of all contributions in {@code scratch.sum}. */
  void sum(int block, Scratch scratch) {
    Collection now = collection;
    int done = loadReceived(block, now, scratch);
    add(block, done, terms.length, now, scratch);
  }

  private int loadReceived(int block, Collection now, Scratch scratch) {
    if (!hasReceived()) {
      return 0;
    }
    PartialSum sum = ofBlocks[block];
    synchronized (sum) {
      int done = sum.isOf(now) ? sum.terms : 0;
      load(block, done, scratch);
      return done;
    }
  }

  /** Whether anything ever was: in one process nothing is. */
  private boolean hasReceived() {
    return partialSums.length > 0 && partialSums[0] != null;
  }

  /** Of all additions, the part that is done already, 0 to 1. */
  double added() {
    if (!hasReceived()) {
      return 0;
    }
    long done = 0;
    for (int block = 0; block < ofBlocks.length; block++) {
      done += termsAdded(block);
    }
    return (double) done / ((long) ofBlocks.length * terms.length);
  }

  /** Up to which of the contributions a block is added up already. */
  int termsAdded(int block) {
    PartialSum sum = ofBlocks[block];
    synchronized (sum) {
      return sum.isOf(collection) ? sum.terms : 0;
    }
  }

  /** Adds up what all contributions counted; see {@link #total}. */
  void count() {
    Contribution[] contributions = collection.contributions;
    for (int i = 0; i < terms.length; i++) {
      Term term = terms[i];
      totals[term.level()].clear();
      totals[term.level()].add(contributions[i].sums());
      for (int level = term.level(); level >= term.depth(); level--) {
        totals[level - 1].add(totals[level]);
      }
    }
  }

  /** What all contributions counted, as of the last {@link #count}. */
  StepSums total() {
    return totals[0];
  }
}
