package dev.lockstep.spark.gang;

import dev.lockstep.coordinator.TrainingPlan;
import dev.lockstep.data.BatchOrder;
import dev.lockstep.engine.EngineFactory;
import dev.lockstep.network.Network;
import dev.lockstep.worker.TrainingSet;
import dev.lockstep.worker.Worker;

/**
 * A training that is ready to run, with any number of workers.
 *
 * @param initialParameters what training starts from, in DL4J's order
 * @param engines opens the engine of each worker
 */
public record Training(
    TrainingPlan plan,
    Network network,
    TrainingSet data,
    BatchOrder order,
    float[] initialParameters,
    EngineFactory engines) {

  /** The training that starts from the network's own initial parameters for the plan's seed. */
  public static Training fromScratch(
      TrainingPlan plan, Network network, TrainingSet data, EngineFactory engines) {
    BatchOrder order =
        new BatchOrder(data.split().training(), plan.shards(), plan.batchSize(), plan.seed());
    return new Training(
        plan, network, data, order, network.initialParameters(plan.seed()), engines);
  }

  Worker worker(int rank, int workers) {
    return new Worker(plan, network, engines, data, order, rank, workers);
  }
}
