package dev.lockstep.engine;

import dev.lockstep.network.ActivationShape;
import java.nio.FloatBuffer;

/** Turns the batch, which lies example by example, into a tensor. */
final class InputStage implements Stage {
  /** Features at a time, so that both sides of the transposition stay near the processor. */
  private static final int BLOCK = 32;

  private final Tensor output;
  private final float[] row = new float[BLOCK];
  private final float[] block;

  InputStage(ActivationShape shape, int capacity) {
    this.output = new Tensor(shape, capacity, false);
    this.block = new float[BLOCK * capacity];
  }

  @Override
  public Tensor output() {
    return output;
  }

  @Override
  public void forward(Pass pass) {
    FloatBuffer features = pass.batch().features();
    int stride = output.stride(pass.examples());
    for (int channel = 0; channel < output.channels(); channel++) {
      for (int feature = 0; feature < output.area(); feature += BLOCK) {
        transpose(
            features,
            channel * output.area() + feature,
            Math.min(BLOCK, output.area() - feature),
            pass.examples(),
            channel * stride + feature * pass.examples());
      }
    }
  }

  private void transpose(FloatBuffer features, int feature, int count, int examples, int to) {
    for (int example = 0; example < examples; example++) {
      features.get(example * output.features() + feature, row, 0, count);
      for (int i = 0; i < count; i++) {
        block[i * examples + example] = row[i];
      }
    }
    output.values().put(to, block, 0, count * examples);
  }

  @Override
  public void backward(Pass pass) {
    // Nobody reads the gradient of the input.
  }
}
