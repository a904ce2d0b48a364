package dev.lockstep.engine;

import dev.lockstep.network.Activation;

/**
 * Activation functions and their derivatives over arrays, in loops that the JIT vectorises (but for
 * softmax's derivative): without comparisons, short, and with all arrays indexed alike. Belongs to
 * one thread.
 */
final class ActivationFunctions {
  /** Twice this factor takes every positive float above 1: a step function without a branch. */
  private static final float BIG = 1e38f;

  /** Beyond these, tanh is 1 to the last bit. */
  private static final float TANH_RANGE = 10;

  /** Below this, Cephes' {@code tanhf} (S. L. Moshier) takes a polynomial. */
  private static final float TANH_SMALL = 0.625f;

  private final Exponential exponential = new Exponential();
  private final float[] scratch;
  private final float[] row;

  /** For arrays of up to {@code most} numbers. */
  ActivationFunctions(int most) {
    this.scratch = new float[most];
    this.row = new float[most];
  }

  /**
   * Replaces sums by outputs.
   *
   * @param length how many numbers; for softmax, all features of all examples
   * @param examples of each feature, side by side
   */
  void apply(Activation activation, float[] values, int length, int examples) {
    switch (activation) {
      case RELU -> relu(values, length);
      case LEAKY_RELU -> leakyRelu(values, length);
      case ELU -> elu(values, length);
      case SIGMOID -> sigmoid(values, length);
      case TANH -> tanh(values, length);
      case SOFTMAX -> softmax(values, length, examples);
      case LINEAR -> {}
    }
  }

  /**
   * Multiplies the gradient of the outputs by the derivative, so that it becomes that of the sums.
   *
   * @param outputs what {@link #apply} gave; overwritten
   */
  void backward(
      Activation activation, float[] outputs, float[] gradient, int length, int examples) {
    switch (activation) {
      case RELU -> reluBackward(outputs, gradient, 1, length);
      case LEAKY_RELU -> leakyReluBackward(outputs, gradient, length);
      case ELU -> eluBackward(outputs, gradient, length);
      case SIGMOID -> sigmoidBackward(outputs, gradient, length);
      case TANH -> tanhBackward(outputs, gradient, length);
      case SOFTMAX -> softmaxBackward(outputs, gradient, length, examples);
      case LINEAR -> {}
    }
  }

  private static void relu(float[] values, int length) {
    for (int i = 0; i < length; i++) {
      values[i] = Math.max(0f, values[i]);
    }
  }

  /** Multiplies the gradient by {@code slope} where the output is positive, and by 0 elsewhere. */
  static void reluBackward(float[] outputs, float[] gradient, float slope, int length) {
    for (int i = 0; i < length; i++) {
      gradient[i] *= slope * Math.min(1f, outputs[i] * BIG * BIG);
    }
  }

  private static void leakyRelu(float[] values, int length) {
    float slope = (float) Activation.LEAKY_SLOPE;
    for (int i = 0; i < length; i++) {
      values[i] = Math.max(0f, values[i]) + slope * Math.min(0f, values[i]);
    }
  }

  private static void leakyReluBackward(float[] outputs, float[] gradient, int length) {
    float drop = 1 - (float) Activation.LEAKY_SLOPE;
    for (int i = 0; i < length; i++) {
      float below = Math.min(1f, Math.max(0f, -outputs[i]) * BIG * BIG);
      gradient[i] *= 1 - drop * below;
    }
  }

  private void elu(float[] values, int length) {
    System.arraycopy(values, 0, scratch, 0, length);
    limit(scratch, Float.NEGATIVE_INFINITY, 0, length);
    exponential.apply(scratch, length);
    joinElu(values, scratch, length);
  }

  private static void joinElu(float[] values, float[] exponentials, int length) {
    for (int i = 0; i < length; i++) {
      values[i] = Math.max(0f, values[i]) + (exponentials[i] - 1);
    }
  }

  private static void limit(float[] values, float least, float most, int length) {
    for (int i = 0; i < length; i++) {
      values[i] = Math.max(least, Math.min(most, values[i]));
    }
  }

  private static void eluBackward(float[] outputs, float[] gradient, int length) {
    for (int i = 0; i < length; i++) {
      gradient[i] *= Math.min(1f, outputs[i] + 1);
    }
  }

  private void sigmoid(float[] values, int length) {
    for (int i = 0; i < length; i++) {
      values[i] = -values[i];
    }
    exponential.apply(values, length);
    for (int i = 0; i < length; i++) {
      values[i] = 1 / (1 + values[i]);
    }
  }

  private static void sigmoidBackward(float[] outputs, float[] gradient, int length) {
    for (int i = 0; i < length; i++) {
      gradient[i] *= outputs[i] * (1 - outputs[i]);
    }
  }

  /** {@code 1 - 2 / (exp(2x) + 1)}, or near 0, where that would lose digits, a polynomial. */
  private void tanh(float[] values, int length) {
    limit(values, -TANH_RANGE, TANH_RANGE, length);
    for (int i = 0; i < length; i++) {
      scratch[i] = 2 * values[i];
    }
    exponential.apply(scratch, length);
    for (int i = 0; i < length; i++) {
      scratch[i] = 1 - 2 / (scratch[i] + 1);
    }
    joinTanh(values, scratch, length);
  }

  private static void joinTanh(float[] values, float[] large, int length) {
    for (int i = 0; i < length; i++) {
      float x = values[i];
      float z = Math.min(1f, x * x);
      float p = -5.70498872745e-3f * z + 2.06390887954e-2f;
      p = p * z - 5.37397155531e-2f;
      p = p * z + 1.33314422036e-1f;
      p = p * z - 3.33332819422e-1f;
      float small = p * z * x + x;
      float isLarge = Math.min(1f, Math.max(0f, Math.abs(x) - TANH_SMALL) * BIG * BIG);
      values[i] = small + isLarge * (large[i] - small);
    }
  }

  private static void tanhBackward(float[] outputs, float[] gradient, int length) {
    for (int i = 0; i < length; i++) {
      gradient[i] *= 1 - outputs[i] * outputs[i];
    }
  }

  private void softmax(float[] values, int length, int examples) {
    largest(values, length, examples);
    repeat(scratch, length, examples);
    for (int i = 0; i < length; i++) {
      values[i] -= scratch[i];
    }
    exponential.apply(values, length);
    sums(values, length, examples);
    for (int j = 0; j < examples; j++) {
      scratch[j] = 1 / scratch[j];
    }
    repeat(scratch, length, examples);
    for (int i = 0; i < length; i++) {
      values[i] *= scratch[i];
    }
  }

  /** Leaves the largest number of each example in front of {@link #scratch}. */
  private void largest(float[] values, int length, int examples) {
    System.arraycopy(values, 0, scratch, 0, examples);
    for (int from = examples; from < length; from += examples) {
      System.arraycopy(values, from, row, 0, examples);
      for (int j = 0; j < examples; j++) {
        scratch[j] = Math.max(scratch[j], row[j]);
      }
    }
  }

  /** Leaves the sum of each example's numbers in front of {@link #scratch}. */
  private void sums(float[] values, int length, int examples) {
    System.arraycopy(values, 0, scratch, 0, examples);
    for (int from = examples; from < length; from += examples) {
      System.arraycopy(values, from, row, 0, examples);
      for (int j = 0; j < examples; j++) {
        scratch[j] += row[j];
      }
    }
  }

  /** Fills the array with what its first {@code examples} numbers are. */
  private static void repeat(float[] numbers, int length, int examples) {
    for (int done = examples; done < length; done *= 2) {
      System.arraycopy(numbers, 0, numbers, done, Math.min(done, length - done));
    }
  }

  /** One example after the other: seldom needed, as the loss of a last layer has it already. */
  private static void softmaxBackward(float[] outputs, float[] gradient, int length, int examples) {
    for (int example = 0; example < examples; example++) {
      double mean = 0;
      for (int i = example; i < length; i += examples) {
        mean += (double) outputs[i] * gradient[i];
      }
      for (int i = example; i < length; i += examples) {
        gradient[i] = outputs[i] * (gradient[i] - (float) mean);
      }
    }
  }
}
