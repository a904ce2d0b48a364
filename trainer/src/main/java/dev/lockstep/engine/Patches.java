package dev.lockstep.engine;

import static org.bytedeco.openblas.global.openblas_nolapack.cblas_saxpy;

import java.nio.FloatBuffer;
import org.bytedeco.javacpp.FloatPointer;

/**
 * The windows of a convolution as the columns of a matrix (im2col), a chunk of output pixels at a
 * time so that it stays in the processor's second cache. Row {@code (channel * height + y) * width
 * + x} holds, for each output pixel of the chunk and each example, the number under pixel (y, x) of
 * the window. Where windows move by one column, all pixels of an output row are neighbours in the
 * image too, and are copied as one run.
 */
final class Patches {
  /** Numbers in a chunk: 768 KiB. */
  private static final int CHUNK = 192 * 1024;

  private final Windows windows;
  private final int rows;
  private final FloatBuffer matrix;
  private final FloatPointer pointer;
  private final FloatBuffer zeros;

  private int examples;
  private int chunkHeight;
  private int chunkWidth;

  /** Room for chunks of {@code capacity} examples at most. */
  Patches(Windows windows, int capacity) {
    this.windows = windows;
    this.rows = windows.size() * windows.input().channels();
    this.matrix = FloatVector.allocate(Math.max(CHUNK, Math.multiplyExact(rows, capacity)));
    this.pointer = new FloatPointer(matrix);
    this.zeros = FloatVector.allocate(Math.multiplyExact(windows.output().width(), capacity));
  }

  /** Cuts the output pixels into chunks for {@code count} examples. */
  void open(int count) {
    examples = count;
    int fit = Math.max(1, CHUNK / (rows * count));
    int width = windows.output().width();
    int parts = (width + fit - 1) / fit;
    chunkWidth = (width + parts - 1) / parts;
    chunkHeight = parts > 1 ? 1 : Math.min(windows.output().height(), fit / width);
  }

  /** How many rows of the output a chunk has; at the bottom perhaps fewer. */
  int chunkHeight() {
    return chunkHeight;
  }

  /** How many columns of the output a chunk has; at the right perhaps fewer. */
  int chunkWidth() {
    return chunkWidth;
  }

  /** How many rows the matrix has. */
  int rows() {
    return rows;
  }

  /** The matrix, for native code. */
  FloatPointer pointer() {
    return pointer;
  }

  /** Fills the matrix for the output pixels of {@code chunk}. */
  void gather(FloatBuffer image, Chunk chunk) {
    int row = 0;
    for (int channel = 0; channel < windows.input().channels(); channel++) {
      for (int y = 0; y < windows.height(); y++) {
        for (int x = 0; x < windows.width(); x++) {
          gather(image, chunk, channel, y, x, row++ * chunk.pixels() * examples);
        }
      }
    }
  }

  private void gather(FloatBuffer image, Chunk chunk, int channel, int y, int x, int offset) {
    int first = Math.max(chunk.left(), Math.min(chunk.right(), windows.firstColumn(x)));
    int end = Math.max(first, Math.min(chunk.right(), windows.endColumn(x)));
    int at = offset;
    for (int row = chunk.top(); row < chunk.bottom(); row++) {
      int inputRow = windows.inputRow(row, y);
      if (first == end || !windows.hasInputRow(inputRow)) {
        zero(at, chunk.right() - chunk.left());
      } else {
        zero(at, first - chunk.left());
        copy(
            image,
            pixel(channel, inputRow, windows.inputColumn(first, x)),
            at + (first - chunk.left()) * examples,
            end - first);
        zero(at + (end - chunk.left()) * examples, chunk.right() - end);
      }
      at += (chunk.right() - chunk.left()) * examples;
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
  void scatter(Chunk chunk, FloatPointer image) {
    int row = 0;
    for (int channel = 0; channel < windows.input().channels(); channel++) {
      for (int y = 0; y < windows.height(); y++) {
        for (int x = 0; x < windows.width(); x++) {
          scatter(chunk, image, channel, y, x, row++ * chunk.pixels() * examples);
        }
      }
    }
  }

  private void scatter(Chunk chunk, FloatPointer image, int channel, int y, int x, int offset) {
    int first = Math.max(chunk.left(), windows.firstColumn(x));
    int end = Math.min(chunk.right(), windows.endColumn(x));
    for (int row = chunk.top(); row < chunk.bottom(); row++) {
      int inputRow = windows.inputRow(row, y);
      if (first < end && windows.hasInputRow(inputRow)) {
        int line = offset + (row - chunk.top()) * (chunk.right() - chunk.left()) * examples;
        add(
            line + (first - chunk.left()) * examples,
            image,
            pixel(channel, inputRow, windows.inputColumn(first, x)),
            end - first);
      }
    }
  }

  private void add(int from, FloatPointer image, int at, int pixels) {
    int stride = windows.stride();
    if (stride == 1) {
      cblas_saxpy(pixels * examples, 1, pointer.position(from), 1, image.position(at), 1);
    } else {
      for (int i = 0; i < pixels; i++) {
        cblas_saxpy(
            examples,
            1,
            pointer.position(from + (long) i * examples),
            1,
            image.position(at + (long) i * stride * examples),
            1);
      }
    }
    pointer.position(0);
  }

  private int pixel(int channel, int row, int column) {
    return ((channel * windows.input().height() + row) * windows.input().width() + column)
        * examples;
  }
}
