package dev.lockstep.spark.dl4j;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.lockstep.config.WorkerLoss;
import dev.lockstep.coordinator.Averaging;
import dev.lockstep.coordinator.TrainingPlan;
import dev.lockstep.data.Augmentation;
import dev.lockstep.data.Dataset;
import dev.lockstep.data.Examples;
import dev.lockstep.data.FloatFeatures;
import dev.lockstep.data.Shape;
import dev.lockstep.engine.ArrayEngine;
import dev.lockstep.engine.ExampleArrays;
import dev.lockstep.network.Network;
import dev.lockstep.optimizer.Optimizer;
import dev.lockstep.spark.gang.Preflight;
import dev.lockstep.spark.gang.Training;
import dev.lockstep.spark.gang.TrainingRecipe;
import dev.lockstep.split.Split;
import dev.lockstep.worker.TrainingSet;
import dev.lockstep.yaml.Section;
import java.io.Serializable;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.apache.spark.broadcast.Broadcast;

/**
 * One pass over arrays, which Spark brings to executors as a broadcast.
 *
 * @param json DL4J's configuration of the network
 * @param pass what the coordinator and the workers agree on
 */
record ArrayTraining(String json, Pass pass, Broadcast<ExampleArrays> examples)
    implements TrainingRecipe {
  private static final String NAME = "LockstepTrainingMaster";

  /**
   * How a pass is made.
   *
   * @param optimizer YAML
   * @param averaging YAML, with the key {@code averaging}
   */
  record Pass(long seed, int batchSize, int shards, String optimizer, String averaging)
      implements Serializable {
    static Pass of(long seed, int batchSize, int shards, Optimizer optimizer, Averaging averaging) {
      return new Pass(
          seed,
          batchSize,
          shards,
          Section.write(optimizer.tree()),
          Section.write(JsonNodeFactory.instance.objectNode().set("averaging", averaging.tree())));
    }

    TrainingPlan plan() {
      return new TrainingPlan(
          seed,
          1,
          batchSize,
          shards,
          Optimizer.read(Section.parse(NAME, optimizer)),
          Averaging.read(Section.parse(NAME, averaging)),
          Augmentation.NONE,
          OptionalInt.empty(),
          Optional.empty());
    }
  }

  /** The training of {@code network} that {@code pass} describes. */
  static Training training(
      Network network,
      Pass pass,
      float[] parameters,
      ExampleArrays examples,
      Optional<TrainingRecipe> recipe) {
    float[][] numbers = new float[examples.size()][1];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i][0] = i;
    }
    Examples training =
        new Examples(new FloatFeatures(Shape.vector(1), numbers), 1, new byte[examples.size()]);
    Dataset dataset = new Dataset(NAME, training, training.select(new int[0]));
    Split split = new Split(IntStream.range(0, examples.size()).toArray(), new int[0]);
    return new Training(
        recipe,
        pass.plan(),
        network,
        new TrainingSet(dataset, split),
        parameters,
        ArrayEngine.on(examples));
  }

  @Override
  public Training make() {
    Preflight.requireNativeLibraries();
    Network network = Network.ofArrays(NAME, json);
    float[] received = new float[network.layout().length()];
    return training(network, pass, received, examples.value(), Optional.of(this));
  }

  @Override
  public WorkerLoss workerLoss() {
    return WorkerLoss.DEFAULT;
  }
}
