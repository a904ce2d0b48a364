package dev.lockstep.engine;

import static org.bytedeco.openblas.global.openblas_nolapack.cblas_saxpy;

import java.nio.FloatBuffer;
import org.bytedeco.javacpp.FloatPointer;

/**
 * The windows of a convolution as the columns of a matrix (im2col), a chunk of output pixels at a
 * time so that it stays in the processor's nearer caches. Row {@code (channel * height + y) * width
 * + x} holds, for each output pixel of the chunk and each example, the number under pixel (y, x) of
 * the window. Where windows move by one column, all pixels of an output row are neighbours in the
 * image too, and are copied as one run.
 */
final class Patches {
  /** Numbers in a chunk: 768 KiB. */
  private static final int CHUNK = 192 * 1024;

  /** Numbers in a cache line, by which a row of the matrix may be longer. */
  private static final int GAP = 16;

  private final Windows windows;
  private final int filters;
  private final int rows;
  private final FloatBuffer matrix;
  private final FloatPointer pointer;
  private final FloatBuffer zeros;

  private int examples;
  private int imageStride;
  private int chunkHeight;
  private int chunkWidth;
  private int top;
  private int bottom;
  private int left;
  private int right;

  /**
   * Room for chunks of {@code capacity} examples at most.
   *
   * @param filters that the patches will be multiplied with
   */
  Patches(Windows windows, int filters, int capacity) {
    this.windows = windows;
    this.filters = filters;
    this.rows = windows.size() * windows.input().channels();
    int most = Math.multiplyExact(rows, Math.max(CHUNK / rows, capacity) + GAP);
    this.matrix = FloatVector.allocate(most);
    this.pointer = new FloatPointer(matrix);
    this.zeros = FloatVector.allocate(Math.multiplyExact(windows.output().width(), capacity));
  }

  /** Cuts the output pixels into chunks for a batch, and turns to the first. */
  void open(int batch, int strideOfImage) {
    examples = batch;
    imageStride = strideOfImage;
    int columns = Math.min(CHUNK / rows, MatrixProducts.mostColumns(filters * rows));
    int fit = Math.max(1, columns / examples);
    int width = windows.output().width();
    int parts = (width + fit - 1) / fit;
    chunkWidth = (width + parts - 1) / parts;
    chunkHeight = parts > 1 ? 1 : Math.min(windows.output().height(), fit / width);
    turnTo(0, 0);
  }

  private void turnTo(int row, int column) {
    top = row;
    left = column;
    bottom = Math.min(windows.output().height(), top + chunkHeight);
    right = Math.min(windows.output().width(), left + chunkWidth);
  }

  /** Whether all chunks are done. */
  boolean done() {
    return top == windows.output().height();
  }

  /** Turns to the next chunk. */
  void advance() {
    if (right < windows.output().width()) {
      turnTo(top, right);
    } else {
      turnTo(bottom, 0);
    }
  }

  /** How many rows the matrix has. */
  int rows() {
    return rows;
  }

  /** How many columns the matrix has: the chunk's pixels times the examples. */
  int columns() {
    return (bottom - top) * (right - left) * examples;
  }

  /** How far it is from one row of the matrix to the next; see {@link Tensor#stride}. */
  int stride() {
    return columns() % (4 * GAP) == 0 ? columns() + GAP : columns();
  }

  /** Where the chunk begins in a channel of the output. */
  int start() {
    return (top * windows.output().width() + left) * examples;
  }

  /** The matrix, for native code. */
  FloatPointer pointer() {
    return pointer.position(0);
  }

  /** Fills the matrix from {@code image}. */
  void gather(FloatBuffer image) {
    int stride = stride();
    int at = 0;
    for (int channel = 0; channel < windows.input().channels(); channel++) {
      for (int y = 0; y < windows.height(); y++) {
        for (int x = 0; x < windows.width(); x++) {
          gather(image, channel, y, x, at);
          at += stride;
        }
      }
    }
  }

  private void gather(FloatBuffer image, int channel, int y, int x, int offset) {
    int first = Math.max(left, Math.min(right, windows.firstColumn(x)));
    int end = Math.max(first, Math.min(right, windows.endColumn(x)));
    int at = offset;
    for (int row = top; row < bottom; row++) {
      int inputRow = windows.inputRow(row, y);
      if (first == end || !windows.hasInputRow(inputRow)) {
        zero(at, right - left);
      } else {
        zero(at, first - left);
        copy(
            image,
            pixel(channel, inputRow, windows.inputColumn(first, x)),
            at + (first - left) * examples,
            end - first);
        zero(at + (end - left) * examples, right - end);
      }
      at += (right - left) * examples;
    }
  }

  private void zero(int at, int pixels) {
    if (pixels > 0) {
      matrix.put(at, zeros, 0, pixels * examples);
    }
  }

  private void copy(FloatBuffer image, int from, int at, int pixels) {
    int stride = windows.stride();
    if (stride == 1) {
      matrix.put(at, image, from, pixels * examples);
      return;
    }
    for (int i = 0; i < pixels; i++) {
      matrix.put(at + i * examples, image, from + i * stride * examples, examples);
    }
  }

  /** Adds each number of the matrix to the pixel of {@code image} that it stands for. */
  void scatter(FloatPointer image) {
    int stride = stride();
    int from = 0;
    for (int channel = 0; channel < windows.input().channels(); channel++) {
      for (int y = 0; y < windows.height(); y++) {
        for (int x = 0; x < windows.width(); x++) {
          scatter(image, channel, y, x, from);
          from += stride;
        }
      }
    }
  }

  private void scatter(FloatPointer image, int channel, int y, int x, int offset) {
    int first = Math.max(left, windows.firstColumn(x));
    int end = Math.min(right, windows.endColumn(x));
    for (int row = top; row < bottom; row++) {
      int inputRow = windows.inputRow(row, y);
      if (first < end && windows.hasInputRow(inputRow)) {
        int line = offset + (row - top) * (right - left) * examples;
        add(
            line + (first - left) * examples,
            image,
            pixel(channel, inputRow, windows.inputColumn(first, x)),
            end - first);
      }
    }
  }

  private void add(int from, FloatPointer image, int at, int pixels) {
    int stride = windows.stride();
    int runs = stride == 1 ? 1 : pixels;
    int length = stride == 1 ? pixels * examples : examples;
    for (int i = 0; i < runs; i++) {
      cblas_saxpy(
          length,
          1,
          pointer.position(from + (long) i * examples),
          1,
          image.position(at + (long) i * stride * examples),
          1);
    }
  }

  private int pixel(int channel, int row, int column) {
    return channel * imageStride + (row * windows.input().width() + column) * examples;
  }
}
