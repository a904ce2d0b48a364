package dev.lockstep.engine;

import dev.lockstep.network.ActivationShape.Image;
import dev.lockstep.network.Padding;
import dev.lockstep.network.Window;

/**
 * Where the windows of a convolution or a pooling lie on their image. With padding {@code same} the
 * odd row or column of padding is at the bottom or right.
 */
record Windows(Window window, Image input, Image output, int top, int left) {
  static Windows of(Window window, Image input, Image output) {
    boolean same = window.padding() == Padding.SAME;
    return new Windows(
        window,
        input,
        output,
        same
            ? before(
                input.height(), output.height(), window.size().height(), window.strides().height())
            : 0,
        same
            ? before(input.width(), output.width(), window.size().width(), window.strides().width())
            : 0);
  }

  private static int before(int input, int output, int size, int stride) {
    return Math.max(0, (output - 1) * stride + size - input) / 2;
  }

  int height() {
    return window.size().height();
  }

  int width() {
    return window.size().width();
  }

  /** Columns from one window to the next. */
  int stride() {
    return window.strides().width();
  }

  /** How many pixels a window has. */
  int size() {
    return height() * width();
  }

  /** The image's row under row {@code y} of the windows in {@code row}; perhaps outside of it. */
  int inputRow(int row, int y) {
    return row * window.strides().height() + y - top;
  }

  /** Whether the image has {@code row}. */
  boolean hasInputRow(int row) {
    return row >= 0 && row < input.height();
  }

  /** The image's column under column {@code x} of the windows in {@code column}. */
  int inputColumn(int column, int x) {
    return column * stride() + x - left;
  }

  /** The first column of windows whose column {@code x} is on the image. */
  int firstColumn(int x) {
    return Math.max(0, -Math.floorDiv(x - left, stride()));
  }

  /** One more than the last column of windows whose column {@code x} is on the image. */
  int endColumn(int x) {
    int last = Math.floorDiv(input.width() - 1 + left - x, stride());
    return Math.max(0, Math.min(output.width(), last + 1));
  }

  /** Whether all windows are on the image as a whole. */
  boolean inside() {
    return top == 0
        && left == 0
        && (output.height() - 1) * window.strides().height() + height() <= input.height()
        && (output.width() - 1) * stride() + width() <= input.width();
  }

  /** Whether each pixel of the image is in exactly one window. */
  boolean tile() {
    return window.size().equals(window.strides())
        && output.height() * height() == input.height()
        && output.width() * width() == input.width();
  }
}
