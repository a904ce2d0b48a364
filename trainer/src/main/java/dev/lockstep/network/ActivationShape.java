package dev.lockstep.network;

/** What flows between layers, for one example. */
public sealed interface ActivationShape {
  /** How many numbers it has. */
  int size();

  /** A vector. */
  record Flat(int size) implements ActivationShape {
    public Flat {
      requirePositive(size);
    }

    @Override
    public String toString() {
      return Integer.toString(size);
    }
  }

  /** Planes of rows and columns; in memory channel, row, column. */
  record Image(int height, int width, int channels) implements ActivationShape {
    public Image {
      requirePositive(height, width, channels);
    }

    @Override
    public int size() {
      return height * width * channels;
    }

    @Override
    public String toString() {
      return height + " x " + width + " x " + channels;
    }
  }

  /** A vector of {@code features} at each of {@code steps}; in memory feature, step. */
  record Sequence(int steps, int features) implements ActivationShape {
    public Sequence {
      requirePositive(steps, features);
    }

    @Override
    public int size() {
      return steps * features;
    }

    @Override
    public String toString() {
      return steps + " steps of " + features;
    }
  }

  private static void requirePositive(int... dimensions) {
    double size = 1;
    for (int dimension : dimensions) {
      if (dimension <= 0) {
        throw new IllegalArgumentException("a dimension is " + dimension + " but must be > 0");
      }
      size *= dimension;
    }
    if (size > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "its output has %.0f numbers an example but at most %d are possible"
              .formatted(size, Integer.MAX_VALUE));
    }
  }
}
