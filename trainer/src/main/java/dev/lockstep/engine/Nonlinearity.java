package dev.lockstep.engine;

import dev.lockstep.network.Activation;

/**
 * What follows a layer's sums, in one pass over memory: the activation and then, while training,
 * dropout. Going back, both factors of the chain rule come from the output alone.
 *
 * <p>Blocks of numbers are brought to the heap and back: the JIT vectorises loops over arrays, not
 * over direct buffers, and a block stays in the processor's nearest cache.
 */
final class Nonlinearity {
  private static final int BLOCK = 4096;

  private final Activation activation;
  private final DropoutFactors dropout;
  private final float scale;
  private final boolean derivativeInLoss;
  private final ActivationFunctions functions;
  private final float[] values;
  private final float[] gradient;
  private final float[] factors;

  private Nonlinearity(
      Activation activation,
      DropoutFactors dropout,
      double rate,
      boolean derivativeInLoss,
      int most) {
    this.activation = activation;
    this.dropout = dropout;
    this.scale = (float) (1 - rate);
    this.derivativeInLoss = derivativeInLoss;
    this.functions = new ActivationFunctions(most);
    this.values = new float[most];
    this.gradient = new float[most];
    this.factors = new float[most];
  }

  /** An activation alone, on tensors of {@code features}. */
  static Nonlinearity of(Activation activation, int features, int capacity) {
    return new Nonlinearity(activation, null, 0, false, most(activation, features, capacity));
  }

  /** An activation whose derivative the gradient of the loss contains already. */
  static Nonlinearity ofOutput(Activation activation, int features, int capacity) {
    return new Nonlinearity(activation, null, 0, true, most(activation, features, capacity));
  }

  /**
   * An activation, other than softmax, and dropout.
   *
   * @param layer number of the dropout in DL4J's list of layers, from 0
   * @param rate fraction dropped
   */
  static Nonlinearity withDropout(Activation activation, int layer, double rate, int capacity) {
    int most = most(activation, 1, capacity);
    return new Nonlinearity(activation, new DropoutFactors(layer, rate, most), rate, false, most);
  }

  /** Softmax looks at all features of an example; the others take any block. */
  private static int most(Activation activation, int features, int capacity) {
    return activation == Activation.SOFTMAX
        ? Math.multiplyExact(features, capacity)
        : Math.max(BLOCK, capacity);
  }

  /** Replaces sums by outputs. */
  void forward(Tensor tensor, Pass pass) {
    boolean dropping = dropout != null && pass.training();
    if (activation == Activation.LINEAR && !dropping) {
      return;
    }
    if (dropping) {
      dropout.open(pass.draws(), pass.batch());
    }
    int examples = pass.examples();
    int stride = tensor.stride(examples);
    int rows = values.length / examples;
    for (int channel = 0; channel < tensor.channels(); channel++) {
      for (int row = 0; row < tensor.area(); row += rows) {
        int from = channel * stride + row * examples;
        int length = Math.min(rows, tensor.area() - row) * examples;
        tensor.values().get(from, values, 0, length);
        functions.apply(activation, values, length, examples);
        if (dropping) {
          dropout.write(channel * tensor.area() + row, factors, length);
          multiply(values, factors, length);
        }
        tensor.values().put(from, values, 0, length);
      }
    }
  }

  /** Replaces the gradient of the outputs by that of the sums. */
  void backward(Tensor tensor, Pass pass) {
    if (derivativeInLoss || (activation == Activation.LINEAR && dropout == null)) {
      return;
    }
    int examples = pass.examples();
    int stride = tensor.stride(examples);
    int rows = values.length / examples;
    for (int channel = 0; channel < tensor.channels(); channel++) {
      for (int row = 0; row < tensor.area(); row += rows) {
        int from = channel * stride + row * examples;
        int length = Math.min(rows, tensor.area() - row) * examples;
        tensor.values().get(from, values, 0, length);
        tensor.gradient().get(from, gradient, 0, length);
        backward(channel * tensor.area() + row, length, examples);
        tensor.gradient().put(from, gradient, 0, length);
      }
    }
  }

  private void backward(int feature, int length, int examples) {
    if (dropout == null) {
      functions.backward(activation, values, gradient, length, examples);
    } else if (activation == Activation.RELU) {
      ActivationFunctions.reluBackward(values, gradient, 1 / scale, length);
    } else {
      dropout.write(feature, factors, length);
      multiply(gradient, factors, length);
      multiply(values, scale, length);
      functions.backward(activation, values, gradient, length, examples);
    }
  }

  private static void multiply(float[] values, float[] factors, int length) {
    for (int i = 0; i < length; i++) {
      values[i] *= factors[i];
    }
  }

  private static void multiply(float[] values, float factor, int length) {
    for (int i = 0; i < length; i++) {
      values[i] *= factor;
    }
  }
}
