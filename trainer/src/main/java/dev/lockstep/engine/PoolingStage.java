package dev.lockstep.engine;

import dev.lockstep.network.Pooling2d.Statistic;
import java.nio.FloatBuffer;
import java.util.Arrays;

/**
 * The largest or the mean of each window, channel by channel. The gradient of a largest number goes
 * to the first of equals; a mean does not count what is outside of the image.
 *
 * <p>It may add a bias, and apply a nonlinearity, that in the network come before it: all
 * activations rise with their argument, so the largest output is that of the largest sum, and there
 * are fewer of them.
 */
final class PoolingStage implements Stage {
  /** Twice this factor takes every positive float above 1: a step function without a branch. */
  private static final float BIG = 1e38f;

  private final Statistic statistic;
  private final Windows windows;
  private final Tensor input;
  private final Tensor output;
  private final Bias bias;
  private final Nonlinearity nonlinearity;

  /** For each pixel of the window, the numbers under it of one row of windows. */
  private final float[][] candidates;

  private final float[] pooled;
  private final float[] gradient;
  private final float[] remaining;
  private final float[] shares;
  private final float[] zeros;
  private int examples;

  PoolingStage(
      Statistic statistic,
      Windows windows,
      Tensor input,
      Bias bias,
      int capacity,
      Nonlinearity nonlinearity) {
    int most = Math.multiplyExact(windows.output().width(), capacity);
    this.statistic = statistic;
    this.windows = windows;
    this.input = input;
    this.output = new Tensor(windows.output().size(), capacity, input.differentiable());
    this.bias = bias;
    this.nonlinearity = nonlinearity;
    this.candidates = new float[windows.size()][most];
    this.pooled = new float[most];
    this.gradient = new float[most];
    this.remaining = new float[most];
    this.shares = new float[most];
    this.zeros = new float[windows.tile() ? 0 : input.features()];
  }

  @Override
  public Tensor output() {
    return output;
  }

  @Override
  public void forward(Pass pass) {
    examples = pass.examples();
    int length = windows.output().width() * examples;
    bias.read();
    for (int row = 0; row < windows.output().height(); row++) {
      if (statistic == Statistic.AVERAGE) {
        share(row);
      }
      for (int channel = 0; channel < windows.output().channels(); channel++) {
        load(channel, row);
        if (statistic == Statistic.MAX) {
          largest(length);
        } else {
          mean(length);
        }
        add(bias.values()[channel], pooled, length);
        output.values().put(line(channel, row), pooled, 0, length);
      }
    }
    nonlinearity.forward(output, pass);
  }

  @Override
  public void backward(Pass pass) {
    if (!input.differentiable()) {
      return;
    }
    examples = pass.examples();
    nonlinearity.backward(output, pass);
    int area = windows.output().height() * windows.output().width() * examples;
    bias.backward(output.gradient(0), area);
    clear();
    int length = windows.output().width() * examples;
    for (int row = 0; row < windows.output().height(); row++) {
      if (statistic == Statistic.AVERAGE) {
        share(row);
      }
      for (int channel = 0; channel < windows.output().channels(); channel++) {
        output.gradient().get(line(channel, row), gradient, 0, length);
        if (statistic == Statistic.MAX) {
          load(channel, row);
          largest(length);
          giveToFirst(length);
        } else {
          giveToAll(length);
        }
        store(channel, row);
      }
    }
  }

  private int line(int channel, int row) {
    return (channel * windows.output().height() + row) * windows.output().width() * examples;
  }

  private int pixel(int channel, int row, int column) {
    return ((channel * windows.input().height() + row) * windows.input().width() + column)
        * examples;
  }

  /** Fills the candidates; those outside of the image can be no maximum and add nothing. */
  private void load(int channel, int row) {
    float outside = statistic == Statistic.MAX ? Float.NEGATIVE_INFINITY : 0;
    int end = windows.output().width() * examples;
    for (int y = 0; y < windows.height(); y++) {
      int inputRow = windows.inputRow(row, y);
      for (int x = 0; x < windows.width(); x++) {
        float[] under = candidates[y * windows.width() + x];
        int from = windows.firstColumn(x);
        int to = windows.hasInputRow(inputRow) ? windows.endColumn(x) : from;
        Arrays.fill(under, 0, Math.min(end, from * examples), outside);
        for (int column = from; column < to; column++) {
          input
              .values()
              .get(
                  pixel(channel, inputRow, windows.inputColumn(column, x)),
                  under,
                  column * examples,
                  examples);
        }
        Arrays.fill(under, Math.min(end, Math.max(from, to) * examples), end, outside);
      }
    }
  }

  private void largest(int length) {
    System.arraycopy(candidates[0], 0, pooled, 0, length);
    for (int pixel = 1; pixel < candidates.length; pixel++) {
      largest(pooled, candidates[pixel], length);
    }
  }

  private static void largest(float[] largest, float[] candidate, int length) {
    for (int i = 0; i < length; i++) {
      largest[i] = Math.max(largest[i], candidate[i]);
    }
  }

  private void mean(int length) {
    System.arraycopy(candidates[0], 0, pooled, 0, length);
    for (int pixel = 1; pixel < candidates.length; pixel++) {
      add(pooled, candidates[pixel], length);
    }
    multiply(pooled, shares, length);
  }

  /** One divided by the pixels of the image in each window of {@code row}. */
  private void share(int row) {
    int rows = 0;
    for (int y = 0; y < windows.height(); y++) {
      rows += windows.hasInputRow(windows.inputRow(row, y)) ? 1 : 0;
    }
    for (int column = 0; column < windows.output().width(); column++) {
      int columns = 0;
      for (int x = 0; x < windows.width(); x++) {
        columns += column >= windows.firstColumn(x) && column < windows.endColumn(x) ? 1 : 0;
      }
      Arrays.fill(shares, column * examples, (column + 1) * examples, 1f / (rows * columns));
    }
  }

  /** Replaces each candidate by the gradient that it receives. */
  private void giveToFirst(int length) {
    Arrays.fill(remaining, 0, length, 1);
    for (float[] candidate : candidates) {
      giveIfLargest(candidate, pooled, remaining, gradient, length);
    }
  }

  private static void giveIfLargest(
      float[] candidate, float[] largest, float[] remaining, float[] gradient, int length) {
    for (int i = 0; i < length; i++) {
      float below = Math.min(1f, (largest[i] - candidate[i]) * BIG * BIG);
      float taken = remaining[i] * (1 - below);
      remaining[i] -= taken;
      candidate[i] = gradient[i] * taken;
    }
  }

  private void giveToAll(int length) {
    multiply(gradient, shares, length);
    for (float[] candidate : candidates) {
      System.arraycopy(gradient, 0, candidate, 0, length);
    }
  }

  /** Adds the candidates to the gradient of the pixels that they stand for. */
  private void store(int channel, int row) {
    boolean alone = windows.tile();
    for (int y = 0; y < windows.height(); y++) {
      int inputRow = windows.inputRow(row, y);
      if (windows.hasInputRow(inputRow)) {
        for (int x = 0; x < windows.width(); x++) {
          float[] under = candidates[y * windows.width() + x];
          int end = windows.endColumn(x);
          for (int column = windows.firstColumn(x); column < end; column++) {
            int at = pixel(channel, inputRow, windows.inputColumn(column, x));
            if (!alone) {
              addTo(under, column * examples, at);
            }
            input.gradient().put(at, under, column * examples, examples);
          }
        }
      }
    }
  }

  private void addTo(float[] under, int from, int at) {
    FloatBuffer target = input.gradient();
    for (int j = 0; j < examples; j++) {
      under[from + j] += target.get(at + j);
    }
  }

  private void clear() {
    for (int i = 0; i < examples && zeros.length > 0; i++) {
      input.gradient().put(i * zeros.length, zeros);
    }
  }

  private static void add(float[] sums, float[] terms, int length) {
    for (int i = 0; i < length; i++) {
      sums[i] += terms[i];
    }
  }

  private static void add(float term, float[] sums, int length) {
    for (int i = 0; i < length; i++) {
      sums[i] += term;
    }
  }

  private static void multiply(float[] values, float[] factors, int length) {
    for (int i = 0; i < length; i++) {
      values[i] *= factors[i];
    }
  }
}
