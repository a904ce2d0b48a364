package dev.lockstep.data;

/**
 * The shape of one example: an image of {@code height} rows and {@code width} columns with {@code
 * channels} planes. In memory the order is channel, row, column (DL4J's). A plain vector of n
 * numbers is an image of one row, n columns and one channel.
 *
 * @throws IllegalArgumentException if a dimension is not positive or the product overflows an int
 */
public record Shape(int height, int width, int channels) {
  public Shape {
    if (height <= 0 || width <= 0 || channels <= 0) {
      throw new IllegalArgumentException(
          "shape is %d x %d x %d but every dimension must be > 0"
              .formatted(height, width, channels));
    }
    if ((long) height * width > Integer.MAX_VALUE / channels) {
      throw new IllegalArgumentException(
          "shape %d x %d x %d has more than %d numbers"
              .formatted(height, width, channels, Integer.MAX_VALUE));
    }
  }

  /** The shape of a plain vector of {@code length} numbers. */
  public static Shape vector(int length) {
    return new Shape(1, length, 1);
  }

  /** Whether it is that of a plain vector. */
  public boolean isVector() {
    return height == 1 && channels == 1;
  }

  /** How many numbers one example has. */
  public int size() {
    return height * width * channels;
  }

  @Override
  public String toString() {
    return channels == 1
        ? "%d x %d".formatted(height, width)
        : "%d x %d x %d".formatted(height, width, channels);
  }
}
