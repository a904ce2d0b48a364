package dev.lockstep.spark.ml;

import dev.lockstep.data.Examples;
import dev.lockstep.data.FloatFeatures;
import dev.lockstep.data.Shape;
import dev.lockstep.engine.Engine;
import dev.lockstep.network.Network;
import dev.lockstep.spark.job.Evaluation;
import dev.lockstep.spark.job.ModelFile;
import dev.lockstep.spark.job.TrainedModel;
import dev.lockstep.worker.BatchPredictor;
import dev.lockstep.yaml.ConfigurationException;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.apache.spark.ml.linalg.Vector;
import org.apache.spark.sql.catalyst.InternalRow;

/** A model's engine for Spark ML's vectors. Belongs to one thread. */
final class VectorPredictor implements AutoCloseable {
  /** The most vectors at a time. */
  static final int BATCH = BatchPredictor.BATCH;

  private final String name;
  private final Network network;
  private final Engine engine;
  private final BatchPredictor predictor;
  private final float[] row;

  /**
   * The predictor of {@code file}.
   *
   * @throws ConfigurationException if that is no model
   */
  VectorPredictor(ModelFile file) {
    Shape shape = file.description().orElseThrow().inputShape();
    TrainedModel model = file.open(shape, OptionalInt.empty());
    this.name = file.name();
    this.network = model.network();
    this.engine = Evaluation.openForPrediction(model);
    this.predictor = new BatchPredictor(network, engine::predict);
    this.row = new float[network.outputs()];
  }

  /**
   * The probability of each class, of each vector.
   *
   * @param vectors what {@link #numbers} made of them, at most {@link #BATCH}
   */
  List<double[]> probabilities(List<float[]> vectors) {
    int count = vectors.size();
    Examples examples =
        new Examples(
            new FloatFeatures(network.input(), vectors.toArray(float[][]::new)),
            network.classes(),
            new byte[count]);
    float[] outputs = predictor.predict(examples, IntStream.range(0, count).toArray(), 0, count);
    List<double[]> probabilities = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      System.arraycopy(outputs, i * row.length, row, 0, row.length);
      probabilities.add(probabilities(row));
    }
    return probabilities;
  }

  /**
   * What the network takes of a vector.
   *
   * @throws ConfigurationException if it takes another, or a number is not finite
   */
  float[] numbers(Vector vector) {
    return checked(
        vector == null ? null : FrameExamples.floats(vector, network.input().channels()));
  }

  /** As the other, of a vector as Spark SQL holds it. */
  float[] numbers(InternalRow vector) {
    return checked(
        vector == null ? null : FrameExamples.floats(vector, network.input().channels()));
  }

  private float[] checked(float[] numbers) {
    if (numbers == null || numbers.length != network.input().size()) {
      throw new ConfigurationException(
          "%s: the model takes vectors of %d numbers but a row has %s"
              .formatted(
                  name, network.input().size(), numbers == null ? "null" : "" + numbers.length));
    }
    for (float number : numbers) {
      if (!Float.isFinite(number)) {
        throw new ConfigurationException(
            "%s: a row has %s among its features but a network needs finite numbers"
                .formatted(name, number));
      }
    }
    return numbers;
  }

  /** What is below zero, as a linear layer may give, has no probability. */
  private static double[] probabilities(float[] outputs) {
    if (outputs.length == 1) {
      double positive = Math.min(Math.max(outputs[0], 0), 1);
      return new double[] {1 - positive, positive};
    }
    double[] probabilities = new double[outputs.length];
    double sum = 0;
    for (int i = 0; i < outputs.length; i++) {
      probabilities[i] = Math.max(outputs[i], 0);
      sum += probabilities[i];
    }
    for (int i = 0; i < outputs.length; i++) {
      probabilities[i] = sum > 0 ? probabilities[i] / sum : 1.0 / outputs.length;
    }
    return probabilities;
  }

  /** Natural logarithms, of zero that of {@link Float#MIN_NORMAL}. */
  static double[] logarithms(double[] probabilities) {
    double[] logarithms = new double[probabilities.length];
    for (int i = 0; i < logarithms.length; i++) {
      logarithms[i] = Math.log(Math.max(probabilities[i], Float.MIN_NORMAL));
    }
    return logarithms;
  }

  @Override
  public void close() {
    engine.close();
  }
}
