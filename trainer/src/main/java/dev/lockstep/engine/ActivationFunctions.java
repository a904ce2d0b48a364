package dev.lockstep.engine;

import dev.lockstep.network.Activation;

/**
 * Activation functions and their derivatives over arrays, in loops that the JIT vectorises where
 * they need no exponential: without comparisons, and with all arrays indexed alike.
 */
final class ActivationFunctions {
  /** Twice this factor takes every positive float above 1: a step function without a branch. */
  private static final float BIG = 1e38f;

  private ActivationFunctions() {}

  /**
   * Replaces sums by outputs.
   *
   * @param length how many numbers; for softmax, all features of all examples
   * @param examples of each feature, side by side
   */
  static void apply(Activation activation, float[] values, int length, int examples) {
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
  static void backward(
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

  private static void elu(float[] values, int length) {
    for (int i = 0; i < length; i++) {
      values[i] = values[i] < 0 ? (float) Math.expm1(values[i]) : values[i];
    }
  }

  private static void eluBackward(float[] outputs, float[] gradient, int length) {
    for (int i = 0; i < length; i++) {
      gradient[i] *= Math.min(1f, outputs[i] + 1);
    }
  }

  private static void sigmoid(float[] values, int length) {
    for (int i = 0; i < length; i++) {
      values[i] = (float) (1 / (1 + Math.exp(-values[i])));
    }
  }

  private static void sigmoidBackward(float[] outputs, float[] gradient, int length) {
    for (int i = 0; i < length; i++) {
      gradient[i] *= outputs[i] * (1 - outputs[i]);
    }
  }

  private static void tanh(float[] values, int length) {
    for (int i = 0; i < length; i++) {
      values[i] = (float) Math.tanh(values[i]);
    }
  }

  private static void tanhBackward(float[] outputs, float[] gradient, int length) {
    for (int i = 0; i < length; i++) {
      gradient[i] *= 1 - outputs[i] * outputs[i];
    }
  }

  private static void softmax(float[] values, int length, int examples) {
    for (int example = 0; example < examples; example++) {
      float largest = values[example];
      for (int i = example; i < length; i += examples) {
        largest = Math.max(largest, values[i]);
      }
      double sum = 0;
      for (int i = example; i < length; i += examples) {
        values[i] = (float) Math.exp(values[i] - largest);
        sum += values[i];
      }
      float share = (float) (1 / sum);
      for (int i = example; i < length; i += examples) {
        values[i] *= share;
      }
    }
  }

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
