package dev.lockstep.engine;

import dev.lockstep.network.Activation;

/**
 * What follows a layer's products, in one pass over memory: the bias, the activation and then,
 * while training, dropout. Going back, both factors of the chain rule come from the output alone,
 * and what they leave is summed for the bias.
 *
 * <p>Blocks of numbers are brought to the heap and back: the JIT vectorises loops over arrays, not
 * over direct buffers, and a block stays in the processor's nearest cache.
 */
final class Nonlinearity {
  private static final int BLOCK = 4096;

  private final Bias bias;
  private final Activation activation;
  private final DropoutFactors dropout;
  private final float scale;
  private final boolean derivativeInLoss;
  private final ActivationFunctions functions;
  private final float[] values;
  private final float[] gradient;
  private final float[] factors;

  /** Of no bias and no dropout if they are null. */
  private Nonlinearity(
      Bias bias,
      Activation activation,
      DropoutFactors dropout,
      double rate,
      boolean derivativeInLoss,
      int most) {
    this.bias = bias;
    this.activation = activation;
    this.dropout = dropout;
    this.scale = (float) (1 - rate);
    this.derivativeInLoss = derivativeInLoss;
    this.functions = new ActivationFunctions(most);
    this.values = new float[most];
    this.gradient = new float[most];
    this.factors = new float[most];
  }

  /** Nothing at all. */
  static Nonlinearity none() {
    return new Nonlinearity(null, Activation.LINEAR, null, 0, false, 0);
  }

  /**
   * An activation without dropout, on tensors of {@code features}.
   *
   * @param bias null if there is none
   */
  static Nonlinearity of(Bias bias, Activation activation, int features, int capacity) {
    int most = most(activation, features, capacity);
    return new Nonlinearity(bias, activation, null, 0, false, most);
  }

  /** The same, of an activation whose derivative the gradient of the loss contains already. */
  static Nonlinearity ofOutput(Bias bias, Activation activation, int features, int capacity) {
    int most = most(activation, features, capacity);
    return new Nonlinearity(bias, activation, null, 0, true, most);
  }

  /**
   * An activation, other than softmax, and dropout.
   *
   * @param bias null if there is none
   * @param layer number of the dropout in DL4J's list of layers, from 0
   * @param rate fraction dropped
   */
  static Nonlinearity withDropout(
      Bias bias, Activation activation, int layer, double rate, int capacity) {
    int most = most(activation, 1, capacity);
    DropoutFactors dropout = new DropoutFactors(layer, rate, most);
    return new Nonlinearity(bias, activation, dropout, rate, false, most);
  }

  /** Softmax looks at all features of an example; the others take any block. */
  private static int most(Activation activation, int features, int capacity) {
    return activation == Activation.SOFTMAX
        ? Math.multiplyExact(features, capacity)
        : Math.max(BLOCK, capacity);
  }

  /** Replaces products by outputs. */
  void forward(Tensor tensor, Pass pass) {
    boolean dropping = dropout != null && pass.training();
    if (bias == null && activation == Activation.LINEAR && !dropping) {
      return;
    }
    if (bias != null) {
      bias.read();
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
        if (bias != null) {
          bias.add(tensor, channel, row, values, factors, length, examples);
        }
        functions.apply(activation, values, length, examples);
        if (dropping) {
          dropout.write(channel * tensor.area() + row, factors, length);
          multiply(values, factors, length);
        }
        tensor.values().put(from, values, 0, length);
      }
    }
  }

  /** Replaces the gradient of the outputs by that of the products, and writes that of the bias. */
  void backward(Tensor tensor, Pass pass) {
    if (!derivativeInLoss && (activation != Activation.LINEAR || dropout != null)) {
      differentiate(tensor, pass.examples());
    }
    if (bias != null) {
      bias.backward(tensor, pass.examples());
    }
  }

  private void differentiate(Tensor tensor, int examples) {
    int stride = tensor.stride(examples);
    int rows = values.length / examples;
    for (int channel = 0; channel < tensor.channels(); channel++) {
      for (int row = 0; row < tensor.area(); row += rows) {
        int from = channel * stride + row * examples;
        int length = Math.min(rows, tensor.area() - row) * examples;
        tensor.values().get(from, values, 0, length);
        tensor.gradient().get(from, gradient, 0, length);
        differentiate(channel * tensor.area() + row, length, examples);
        tensor.gradient().put(from, gradient, 0, length);
      }
    }
  }

  private void differentiate(int feature, int length, int examples) {
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
