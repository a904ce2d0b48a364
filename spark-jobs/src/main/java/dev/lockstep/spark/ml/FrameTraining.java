package dev.lockstep.spark.ml;

import dev.lockstep.config.Configuration;
import dev.lockstep.config.WorkerLoss;
import dev.lockstep.spark.gang.Preflight;
import dev.lockstep.spark.gang.Training;
import dev.lockstep.spark.gang.TrainingRecipe;
import java.util.List;
import java.util.Optional;
import org.apache.spark.broadcast.Broadcast;

/**
 * A training on the examples of a data frame, which Spark brings to executors as a broadcast.
 *
 * @param name of the estimator
 * @param yaml the configuration, without data set and validation
 */
record FrameTraining(String name, String yaml, Broadcast<FrameExamples> examples)
    implements TrainingRecipe {
  /** The configuration that {@code yaml} is, validating as the frame says. */
  static Configuration configuration(String name, String yaml, FrameExamples examples) {
    return Configuration.read(name, yaml, List.of(), Optional.of(examples.validation()));
  }

  @Override
  public Training make() {
    Preflight.requireNativeLibraries();
    FrameExamples collected = examples.value();
    return Training.of(
        configuration(name, yaml, collected), collected.dataset(), Optional.of(this));
  }

  @Override
  public WorkerLoss workerLoss() {
    return WorkerLoss.DEFAULT;
  }
}
