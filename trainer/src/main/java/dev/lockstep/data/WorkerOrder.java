package dev.lockstep.data;

/**
 * The examples of some shards, which are one worker's, micro-batch by micro-batch. Holds the order
 * of one epoch at a time; belongs to one thread.
 */
public final class WorkerOrder {
  private final BatchOrder order;
  private final int[] own;
  private final int[][] shards; // null for those that are not its own
  private final int owned;
  private int epoch;

  WorkerOrder(BatchOrder order, int[] own) {
    this.order = order;
    this.own = own.clone();
    this.shards = new int[order.shards()][];
    int examples = 0;
    for (int v : own) {
      shards[v] = order.shard(v, epoch);
      examples += shards[v].length;
    }
    this.owned = examples;
  }

  /** How many examples this worker owns. */
  public int owned() {
    return owned;
  }

  /** The most examples that a micro-batch of this worker can have. */
  public int capacity() {
    int most = 0;
    int full = Math.min(order.batchSize(), order.examples());
    for (int offset = 0; offset < order.shards(); offset++) {
      int count = 0;
      for (int p = offset; p < offset + full; p++) {
        count += mine(p) ? 1 : 0;
      }
      most = Math.max(most, count);
    }
    return most;
  }

  /** Puts into {@code target} this worker's part of batch {@code batch} of {@code epoch}. */
  public void microBatch(int epoch, int batch, MicroBatch target) {
    open(epoch);
    target.clear();
    int first = batch * order.batchSize();
    for (int place = 0; place < order.size(batch); place++) {
      int p = first + place;
      if (mine(p)) {
        target.add(shards[p % order.shards()][p / order.shards()], place);
      }
    }
  }

  /**
   * Puts into {@code target} the local batch {@code batch} of {@code epoch}: examples {@code batch
   * * batchSize} and on of this worker's own, in the order of their places. Empty when this worker
   * has no more examples in this epoch. {@code target} needs room for {@code batchSize} examples,
   * or for {@link #owned()} if they are fewer.
   */
  public void localBatch(int epoch, int batch, MicroBatch target) {
    open(epoch);
    target.clear();
    long first = (long) batch * order.batchSize();
    for (int place = 0; place < order.batchSize() && first + place < owned; place++) {
      int p = (int) first + place;
      target.add(shards[own[p % own.length]][p / own.length], place);
    }
  }

  private boolean mine(int place) {
    return shards[place % order.shards()] != null;
  }

  private void open(int wanted) {
    if (wanted != epoch) {
      for (int v : own) {
        shards[v] = order.shard(v, wanted);
      }
      epoch = wanted;
    }
  }
}
