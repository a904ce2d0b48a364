package dev.lockstep.engine;

import static org.bytedeco.openblas.global.openblas_nolapack.CblasNoTrans;
import static org.bytedeco.openblas.global.openblas_nolapack.CblasRowMajor;
import static org.bytedeco.openblas.global.openblas_nolapack.cblas_sgemv;

import dev.lockstep.network.ActivationShape;
import dev.lockstep.network.ActivationShape.Image;
import dev.lockstep.network.Segment;
import java.nio.FloatBuffer;
import java.util.Arrays;
import org.bytedeco.javacpp.FloatPointer;

/** A layer's bias: a number for each channel of an image, for each number of a vector. */
final class Bias {
  private final FloatBuffer parameters;
  private final Segment segment;
  private final FloatPointer gradient;
  private final float[] values;
  private final FloatPointer ones;

  Bias(Vectors vectors, Segment segment, ActivationShape shape, int capacity) {
    this.parameters = vectors.parameters();
    this.segment = segment;
    this.gradient = vectors.gradient(segment);
    this.values = new float[shape instanceof Image image ? image.channels() : shape.size()];
    float[] one = new float[shape.size() / values.length * capacity];
    Arrays.fill(one, 1);
    this.ones = new FloatPointer(FloatVector.of(one));
  }

  /** Reads the parameters, which others may have changed since. */
  void read() {
    parameters.get(segment.offset(), values);
  }

  /**
   * Adds it to whole rows of {@code tensor}, as of the last {@link #read}.
   *
   * @param numbers the rows, one of each feature from {@code row} of {@code channel} on
   * @param scratch as long as {@code numbers}; overwritten
   * @param length how many numbers these are
   */
  void add(
      Tensor tensor,
      int channel,
      int row,
      float[] numbers,
      float[] scratch,
      int length,
      int examples) {
    if (values.length == tensor.channels()) {
      add(values[channel], numbers, length);
      return;
    }
    for (int from = 0; from < length; from += examples) {
      Arrays.fill(scratch, from, from + examples, values[row + from / examples]);
    }
    add(scratch, numbers, length);
  }

  private static void add(float term, float[] sums, int length) {
    for (int i = 0; i < length; i++) {
      sums[i] += term;
    }
  }

  private static void add(float[] terms, float[] sums, int length) {
    for (int i = 0; i < length; i++) {
      sums[i] += terms[i];
    }
  }

  /** Its gradient: the sums of the gradient of {@code tensor}. */
  void backward(Tensor tensor, int examples) {
    int length = tensor.features() / values.length * examples;
    int stride = values.length == tensor.channels() ? tensor.stride(examples) : length;
    cblas_sgemv(
        CblasRowMajor,
        CblasNoTrans,
        values.length,
        length,
        1,
        tensor.gradient(0),
        stride,
        ones,
        1,
        0,
        gradient,
        1);
  }
}
