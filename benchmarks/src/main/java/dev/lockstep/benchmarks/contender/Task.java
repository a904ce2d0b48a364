package dev.lockstep.benchmarks.contender;

import dev.lockstep.config.Configuration;
import dev.lockstep.coordinator.TrainingPlan;
import dev.lockstep.data.BatchOrder;
import dev.lockstep.network.Network;
import dev.lockstep.worker.TrainingSet;

/**
 * What every contender trains: the same network from the same parameters on the same examples, as
 * often.
 *
 * @param configuration that network and plan are of; a contender may average in its own way
 * @param data after each epoch a contender is evaluated on the validation examples, and at the end
 *     on the test examples, if there are any
 */
public record Task(Configuration configuration, Network network, TrainingSet data) {
  /** Seed, epochs, batch size and optimizer. */
  public TrainingPlan plan() {
    return configuration.plan();
  }

  /** How many examples are learned from in all epochs together. */
  public long examples() {
    return (long) plan().epochs() * data.split().training().length;
  }

  /**
   * How many batches that are, all workers together. It makes an {@link #order}: not to be called
   * while a clock runs.
   */
  public long batches() {
    return (long) plan().epochs() * order().batches();
  }

  /** New at each call, which shuffles all examples: not to be called while a clock runs. */
  public BatchOrder order() {
    return new BatchOrder(
        data.split().training(), plan().shards(), plan().batchSize(), plan().seed());
  }
}
