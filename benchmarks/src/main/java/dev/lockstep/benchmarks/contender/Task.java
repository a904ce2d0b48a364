package dev.lockstep.benchmarks.contender;

import dev.lockstep.coordinator.TrainingPlan;
import dev.lockstep.data.BatchOrder;
import dev.lockstep.network.Network;
import dev.lockstep.worker.TrainingSet;

/**
 * What every contender trains: the same network from the same parameters on the same examples, as
 * often.
 *
 * @param plan seed, epochs, batch size and optimizer; a contender may average in its own way
 * @param data after each epoch a contender is evaluated on the validation examples, and at the end
 *     on the test examples, if there are any
 */
public record Task(TrainingPlan plan, Network network, TrainingSet data) {
  /** How many examples are learned from in all epochs together. */
  public long examples() {
    return (long) plan.epochs() * data.split().training().length;
  }

  /** How many batches that are, all workers together. */
  public long batches() {
    return (long) plan.epochs() * order().batches();
  }

  BatchOrder order() {
    return new BatchOrder(data.split().training(), plan.shards(), plan.batchSize(), plan.seed());
  }
}
