package dev.lockstep.spark.gang;

import dev.lockstep.config.WorkerLoss;
import java.io.Serializable;

/**
 * What every executor makes the driver's training anew from, once in its process. Spark serialises
 * it with the task. Immutable and safe for use by many threads.
 */
public interface TrainingRecipe extends Serializable {
  /**
   * The training, examples and all.
   *
   * @throws dev.lockstep.yaml.ConfigurationException if this executor cannot have it
   */
  Training make();

  /** What becomes of the run when a worker is lost. */
  WorkerLoss workerLoss();
}
