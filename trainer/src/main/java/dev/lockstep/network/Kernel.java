package dev.lockstep.network;

/**
 * A parameter array as an initializer sees it: a matrix of {@code rows} x {@code columns}, stored
 * column by column, and Keras' fans of it.
 */
record Kernel(int rows, int columns, long fanIn, long fanOut) {
  /** A matrix from {@code inputs} to {@code outputs}. */
  static Kernel dense(int inputs, int outputs) {
    return new Kernel(inputs, outputs, inputs, outputs);
  }

  /** A vector, whose fans are both its length in Keras. */
  static Kernel bias(int units) {
    return new Kernel(units, 1, units, units);
  }

  /**
   * A convolution: DL4J stores, filter by filter, channel, row and column; so each filter is a
   * column of this matrix.
   */
  static Kernel convolution(Size size, int channels, int filters) {
    int area = size.height() * size.width();
    return new Kernel(area * channels, filters, (long) area * channels, (long) area * filters);
  }
}
