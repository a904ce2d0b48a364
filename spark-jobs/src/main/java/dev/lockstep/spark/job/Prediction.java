package dev.lockstep.spark.job;

import dev.lockstep.config.WorkerLoss;
import dev.lockstep.data.Examples;
import dev.lockstep.data.Features;
import dev.lockstep.engine.Batch;
import dev.lockstep.engine.Engine;
import dev.lockstep.engine.FloatVector;
import dev.lockstep.network.Network;
import dev.lockstep.spark.gang.Slots;
import dev.lockstep.spark.source.InputSource;
import dev.lockstep.worker.Evaluator;
import dev.lockstep.yaml.ConfigurationException;
import java.io.Serializable;
import java.nio.FloatBuffer;
import java.util.Iterator;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import scala.Tuple2;

/** Applies a model to the inputs of files, as a Spark job. */
public final class Prediction {
  private Prediction() {}

  /**
   * The activations of the last layer: arrays of rows, one row of {@link Network#outputs} numbers
   * an input, in the order of the files.
   *
   * @throws ConfigurationException if the inputs are not what the model takes
   */
  public static List<float[]> run(JavaSparkContext spark, ModelFile model, Input input) {
    Features features = input.features();
    model.open(features.shape(), OptionalInt.empty());
    int tasks = Math.max(1, Math.min(Slots.of(spark), features.size() / Evaluator.BATCH));
    Broadcast<Tuple2<ModelFile, Input>> shared = spark.broadcast(new Tuple2<>(model, input));
    try {
      return JobWatch.run(
          spark,
          "the predictions of %d inputs".formatted(features.size()),
          WorkerLoss.DEFAULT.replacementTimeout(),
          () ->
              spark
                  .parallelize(IntStream.range(0, tasks).boxed().toList(), tasks)
                  .mapPartitions(
                      parts -> predict(shared.value()._1(), shared.value()._2(), parts, tasks))
                  .collect());
    } finally {
      shared.destroy();
    }
  }

  /** Inputs that all tasks of one JVM share. */
  public static final class Input implements Serializable {
    private static final long serialVersionUID = 1L;

    private final InputSource source;
    private transient Features features;

    /** The inputs of {@code source}; they are not read yet. */
    public Input(InputSource source) {
      this.source = source;
    }

    /**
     * The inputs.
     *
     * @throws ConfigurationException if a file is missing or defect
     */
    public synchronized Features features() {
      if (features == null) {
        features = source.features();
      }
      return features;
    }
  }

  private static Iterator<float[]> predict(
      ModelFile file, Input input, Iterator<Integer> parts, int tasks) {
    Features features = input.features();
    TrainedModel model = file.open(features.shape(), OptionalInt.empty());
    int part = parts.next();
    int from = (int) ((long) features.size() * part / tasks);
    int to = (int) ((long) features.size() * (part + 1) / tasks);
    return List.of(predict(model, features, from, to)).iterator();
  }

  private static float[] predict(TrainedModel model, Features features, int from, int to) {
    Network network = model.network();
    Examples examples = new Examples(features, network.classes(), new byte[features.size()]);
    Batch batch = new Batch(network.input(), Evaluator.BATCH);
    FloatBuffer outputs = FloatVector.allocate(Evaluator.BATCH * network.outputs());
    float[] rows = new float[Math.multiplyExact(to - from, network.outputs())];
    int[] indices = IntStream.range(from, to).toArray();
    try (Engine engine = Evaluation.openForPrediction(model)) {
      for (int i = 0; i < indices.length; i += Evaluator.BATCH) {
        batch.fill(examples, indices, i, Math.min(i + Evaluator.BATCH, indices.length));
        engine.predict(batch, outputs);
        outputs.get(0, rows, i * network.outputs(), batch.size() * network.outputs());
      }
    }
    return rows;
  }
}
