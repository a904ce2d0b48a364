package dev.lockstep.engine;

import java.io.Serializable;
import java.util.Arrays;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Examples as arrays of features and labels, of any shape. Immutable as long as nobody changes the
 * arrays, which are not copied. A class, for Kryo, in which Spark may be told to broadcast it,
 * cannot make records.
 */
public final class ExampleArrays implements Serializable {
  private static final long serialVersionUID = 1L;

  private final int size;
  private final long[] featureShape;
  private final float[] features;
  private final long[] labelShape;
  private final float[] labels;

  /**
   * @param size how many examples there are, at least 1
   * @param featureShape the shape of one example's features, without the number of examples
   * @param features those of all examples, one after the other, each in C order
   * @param labelShape the shape of one example's labels
   * @param labels those of all examples
   * @throws IllegalArgumentException if sizes do not agree
   */
  public ExampleArrays(
      int size, long[] featureShape, float[] features, long[] labelShape, float[] labels) {
    requireLength("features", size, featureShape, features);
    requireLength("labels", size, labelShape, labels);
    this.size = size;
    this.featureShape = featureShape;
    this.features = features;
    this.labelShape = labelShape;
    this.labels = labels;
  }

  /** How many examples there are. */
  public int size() {
    return size;
  }

  /** The features of the chosen {@code examples}, new at each call: one row each. */
  public INDArray features(int[] examples) {
    return gather(features, featureShape, examples);
  }

  /** The labels of the chosen {@code examples}, likewise. */
  public INDArray labels(int[] examples) {
    return gather(labels, labelShape, examples);
  }

  private static void requireLength(String name, int size, long[] shape, float[] numbers) {
    long one = Arrays.stream(shape).reduce(1, Math::multiplyExact);
    if (size < 1 || one < 1 || one * size != numbers.length) {
      throw new IllegalArgumentException(
          "%d %s for %d examples of shape %s"
              .formatted(numbers.length, name, size, Arrays.toString(shape)));
    }
  }

  private static long[] withRows(int rows, long[] shape) {
    long[] all = new long[shape.length + 1];
    all[0] = rows;
    System.arraycopy(shape, 0, all, 1, shape.length);
    return all;
  }

  private INDArray gather(float[] all, long[] shape, int[] examples) {
    int length = all.length / size;
    float[] chosen = new float[examples.length * length];
    for (int i = 0; i < examples.length; i++) {
      System.arraycopy(all, examples[i] * length, chosen, i * length, length);
    }
    return Nd4j.create(chosen, withRows(examples.length, shape), 'c');
  }

  @Override
  public String toString() {
    return "%d examples, features %s, labels %s"
        .formatted(size, Arrays.toString(featureShape), Arrays.toString(labelShape));
  }
}
