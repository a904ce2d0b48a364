package dev.lockstep.spark.job;

import dev.lockstep.data.Examples;
import dev.lockstep.data.Images;
import dev.lockstep.engine.Batch;
import dev.lockstep.engine.Engine;
import dev.lockstep.engine.FloatVector;
import dev.lockstep.network.Network;
import dev.lockstep.spark.source.ImageFiles;
import dev.lockstep.spark.storage.Location;
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

/** Applies a model to the images of an IDX file, as a Spark job. */
public final class Prediction {
  private Prediction() {}

  /**
   * The activations of the last layer: arrays of rows, one row of {@link Network#outputs} numbers
   * an image, in the order of the file.
   *
   * @throws ConfigurationException if the images are not what the model takes
   */
  public static List<float[]> run(JavaSparkContext spark, ModelFile model, ImageInput input) {
    Images images = input.images();
    model.open(images.shape(), OptionalInt.empty());
    int tasks = Math.max(1, Math.min(Slots.of(spark), images.size() / Evaluator.BATCH));
    Broadcast<Tuple2<ModelFile, ImageInput>> shared = spark.broadcast(new Tuple2<>(model, input));
    try {
      return spark
          .parallelize(IntStream.range(0, tasks).boxed().toList(), tasks)
          .mapPartitions(parts -> predict(shared.value()._1(), shared.value()._2(), parts, tasks))
          .collect();
    } finally {
      shared.destroy();
    }
  }

  /** An IDX file of images; all tasks of one JVM share what is in it. */
  public static final class ImageInput implements Serializable {
    private static final long serialVersionUID = 1L;

    private final String path;
    private transient Images images;

    /** The file at {@code path}, as {@link Location#of}; it is not read yet. */
    public ImageInput(String path) {
      this.path = Location.of(path).absolute();
    }

    /**
     * The images.
     *
     * @throws ConfigurationException if the file is missing or defect
     */
    public synchronized Images images() {
      if (images == null) {
        images = ImageFiles.images(path);
      }
      return images;
    }
  }

  private static Iterator<float[]> predict(
      ModelFile file, ImageInput input, Iterator<Integer> parts, int tasks) {
    Images images = input.images();
    TrainedModel model = file.open(images.shape(), OptionalInt.empty());
    int part = parts.next();
    int from = (int) ((long) images.size() * part / tasks);
    int to = (int) ((long) images.size() * (part + 1) / tasks);
    return List.of(predict(model, images, from, to)).iterator();
  }

  private static float[] predict(TrainedModel model, Images images, int from, int to) {
    Network network = model.network();
    Examples examples = new Examples(images, network.classes(), new byte[images.size()]);
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
