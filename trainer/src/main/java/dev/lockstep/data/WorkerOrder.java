package dev.lockstep.data;

/**
 * The examples of one worker, micro-batch by micro-batch. Holds the order of one epoch at a time;
 * belongs to one thread.
 */
public final class WorkerOrder {
  private final BatchOrder order;
  private final int rank;
  private final int workers;
  private final int[][] shards;
  private final int owned;
  private int epoch = -1;

  WorkerOrder(BatchOrder order, int rank, int workers) {
    this.order = order;
    this.rank = rank;
    this.workers = workers;
    this.shards = new int[order.shards()][];
    this.owned = order.owned(rank, workers);
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
    int ownShards = (order.shards() - rank + workers - 1) / workers;
    for (int place = 0; place < order.batchSize() && first + place < owned; place++) {
      int own = (int) first + place;
      target.add(shards[rank + own % ownShards * workers][own / ownShards], place);
    }
  }

  private boolean mine(int place) {
    return place % order.shards() % workers == rank;
  }

  private void open(int wanted) {
    if (wanted != epoch) {
      for (int v = rank; v < shards.length; v += workers) {
        shards[v] = order.shard(v, wanted);
      }
      epoch = wanted;
    }
  }
}
