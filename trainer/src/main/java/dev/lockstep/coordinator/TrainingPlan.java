package dev.lockstep.coordinator;

import dev.lockstep.optimizer.Optimizer;
import java.util.Optional;

/**
 * How a network is trained: all that the coordinator and the workers must agree on.
 *
 * @param seed what every random draw comes from
 * @param epochs passes over the training examples, at least 1
 * @param batchSize examples of one optimizer step (of one local step, when parameters are averaged)
 * @param shards fixed parts of the training examples, whatever the number of workers
 * @param optimizer turns gradients into updates
 * @param averaging what is averaged, and how often
 * @param earlyStopping when to end before the last epoch
 */
public record TrainingPlan(
    long seed,
    int epochs,
    int batchSize,
    int shards,
    Optimizer optimizer,
    Averaging averaging,
    Optional<EarlyStopping> earlyStopping) {
  /** So many shards unless told otherwise. */
  public static final int DEFAULT_SHARDS = 64;

  public TrainingPlan {
    requirePositive("epochs", epochs);
    requirePositive("batchSize", batchSize);
    requirePositive("shards", shards);
  }

  private static void requirePositive(String name, int value) {
    if (value <= 0) {
      throw new IllegalArgumentException(name + " is " + value + " but must be > 0");
    }
  }
}
