package dev.lockstep.spark.gang;

import dev.lockstep.config.Configuration;
import dev.lockstep.coordinator.TrainingPlan;
import dev.lockstep.data.BatchOrder;
import dev.lockstep.data.Dataset;
import dev.lockstep.engine.EngineFactory;
import dev.lockstep.network.Network;
import dev.lockstep.spark.source.DatasetSource;
import dev.lockstep.split.Split;
import dev.lockstep.worker.TrainingSet;
import dev.lockstep.worker.Worker;
import java.util.Optional;

/**
 * A training that is ready to run, with any number of workers.
 *
 * @param recipe what executors make it from; if empty, it can run in the driver's JVM only
 * @param initialParameters what training starts from, in DL4J's order
 * @param engines opens the engine of each worker
 */
public record Training(
    Optional<TrainingRecipe> recipe,
    TrainingPlan plan,
    Network network,
    TrainingSet data,
    float[] initialParameters,
    EngineFactory engines) {

  /**
   * The training that {@code configuration} describes. Loads its data set.
   *
   * @throws dev.lockstep.yaml.ConfigurationException if the data set cannot be loaded, or does not
   *     fit the network
   */
  public static Training of(Configuration configuration) {
    return of(configuration, DatasetSource.of(configuration).load());
  }

  /**
   * The training that {@code configuration} describes, for the driver of a cluster: its data set is
   * an outline, and each executor makes {@link #of} anew, examples and all.
   *
   * @throws dev.lockstep.yaml.ConfigurationException as {@link #of}
   */
  public static Training outlined(Configuration configuration) {
    return of(configuration, DatasetSource.of(configuration).outline());
  }

  /**
   * The training that {@code configuration} describes, on its data set, which many trainings may
   * share.
   *
   * @throws dev.lockstep.yaml.ConfigurationException if the data set does not fit the network, or
   *     cannot be split
   */
  public static Training of(Configuration configuration, Dataset dataset) {
    return of(configuration, dataset, Optional.of(ConfiguredTraining.of(configuration)));
  }

  /**
   * The training that {@code configuration} describes, on a data set that it does not name.
   *
   * @param recipe what executors make it from; if empty, it can run in the driver's JVM only
   * @throws dev.lockstep.yaml.ConfigurationException if the data set does not fit the network, or
   *     cannot be split
   */
  public static Training of(
      Configuration configuration, Dataset dataset, Optional<TrainingRecipe> recipe) {
    Split split = configuration.validation().split(dataset.training(), configuration.seed());
    Network network = configuration.network(dataset.shape(), dataset.classes());
    return new Training(
        recipe,
        configuration.plan(),
        network,
        new TrainingSet(dataset, split),
        network.initialParameters(configuration.seed()),
        SelectedEngine.of(configuration.engine(), network).factory());
  }

  /** The training that starts from the network's own initial parameters for the plan's seed. */
  public static Training fromScratch(
      TrainingPlan plan, Network network, TrainingSet data, EngineFactory engines) {
    return new Training(
        Optional.empty(), plan, network, data, network.initialParameters(plan.seed()), engines);
  }

  /** The same training from {@code parameters}, as many as the network has, in DL4J's order. */
  public Training startingFrom(float[] parameters) {
    return new Training(recipe, plan, network, data, parameters, engines);
  }

  /** Which examples make up which batch. */
  BatchOrder order() {
    return new BatchOrder(data.split().training(), plan.shards(), plan.batchSize(), plan.seed());
  }

  Worker worker(BatchOrder order, int rank, int workers, int[] shards) {
    return new Worker(plan, network, engines, data, order, rank, workers, shards);
  }
}
