package dev.lockstep.engine;

import java.nio.FloatBuffer;
import org.bytedeco.javacpp.FloatPointer;

/**
 * What flows between two stages of the fused engine: a matrix of features x examples, with the
 * examples of one feature side by side. A feature of an image is a pixel of a channel, in the order
 * channel, row, column. Rows are as long as the batch under way, so a smaller batch fills only the
 * front of the buffers.
 */
final class Tensor {
  private final int features;
  private final FloatBuffer values;
  private final FloatPointer valuePointer;
  private final FloatBuffer gradient;
  private final FloatPointer gradientPointer;

  /**
   * Room for {@code capacity} examples.
   *
   * @param differentiable whether the gradient of the loss by it is of interest
   */
  Tensor(int features, int capacity, boolean differentiable) {
    this.features = features;
    int length = Math.multiplyExact(features, capacity);
    this.values = FloatVector.allocate(length);
    this.valuePointer = new FloatPointer(values);
    this.gradient = differentiable ? FloatVector.allocate(length) : null;
    this.gradientPointer = differentiable ? new FloatPointer(gradient) : null;
  }

  /** How many numbers an example has. */
  int features() {
    return features;
  }

  /** Whether there is a gradient. */
  boolean differentiable() {
    return gradient != null;
  }

  FloatBuffer values() {
    return values;
  }

  /** The values from number {@code offset} on. The same object at each call. */
  FloatPointer values(long offset) {
    return valuePointer.position(offset);
  }

  FloatBuffer gradient() {
    return gradient;
  }

  /** The gradient from number {@code offset} on. The same object at each call. */
  FloatPointer gradient(long offset) {
    return gradientPointer.position(offset);
  }
}
