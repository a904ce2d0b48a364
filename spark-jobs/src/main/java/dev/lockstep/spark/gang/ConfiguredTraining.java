package dev.lockstep.spark.gang;

import dev.lockstep.config.Configuration;
import dev.lockstep.config.WorkerLoss;
import dev.lockstep.yaml.Section;
import java.util.List;

/**
 * A training of which a configuration says everything: executors read the data set themselves.
 *
 * @param name of the configuration
 * @param yaml the configuration, with every default written out
 */
public record ConfiguredTraining(String name, String yaml, WorkerLoss workerLoss)
    implements TrainingRecipe {
  /** The training that {@code configuration} describes. */
  public static ConfiguredTraining of(Configuration configuration) {
    return new ConfiguredTraining(
        configuration.name(), Section.write(configuration.resolved()), configuration.workerLoss());
  }

  @Override
  public Training make() {
    return Training.of(Configuration.read(name + ".yaml", yaml, List.of()));
  }
}
