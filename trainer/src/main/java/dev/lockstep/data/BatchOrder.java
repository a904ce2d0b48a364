package dev.lockstep.data;

import dev.lockstep.random.CounterRandom;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Which examples make up which batch, fixed by the seed and not by who computes them.
 *
 * <p>Examples are shuffled once and dealt round-robin to the shards. In each epoch, shard v orders
 * its own examples anew. Place p of an epoch is example {@code p / shards} of shard {@code p %
 * shards}; batch s is places {@code s * batchSize} to {@code (s + 1) * batchSize - 1}, the last one
 * perhaps fewer.
 *
 * <p>Immutable and safe for use by many threads; a {@link WorkerOrder} belongs to one.
 */
public final class BatchOrder {
  private static final long DEAL = 1;
  private static final long EPOCH = 2;

  private final long seed;
  private final int batchSize;
  private final int examples;
  private final int[][] shards;

  /**
   * The order of {@code examples} (indices into the data set) in every epoch.
   *
   * @throws IllegalArgumentException if there is no example, batch size or shard count is not
   *     positive, or there are more shards than examples
   */
  public BatchOrder(int[] examples, int shards, int batchSize, long seed) {
    if (batchSize <= 0) {
      throw new IllegalArgumentException("batchSize is " + batchSize + " but must be > 0");
    }
    if (shards <= 0 || shards > examples.length) {
      throw new IllegalArgumentException(
          "shards is %d but must be from 1 to the number of training examples, %d"
              .formatted(shards, examples.length));
    }
    this.seed = seed;
    this.batchSize = batchSize;
    this.examples = examples.length;
    this.shards = deal(examples, shards, seed);
  }

  private static int[][] deal(int[] examples, int shards, long seed) {
    int[] shuffled = examples.clone();
    new CounterRandom(CounterRandom.key(seed, DEAL)).shuffle(shuffled);
    int[][] dealt = new int[shards][];
    for (int v = 0; v < shards; v++) {
      dealt[v] = new int[(shuffled.length - v + shards - 1) / shards];
      for (int i = 0; i < dealt[v].length; i++) {
        dealt[v][i] = shuffled[i * shards + v];
      }
    }
    return dealt;
  }

  /** How many examples one epoch has. */
  public int examples() {
    return examples;
  }

  /** How many shards there are. */
  public int shards() {
    return shards.length;
  }

  /** How many examples a full batch has. */
  public int batchSize() {
    return batchSize;
  }

  /** How many batches one epoch has. */
  public int batches() {
    return (examples - 1) / batchSize + 1;
  }

  /** How many examples batch {@code batch} of an epoch has. */
  public int size(int batch) {
    return Math.min(batchSize, examples - batch * batchSize);
  }

  /** The examples of shard {@code shard} in the order of {@code epoch} (from 0). */
  public int[] shard(int shard, int epoch) {
    int[] ordered = shards[shard].clone();
    new CounterRandom(CounterRandom.key(seed, EPOCH, epoch, shard)).shuffle(ordered);
    return ordered;
  }

  /** How many examples the shards v with {@code v % workers == rank} have. */
  public int owned(int rank, int workers) {
    int owned = 0;
    for (int v = rank; v < shards.length; v += workers) {
      owned += shards[v].length;
    }
    return owned;
  }

  /**
   * What worker {@code rank} of {@code workers} computes that owns the shards v with {@code v %
   * workers == rank}.
   *
   * @throws IllegalArgumentException if there are more workers than shards
   */
  public WorkerOrder worker(int rank, int workers) {
    if (workers > shards.length || rank < 0 || rank >= workers) {
      throw new IllegalArgumentException(
          "rank %d of %d workers, but there are %d shards and every worker needs one"
              .formatted(rank, workers, shards.length));
    }
    return worker(IntStream.range(0, shards.length).filter(v -> v % workers == rank).toArray());
  }

  /**
   * What the worker that owns {@code own} computes.
   *
   * @param own numbers of shards, ascending
   * @throws IllegalArgumentException if one is no shard, or they do not ascend
   */
  public WorkerOrder worker(int[] own) {
    for (int i = 0; i < own.length; i++) {
      if (own[i] < (i == 0 ? 0 : own[i - 1] + 1) || own[i] >= shards.length) {
        throw new IllegalArgumentException(
            "own shards are %s but must ascend, from 0 to %d"
                .formatted(Arrays.toString(own), shards.length - 1));
      }
    }
    return new WorkerOrder(this, own);
  }
}
