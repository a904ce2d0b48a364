package dev.lockstep.coordinator;

import dev.lockstep.data.Augmentation;
import dev.lockstep.optimizer.Optimizer;
import java.util.Arrays;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.IntStream;

/**
 * How a network is trained: all that the coordinator and the workers must agree on.
 *
 * @param seed what every random draw comes from
 * @param epochs passes over the training examples, at least 1
 * @param batchSize examples of one optimizer step (of one local step, when parameters are averaged)
 * @param shards fixed parts of the training examples, whatever the number of workers
 * @param optimizer turns gradients into updates
 * @param averaging what is averaged, and how often
 * @param augmentation how training images are changed each time they are used
 * @param microBatches if given, every batch is cut into so many micro-batches at fixed places, and
 *     the parameters do not depend on the number of workers, to the last bit; only when gradients
 *     are averaged
 * @param earlyStopping when to end before the last epoch
 */
public record TrainingPlan(
    long seed,
    int epochs,
    int batchSize,
    int shards,
    Optimizer optimizer,
    Averaging averaging,
    Augmentation augmentation,
    OptionalInt microBatches,
    Optional<EarlyStopping> earlyStopping) {
  /** So many shards unless told otherwise. */
  public static final int DEFAULT_SHARDS = 64;

  public TrainingPlan {
    requirePositive("epochs", epochs);
    requirePositive("batchSize", batchSize);
    requirePositive("shards", shards);
    if (microBatches.isPresent()) {
      requirePositive("microBatches", microBatches.getAsInt());
      if (microBatches.getAsInt() > shards) {
        throw new IllegalArgumentException(
            "microBatches is %d but must be at most the number of shards, %d"
                .formatted(microBatches.getAsInt(), shards));
      }
      if (averaging instanceof Averaging.Parameters) {
        throw new IllegalArgumentException(
            "microBatches is %d but averaging is parameters; micro-batches fix the order in which gradients are added, so they go with averaging gradients only"
                .formatted(microBatches.getAsInt()));
      }
      if (averaging.wire() != WireFormat.FLOAT32) {
        throw new IllegalArgumentException(
            "microBatches is %d but averaging.wire is %s; what is rounded depends on the number of workers, from which micro-batches shall keep the parameters free"
                .formatted(microBatches.getAsInt(), averaging.wire().word()));
      }
    }
  }

  /** So many workers can share the work at most: each has a shard and a micro-batch. */
  public int mostWorkers() {
    return microBatches.orElse(shards);
  }

  /** In which order the gradient sums of {@code workers} workers are added. */
  public SumTree sumTree(int workers) {
    return microBatches.isPresent()
        ? SumTree.pairwise(microBatches.getAsInt())
        : SumTree.inOrder(workers);
  }

  /**
   * The shards, ascending, whose examples worker {@code rank} of {@code workers} computes: those v
   * with {@code v % workers == rank}, or, with M micro-batches, of which number m has the shards v
   * with {@code v % M == m}, the shards of the micro-batches that {@link #sumTree} gives to it.
   */
  public int[] shards(int rank, int workers) {
    SumTree tree = sumTree(workers);
    boolean[] own = new boolean[tree.leaves()];
    for (SumTree.Node node : tree.held(rank, workers)) {
      Arrays.fill(own, node.from(), node.to(), true);
    }
    return IntStream.range(0, shards).filter(v -> own[v % own.length]).toArray();
  }

  /** Whether training ends with the parameters of its best epoch. */
  public boolean restoresBestWeights() {
    return earlyStopping.map(EarlyStopping::restoreBestWeights).orElse(false);
  }

  private static void requirePositive(String name, int value) {
    if (value <= 0) {
      throw new IllegalArgumentException(name + " is " + value + " but must be > 0");
    }
  }
}
