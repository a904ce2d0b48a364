package dev.lockstep.engine;

/**
 * What is known of OpenBLAS' products. Up to a million multiplications, its kernels for AVX-512
 * read the operands where they lie; beyond, they first copy them into an order of their own, which
 * costs more than it gains where a side of the product is as short as the channels of a
 * convolution.
 */
final class MatrixProducts {
  private static final int MOST = 1_000_000;

  /** Numbers in the widest vector register: columns should be a multiple of these. */
  private static final int VECTOR = 16;

  private MatrixProducts() {}

  /**
   * The most columns that a product should have at once, a multiple of {@link #VECTOR}; as many as
   * there are if that would leave too few to be worth it.
   *
   * @param others product of the two other dimensions
   */
  static int mostColumns(int others) {
    int most = MOST / others / VECTOR * VECTOR;
    return most < 2 * VECTOR ? Integer.MAX_VALUE : most;
  }

  /**
   * The columns of each part when {@code columns} are cut into equal parts of {@code most} at most.
   */
  static int part(int columns, int most) {
    if (columns <= most) {
      return columns;
    }
    int parts = (columns + most - 1) / most;
    return ((columns + parts - 1) / parts + VECTOR - 1) / VECTOR * VECTOR;
  }
}
