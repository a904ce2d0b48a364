package dev.lockstep.worker;

import dev.lockstep.coordinator.ShardTally;
import dev.lockstep.data.Examples;
import dev.lockstep.engine.Batch;
import dev.lockstep.metrics.Tally;
import dev.lockstep.network.Loss;
import dev.lockstep.network.Network;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.stream.IntStream;

/**
 * Evaluates a worker's shards of validation or test examples. The example at place i of those that
 * are evaluated belongs to shard {@code i % shards}, and batches never cross shards, so that each
 * shard's tally has the same bits whoever computes it. Belongs to one thread.
 */
public final class Evaluator {
  private final Network network;
  private final BatchPredictor predictor;

  /** Is told what the network makes of an example. */
  @FunctionalInterface
  public interface Predicted {
    /**
     * The prediction of one example.
     *
     * @param example its index
     * @param rows holds the activations of the last layer from {@code offset}; not to be kept
     */
    void accept(int example, float[] rows, int offset);
  }

  /**
   * An evaluator of {@code network}.
   *
   * @param predict as {@link BatchPredictor} has it
   */
  public Evaluator(Network network, BiConsumer<Batch, FloatBuffer> predict) {
    this.network = network;
    this.predictor = new BatchPredictor(network, predict);
  }

  /**
   * The tallies of the shards v with {@code v % workers == rank}, v ascending.
   *
   * @param evaluated indices into {@code examples}
   */
  public List<ShardTally> evaluate(
      Examples examples, int[] evaluated, int shards, int rank, int workers) {
    return evaluate(examples, evaluated, shards, rank, workers, (example, rows, offset) -> {});
  }

  /**
   * The tallies of the shards {@code own}, in their order.
   *
   * @param evaluated indices into {@code examples}
   */
  public List<ShardTally> evaluate(Examples examples, int[] evaluated, int shards, int[] own) {
    return evaluate(examples, evaluated, shards, own, (example, rows, offset) -> {});
  }

  /** As the other, and tells {@code predicted} of each example. */
  public List<ShardTally> evaluate(
      Examples examples, int[] evaluated, int shards, int rank, int workers, Predicted predicted) {
    int[] own = IntStream.range(0, shards).filter(v -> v % workers == rank).toArray();
    return evaluate(examples, evaluated, shards, own, predicted);
  }

  private List<ShardTally> evaluate(
      Examples examples, int[] evaluated, int shards, int[] own, Predicted predicted) {
    List<ShardTally> tallies = new ArrayList<>();
    for (int shard : own) {
      int[] indices = shard(evaluated, shard, shards);
      tallies.add(new ShardTally(shard, evaluate(examples, indices, predicted)));
    }
    return tallies;
  }

  private static int[] shard(int[] evaluated, int shard, int shards) {
    int[] indices = new int[(evaluated.length - shard + shards - 1) / shards];
    for (int i = 0; i < indices.length; i++) {
      indices[i] = evaluated[i * shards + shard];
    }
    return indices;
  }

  private Tally evaluate(Examples examples, int[] indices, Predicted predicted) {
    Tally tally = new Tally(network.classes());
    for (int from = 0; from < indices.length; from += BatchPredictor.BATCH) {
      int to = Math.min(from + BatchPredictor.BATCH, indices.length);
      float[] rows = predictor.predict(examples, indices, from, to);
      count(rows, tally);
      for (int i = from; i < to; i++) {
        predicted.accept(indices[i], rows, (i - from) * network.outputs());
      }
    }
    return tally;
  }

  private void count(float[] rows, Tally tally) {
    Batch batch = predictor.batch();
    int units = network.outputs();
    for (int i = 0; i < batch.size(); i++) {
      int label = batch.label(i);
      tally.add(
          label,
          Loss.predictedClass(rows, i * units, units),
          batch.weight(i) * network.loss().of(rows, i * units, units, label),
          Loss.squaredError(rows, i * units, units, label));
    }
  }
}
