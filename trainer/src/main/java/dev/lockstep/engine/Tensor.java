package dev.lockstep.engine;

import dev.lockstep.network.ActivationShape;
import dev.lockstep.network.ActivationShape.Image;
import java.nio.FloatBuffer;
import org.bytedeco.javacpp.FloatPointer;

/**
 * What flows between two stages of the fused engine: the numbers of each example, with those of all
 * examples for one feature side by side. A feature of an image is a pixel of a channel; channels
 * follow one another with a small gap, and in a channel rows and columns. A vector is one channel.
 *
 * <p>Everything is as long as the batch under way needs, so a smaller batch fills only the front of
 * the buffers.
 */
final class Tensor {
  /** Numbers in a cache line. */
  private static final int GAP = 16;

  private final int channels;
  private final int area;
  private final FloatBuffer values;
  private final FloatPointer valuePointer;
  private final FloatBuffer gradient;
  private final FloatPointer gradientPointer;

  /**
   * Room for {@code capacity} examples.
   *
   * @param differentiable whether the gradient of the loss by it is of interest
   */
  Tensor(ActivationShape shape, int capacity, boolean differentiable) {
    this.channels = shape instanceof Image image ? image.channels() : 1;
    this.area = shape.size() / channels;
    int length =
        Math.multiplyExact(channels, Math.addExact(Math.multiplyExact(area, capacity), GAP));
    this.values = FloatVector.allocate(length);
    this.valuePointer = new FloatPointer(values);
    this.gradient = differentiable ? FloatVector.allocate(length) : null;
    this.gradientPointer = differentiable ? new FloatPointer(gradient) : null;
  }

  int channels() {
    return channels;
  }

  /** How many numbers of an example a channel has. */
  int area() {
    return area;
  }

  /** How many numbers an example has. */
  int features() {
    return channels * area;
  }

  /**
   * How far it is from one channel to the next. Not by a multiple of the processor's pages, for
   * then the channels of one pixel would push one another out of its nearest cache.
   */
  int stride(int examples) {
    int length = area * examples;
    return length % (4 * GAP) == 0 ? length + GAP : length;
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
