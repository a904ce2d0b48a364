package dev.lockstep.engine;

import java.nio.FloatBuffer;

/** Turns the batch, which lies example by example, into a tensor. */
final class InputStage implements Stage {
  /** Features at a time, so that both sides of the transposition stay near the processor. */
  private static final int BLOCK = 32;

  private final Tensor output;
  private final float[] row = new float[BLOCK];
  private final float[] block;

  InputStage(int features, int capacity) {
    this.output = new Tensor(features, capacity, false);
    this.block = new float[BLOCK * capacity];
  }

  @Override
  public Tensor output() {
    return output;
  }

  @Override
  public void forward(Pass pass) {
    FloatBuffer features = pass.batch().features();
    int size = output.features();
    int examples = pass.examples();
    for (int feature = 0; feature < size; feature += BLOCK) {
      int count = Math.min(BLOCK, size - feature);
      for (int example = 0; example < examples; example++) {
        features.get(example * size + feature, row, 0, count);
        for (int i = 0; i < count; i++) {
          block[i * examples + example] = row[i];
        }
      }
      output.values().put(feature * examples, block, 0, count * examples);
    }
  }

  @Override
  public void backward(Pass pass) {
    // Nobody reads the gradient of the input.
  }
}
