package dev.lockstep.engine;

import dev.lockstep.network.Pooling2d.Statistic;
import java.util.Arrays;

/**
 * The largest or the mean of each window, channel by channel. The gradient of a largest number goes
 * to the first of equals; a mean does not count what is outside of the image.
 *
 * <p>Bias and activation of its nonlinearity may be those that in the network come before it: all
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
  private final Nonlinearity nonlinearity;

  /** For each pixel of the window, the numbers under it of one row of windows. */
  private final float[][] candidates;

  private final float[] pooled;
  private final float[] gradient;
  private final float[] shares;
  private final float[] line;
  private final float[] zeros;
  private int examples;
  private int inputStride;
  private int outputStride;

  PoolingStage(
      Statistic statistic, Windows windows, Tensor input, int capacity, Nonlinearity nonlinearity) {
    int most = Math.multiplyExact(windows.output().width(), capacity);
    this.statistic = statistic;
    this.windows = windows;
    this.input = input;
    this.output = new Tensor(windows.output(), capacity, input.differentiable());
    this.nonlinearity = nonlinearity;
    this.candidates = new float[windows.size()][most];
    this.pooled = new float[most];
    this.gradient = new float[most];
    this.shares = new float[most];
    this.line = new float[windows.input().width() * capacity];
    this.zeros = new float[windows.tile() ? 0 : line.length];
  }

  @Override
  public Tensor output() {
    return output;
  }

  @Override
  public void forward(Pass pass) {
    open(pass);
    int length = windows.output().width() * examples;
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
        output.values().put(outputLine(channel, row), pooled, 0, length);
      }
    }
    nonlinearity.forward(output, pass);
  }

  @Override
  public void backward(Pass pass) {
    if (!input.differentiable()) {
      return;
    }
    open(pass);
    nonlinearity.backward(output, pass);
    clear();
    int length = windows.output().width() * examples;
    for (int row = 0; row < windows.output().height(); row++) {
      if (statistic == Statistic.AVERAGE) {
        share(row);
      }
      for (int channel = 0; channel < windows.output().channels(); channel++) {
        output.gradient().get(outputLine(channel, row), gradient, 0, length);
        if (statistic == Statistic.MAX) {
          load(channel, row);
          giveToFirst(length);
        } else {
          giveToAll(length);
        }
        store(channel, row);
      }
    }
  }

  private void open(Pass pass) {
    examples = pass.examples();
    inputStride = input.stride(examples);
    outputStride = output.stride(examples);
  }

  /** Where the output's {@code row} begins. */
  private int outputLine(int channel, int row) {
    return channel * outputStride + row * windows.output().width() * examples;
  }

  /** Where the input's {@code row} begins. */
  private int inputLine(int channel, int row) {
    return channel * inputStride + row * windows.input().width() * examples;
  }

  /** Fills the candidates; those outside of the image can be no maximum and add nothing. */
  private void load(int channel, int row) {
    for (int y = 0; y < windows.height(); y++) {
      int inputRow = windows.inputRow(row, y);
      boolean inside = windows.hasInputRow(inputRow);
      if (inside) {
        int length = windows.input().width() * examples;
        input.values().get(inputLine(channel, inputRow), line, 0, length);
      }
      for (int x = 0; x < windows.width(); x++) {
        int from = windows.firstColumn(x);
        int to = inside ? windows.endColumn(x) : from;
        load(candidates[y * windows.width() + x], x, from, to);
      }
    }
  }

  private void load(float[] candidate, int x, int from, int to) {
    int end = windows.output().width() * examples;
    float outside = statistic == Statistic.MAX ? Float.NEGATIVE_INFINITY : 0;
    Arrays.fill(candidate, 0, Math.min(end, from * examples), outside);
    for (int column = from; column < to; column++) {
      int at = windows.inputColumn(column, x) * examples;
      System.arraycopy(line, at, candidate, column * examples, examples);
    }
    Arrays.fill(candidate, Math.min(end, Math.max(from, to) * examples), end, outside);
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
    largest(length);
    for (float[] candidate : candidates) {
      giveIfLargest(candidate, pooled, gradient, length);
    }
  }

  /** Takes the gradient if the candidate is the largest, and leaves it for the next if not. */
  private static void giveIfLargest(
      float[] candidate, float[] largest, float[] gradient, int length) {
    for (int i = 0; i < length; i++) {
      float left = gradient[i] * Math.min(1f, (largest[i] - candidate[i]) * BIG * BIG);
      candidate[i] = gradient[i] - left;
      gradient[i] = left;
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
    int length = windows.input().width() * examples;
    for (int y = 0; y < windows.height(); y++) {
      int inputRow = windows.inputRow(row, y);
      if (windows.hasInputRow(inputRow)) {
        if (!alone) {
          input.gradient().get(inputLine(channel, inputRow), line, 0, length);
        }
        for (int x = 0; x < windows.width(); x++) {
          store(candidates[y * windows.width() + x], x, alone);
        }
        input.gradient().put(inputLine(channel, inputRow), line, 0, length);
      }
    }
  }

  private void store(float[] candidate, int x, boolean alone) {
    int end = windows.endColumn(x);
    for (int column = windows.firstColumn(x); column < end; column++) {
      int from = column * examples;
      int at = windows.inputColumn(column, x) * examples;
      if (alone) {
        System.arraycopy(candidate, from, line, at, examples);
      } else {
        for (int j = 0; j < examples; j++) {
          line[at + j] += candidate[from + j];
        }
      }
    }
  }

  private void clear() {
    int length = windows.input().width() * examples;
    for (int channel = 0; channel < input.channels() && zeros.length > 0; channel++) {
      for (int row = 0; row < windows.input().height(); row++) {
        input.gradient().put(inputLine(channel, row), zeros, 0, length);
      }
    }
  }

  private static void add(float[] sums, float[] terms, int length) {
    for (int i = 0; i < length; i++) {
      sums[i] += terms[i];
    }
  }

  private static void multiply(float[] values, float[] factors, int length) {
    for (int i = 0; i < length; i++) {
      values[i] *= factors[i];
    }
  }
}
