package dev.lockstep.engine;

/** Some pixels of a convolution's output: whole rows, or a part of one. Reused. */
final class Chunk {
  private int top;
  private int bottom;
  private int left;
  private int right;

  /** Turns to rows {@code top} to {@code bottom - 1}, columns {@code left} to {@code right - 1}. */
  void turnTo(int top, int bottom, int left, int right) {
    this.top = top;
    this.bottom = bottom;
    this.left = left;
    this.right = right;
  }

  int top() {
    return top;
  }

  int bottom() {
    return bottom;
  }

  int left() {
    return left;
  }

  int right() {
    return right;
  }

  /** How many pixels it has. */
  int pixels() {
    return (bottom - top) * (right - left);
  }
}
