package dev.lockstep.data;

import dev.lockstep.random.CounterRandom;
import dev.lockstep.yaml.Section;

/**
 * More data from the same data: each time a training image is used it is rotated, zoomed and
 * shifted a little, by amounts drawn uniformly from the given ranges. What is drawn is a function
 * of (seed, step, the example's place in the batch), so that it is the same for every number of
 * workers.
 *
 * <p>Pixels are interpolated bilinearly; what comes from outside the image is 0. Immutable and safe
 * for use by many threads.
 *
 * @param rotation up to so many degrees either way, 0 to 180
 * @param shift up to so many pixels either way, across and down, at least 0
 * @param zoom between {@code 1 - zoom} and {@code 1 + zoom} times as large, 0 to less than 1
 */
public record Augmentation(double rotation, double shift, double zoom) {
  /** Leaves images as they are. */
  public static final Augmentation NONE = new Augmentation(0, 0, 0);

  private static final long PURPOSE = 0x617567L;

  public Augmentation {
    if (!(rotation >= 0 && rotation <= 180 && shift >= 0 && shift < 1e6 && zoom >= 0 && zoom < 1)) {
      throw new IllegalArgumentException(
          "rotation %s, shift %s, zoom %s, but must be 0 to 180, at least 0, and 0 to less than 1"
              .formatted(rotation, shift, zoom));
    }
  }

  /**
   * Reads {@code {rotation: <degrees>, shift: <pixels>, zoom: <fraction>}}; none is the default.
   */
  public static Augmentation read(Section section) {
    Augmentation augmentation =
        new Augmentation(
            section.number("rotation", 0, "degrees from 0 to 180", d -> d >= 0 && d <= 180),
            section.number("shift", 0, "pixels, at least 0", p -> p >= 0 && p < 1e6),
            section.number("zoom", 0, "a fraction from 0 to less than 1", z -> z >= 0 && z < 1));
    section.done();
    return augmentation;
  }

  /** Whether images are changed at all. */
  public boolean changesImages() {
    return rotation > 0 || shift > 0 || zoom > 0;
  }

  /**
   * The key of the random stream by which an image is changed.
   *
   * @param place the example's place in its batch
   */
  public static long key(long seed, long step, int place) {
    return CounterRandom.key(seed, PURPOSE, step, place);
  }

  /**
   * Writes to {@code target} what becomes of {@code image}.
   *
   * @param image channel, row, column; as long as {@code shape} says, and so is {@code target}
   * @param random the stream of the image's {@link #key}, from its beginning
   */
  public void apply(Shape shape, float[] image, CounterRandom random, float[] target) {
    double angle = Math.toRadians(rotation) * uniform(random);
    double right = shift * uniform(random);
    double down = shift * uniform(random);
    double size = 1 + zoom * uniform(random);
    // The inverse map: where in the image a pixel of the target comes from.
    float cos = (float) (Math.cos(angle) / size);
    float sin = (float) (Math.sin(angle) / size);
    float centreX = (shape.width() - 1) / 2f;
    float centreY = (shape.height() - 1) / 2f;
    int plane = shape.height() * shape.width();
    for (int channel = 0; channel < shape.channels(); channel++) {
      for (int row = 0; row < shape.height(); row++) {
        float y = row - centreY - (float) down;
        float x = -centreX - (float) right;
        float sourceX = cos * x + sin * y + centreX;
        float sourceY = cos * y - sin * x + centreY;
        int out = channel * plane + row * shape.width();
        for (int column = 0; column < shape.width(); column++) {
          target[out + column] =
              interpolated(
                  shape, image, channel * plane, sourceX + cos * column, sourceY - sin * column);
        }
      }
    }
  }

  private static float interpolated(Shape shape, float[] image, int plane, float x, float y) {
    int width = shape.width();
    int height = shape.height();
    if (!(x > -1 && x < width && y > -1 && y < height)) {
      return 0;
    }
    int left = (int) (x + 1) - 1;
    int top = (int) (y + 1) - 1;
    float toRight = x - left;
    float toBottom = y - top;
    int at = plane + top * width + left;
    boolean hasLeft = left >= 0;
    boolean hasRight = left + 1 < width;
    float upper = 0;
    float lower = 0;
    if (top >= 0) {
      upper = (hasLeft ? image[at] * (1 - toRight) : 0) + (hasRight ? image[at + 1] * toRight : 0);
    }
    if (top + 1 < height) {
      lower =
          (hasLeft ? image[at + width] * (1 - toRight) : 0)
              + (hasRight ? image[at + width + 1] * toRight : 0);
    }
    return upper * (1 - toBottom) + lower * toBottom;
  }

  private static double uniform(CounterRandom random) {
    return 2 * random.nextDouble() - 1;
  }
}
