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
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.apache.spark.ml.linalg.Vector;

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
   * @param vectors at most {@link #BATCH}
   * @throws ConfigurationException if a vector is not what the network takes
   */
  List<double[]> probabilities(List<Vector> vectors) {
    Shape shape = network.input();
    float[][] rows = vectors.stream().map(vector -> numbers(vector, shape)).toArray(float[][]::new);
    Examples examples =
        new Examples(new FloatFeatures(shape, rows), network.classes(), new byte[rows.length]);
    float[] outputs =
        predictor.predict(examples, IntStream.range(0, rows.length).toArray(), 0, rows.length);
    List<double[]> probabilities = new ArrayList<>();
    for (int i = 0; i < rows.length; i++) {
      System.arraycopy(outputs, i * row.length, row, 0, row.length);
      probabilities.add(probabilities(row));
    }
    return probabilities;
  }

  private float[] numbers(Vector vector, Shape shape) {
    if (vector == null || vector.size() != shape.size()) {
      throw new ConfigurationException(
          "%s: the model takes vectors of %d numbers but a row has %s"
              .formatted(name, shape.size(), vector == null ? "null" : "" + vector.size()));
    }
    float[] numbers = FrameExamples.floats(vector, shape.channels());
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
    for (int i = 0; i < outputs.length; i++) {
      probabilities[i] = Math.max(outputs[i], 0);
    }
    double sum = Arrays.stream(probabilities).sum();
    for (int i = 0; i < outputs.length; i++) {
      probabilities[i] = sum > 0 ? probabilities[i] / sum : 1.0 / outputs.length;
    }
    return probabilities;
  }

  /** Natural logarithms, of zero that of {@link Float#MIN_NORMAL}. */
  static double[] logarithms(double[] probabilities) {
    return Arrays.stream(probabilities)
        .map(probability -> Math.log(Math.max(probability, Float.MIN_NORMAL)))
        .toArray();
  }

  @Override
  public void close() {
    engine.close();
  }
}
