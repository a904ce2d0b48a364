package dev.lockstep.engine;

import dev.lockstep.network.Activation;
import dev.lockstep.network.ActivationLayer;
import dev.lockstep.network.ActivationShape.Image;
import dev.lockstep.network.BatchNormalization;
import dev.lockstep.network.Conv2d;
import dev.lockstep.network.Dense;
import dev.lockstep.network.Dropout;
import dev.lockstep.network.Flatten;
import dev.lockstep.network.Layer;
import dev.lockstep.network.Loss;
import dev.lockstep.network.Network;
import dev.lockstep.network.NetworkLayer;
import dev.lockstep.network.Padding;
import dev.lockstep.network.Pooling2d;
import dev.lockstep.network.Segment;
import dev.lockstep.network.Window;
import dev.lockstep.random.CounterRandom;
import java.util.function.IntUnaryOperator;

/** A training step's loss from the definitions, in double precision and as slow as it may be. */
final class DoubleNetwork {
  private final Network network;
  private final double[] parameters;
  private final Batch batch;
  private final IntUnaryOperator dropoutKeys;

  /** With {@code dropoutKeys} from a layer's number and an example's place (times 1000). */
  DoubleNetwork(Network network, double[] parameters, Batch batch, IntUnaryOperator dropoutKeys) {
    this.network = network;
    this.parameters = parameters;
    this.batch = batch;
    this.dropoutKeys = dropoutKeys;
  }

  /** The sum of the examples' losses. */
  double loss() {
    double[][] values = new double[batch.size()][batch.shape().size()];
    for (int i = 0; i < values.length; i++) {
      for (int f = 0; f < values[i].length; f++) {
        values[i][f] = batch.features().get(i * values[i].length + f);
      }
    }
    int number = 0;
    for (NetworkLayer layer : network.layers()) {
      values = apply(layer, number, values);
      number += layer.definition().orElseThrow() instanceof Flatten ? 0 : 1;
    }
    double sum = 0;
    for (int i = 0; i < values.length; i++) {
      sum += loss(values[i], batch.label(i));
    }
    return sum;
  }

  private double[][] apply(NetworkLayer layer, int number, double[][] values) {
    Layer definition = layer.definition().orElseThrow();
    if (definition instanceof BatchNormalization normalization) {
      return normalize(layer, normalization, values);
    }
    double[][] outputs = new double[values.length][];
    for (int i = 0; i < values.length; i++) {
      outputs[i] = apply(layer, definition, number, batch.place(i), values[i]);
    }
    return outputs;
  }

  private double[] apply(
      NetworkLayer layer, Layer definition, int number, int place, double[] values) {
    if (definition instanceof Dense dense) {
      return activate(dense.activation(), dense(layer, values));
    } else if (definition instanceof Conv2d convolution) {
      return activate(convolution.activation(), convolve(layer, convolution.window(), values));
    } else if (definition instanceof Pooling2d pooling) {
      return pool(layer, pooling, values);
    } else if (definition instanceof ActivationLayer activation) {
      return activate(activation.activation(), values);
    } else if (definition instanceof Dropout dropout) {
      return drop(dropout.rate(), dropoutKeys.applyAsInt(1000 * number + place), values);
    } else if (definition instanceof Flatten) {
      return values;
    }
    throw new AssertionError(definition);
  }

  private double parameter(NetworkLayer layer, String name, int index) {
    for (Segment segment : layer.segments()) {
      if (segment.name().equals(name)) {
        return parameters[segment.offset() + index];
      }
    }
    return 0;
  }

  private double[] dense(NetworkLayer layer, double[] values) {
    double[] outputs = new double[layer.output().size()];
    for (int unit = 0; unit < outputs.length; unit++) {
      outputs[unit] = parameter(layer, "b", unit);
      for (int i = 0; i < values.length; i++) {
        outputs[unit] += values[i] * parameter(layer, "W", i + unit * values.length);
      }
    }
    return outputs;
  }

  /** What is done with the pixels under a window. */
  private interface Pixels {
    void see(int windowPixel, int inputIndex);
  }

  private static void look(
      Window window, Image input, Image output, int row, int column, int channel, Pixels pixels) {
    for (int y = 0; y < window.size().height(); y++) {
      for (int x = 0; x < window.size().width(); x++) {
        int inputRow =
            row * window.strides().height()
                + y
                - before(
                    window,
                    input.height(),
                    output.height(),
                    window.size().height(),
                    window.strides().height());
        int inputColumn =
            column * window.strides().width()
                + x
                - before(
                    window,
                    input.width(),
                    output.width(),
                    window.size().width(),
                    window.strides().width());
        boolean inside =
            inputRow >= 0
                && inputRow < input.height()
                && inputColumn >= 0
                && inputColumn < input.width();
        if (inside) {
          pixels.see(
              y * window.size().width() + x,
              (channel * input.height() + inputRow) * input.width() + inputColumn);
        }
      }
    }
  }

  private static int before(Window window, int input, int output, int size, int stride) {
    int missing = (output - 1) * stride + size - input;
    return window.padding() == Padding.SAME && missing > 0 ? missing / 2 : 0;
  }

  private double[] convolve(NetworkLayer layer, Window window, double[] values) {
    Image input = (Image) layer.input();
    Image output = (Image) layer.output();
    int area = window.size().height() * window.size().width();
    double[] outputs = new double[output.size()];
    int at = 0;
    for (int filter = 0; filter < output.channels(); filter++) {
      for (int row = 0; row < output.height(); row++) {
        for (int column = 0; column < output.width(); column++) {
          double[] sum = {parameter(layer, "b", filter)};
          for (int c = 0; c < input.channels(); c++) {
            int kernel = (filter * input.channels() + c) * area;
            look(
                window,
                input,
                output,
                row,
                column,
                c,
                (pixel, index) -> sum[0] += values[index] * parameter(layer, "W", kernel + pixel));
          }
          outputs[at++] = sum[0];
        }
      }
    }
    return outputs;
  }

  private static double[] pool(NetworkLayer layer, Pooling2d pooling, double[] values) {
    Image input = (Image) layer.input();
    Image output = (Image) layer.output();
    double[] outputs = new double[output.size()];
    int at = 0;
    for (int channel = 0; channel < output.channels(); channel++) {
      for (int row = 0; row < output.height(); row++) {
        for (int column = 0; column < output.width(); column++) {
          double[] seen = {Double.NEGATIVE_INFINITY, 0, 0};
          look(
              pooling.window(),
              input,
              output,
              row,
              column,
              channel,
              (pixel, index) -> {
                seen[0] = Math.max(seen[0], values[index]);
                seen[1] += values[index];
                seen[2]++;
              });
          outputs[at++] =
              pooling.statistic() == Pooling2d.Statistic.MAX ? seen[0] : seen[1] / seen[2];
        }
      }
    }
    return outputs;
  }

  private double[][] normalize(
      NetworkLayer layer, BatchNormalization normalization, double[][] values) {
    int features = layer.input().size();
    int channels = layer.input() instanceof Image image ? image.channels() : features;
    int area = features / channels;
    double[][] outputs = new double[values.length][features];
    for (int channel = 0; channel < channels; channel++) {
      double mean = 0;
      double square = 0;
      for (double[] value : values) {
        for (int p = 0; p < area; p++) {
          mean += value[channel * area + p] / (area * values.length);
          square += Math.pow(value[channel * area + p], 2) / (area * values.length);
        }
      }
      double deviation = Math.sqrt(square - mean * mean + normalization.epsilon());
      for (int i = 0; i < values.length; i++) {
        for (int p = channel * area; p < (channel + 1) * area; p++) {
          outputs[i][p] =
              parameter(layer, "gamma", channel) * (values[i][p] - mean) / deviation
                  + parameter(layer, "beta", channel);
        }
      }
    }
    return outputs;
  }

  private static double[] drop(double rate, int key, double[] values) {
    double[] outputs = new double[values.length];
    for (int i = 0; i < values.length; i++) {
      boolean dropped = (CounterRandom.bits(key, i) >>> 8) < Math.round(rate * (1 << 24));
      outputs[i] = dropped ? 0 : values[i] / (1 - rate);
    }
    return outputs;
  }

  private static double[] activate(Activation activation, double[] values) {
    double sum = 0;
    for (double value : values) {
      sum += Math.exp(value);
    }
    double[] outputs = new double[values.length];
    for (int i = 0; i < values.length; i++) {
      double x = values[i];
      outputs[i] =
          switch (activation) {
            case RELU -> Math.max(0, x);
            case LEAKY_RELU -> x < 0 ? Activation.LEAKY_SLOPE * x : x;
            case ELU -> x < 0 ? Math.exp(x) - 1 : x;
            case SIGMOID -> 1 / (1 + Math.exp(-x));
            case TANH -> Math.tanh(x);
            case SOFTMAX -> Math.exp(x) / sum;
            case LINEAR -> x;
          };
    }
    return outputs;
  }

  private double loss(double[] outputs, int label) {
    double sum = 0;
    for (int unit = 0; unit < outputs.length; unit++) {
      double target = Loss.target(unit, outputs.length, label);
      double p = outputs[unit];
      sum +=
          switch (network.loss()) {
            case CATEGORICAL_CROSSENTROPY -> -target * Math.log(p);
            case BINARY_CROSSENTROPY ->
                -(target * Math.log(p) + (1 - target) * Math.log(1 - p)) / outputs.length;
            case MSE -> Math.pow(p - target, 2) / outputs.length;
          };
    }
    return sum;
  }
}
