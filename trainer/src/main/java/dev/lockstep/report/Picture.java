package dev.lockstep.report;

import dev.lockstep.data.Shape;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import javax.imageio.ImageIO;
import javax.imageio.stream.MemoryCacheImageOutputStream;

/**
 * A small picture. Immutable as long as nobody changes {@code png}, which is not copied.
 *
 * @param name what it shows, for those who do not see it
 * @param width in pixels, 1 to 4096
 * @param height in pixels, 1 to 4096
 * @param png the file
 */
public record Picture(String name, int width, int height, byte[] png) {
  private static final int MOST = 4096;
  private static final byte[] SIGNATURE = {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};

  /** Weights of 0, and the largest of either sign: white, blue and red of equal lightness. */
  private static final int[] ZERO = {247, 247, 245};

  private static final int[] POSITIVE = {26, 82, 152};
  private static final int[] NEGATIVE = {172, 42, 36};

  /**
   * @throws IllegalArgumentException if a side is out of its range or this is not a PNG file
   */
  public Picture {
    Values.require("name", name);
    Values.require("png", png);
    if (width < 1 || height < 1 || width > MOST || height > MOST) {
      throw new IllegalArgumentException(
          "a picture of %d x %d pixels, but sides are from 1 to %d".formatted(width, height, MOST));
    }
    if (png.length < SIGNATURE.length
        || !Arrays.equals(png, 0, SIGNATURE.length, SIGNATURE, 0, SIGNATURE.length)) {
      throw new IllegalArgumentException("png does not begin as a PNG file does");
    }
  }

  /** Whether a picture can be made of what has this shape; a plain vector is none. */
  public static boolean canShow(Shape shape) {
    return shape.height() > 1 && shape.height() <= MOST && shape.width() <= MOST;
  }

  /**
   * An example as it is: in colour if it has three channels, otherwise its first channel in grey.
   *
   * @param pixels channel, row, column; from 0 (black) to 1, or else the least becomes black and
   *     the most white
   */
  public static Picture ofExample(String name, Shape shape, float[] pixels) {
    int plane = shape.height() * shape.width();
    float least = 0;
    float most = 1;
    for (float pixel : pixels) {
      least = Math.min(least, pixel);
      most = Math.max(most, pixel);
    }
    int[] rgb = new int[plane];
    for (int i = 0; i < plane; i++) {
      int green = shape.channels() == 3 ? plane + i : i;
      int blue = shape.channels() == 3 ? 2 * plane + i : i;
      rgb[i] =
          level(pixels[i], least, most) << 16
              | level(pixels[green], least, most) << 8
              | level(pixels[blue], least, most);
    }
    return of(name, shape, rgb);
  }

  private static int level(float pixel, float least, float most) {
    return Math.round((pixel - least) / (most - least) * 255);
  }

  /**
   * Weights: blue above 0, red below, pale at 0. Those of several channels are added up.
   *
   * @param weights channel, row, column
   * @param strongest the amount that has the full colour, above 0
   */
  public static Picture ofWeights(String name, Shape shape, float[] weights, float strongest) {
    int plane = shape.height() * shape.width();
    int[] rgb = new int[plane];
    for (int i = 0; i < plane; i++) {
      float sum = 0;
      for (int channel = 0; channel < shape.channels(); channel++) {
        sum += weights[channel * plane + i];
      }
      rgb[i] = colour(sum / strongest);
    }
    return of(name, shape, rgb);
  }

  private static int colour(float weight) {
    int[] full = weight > 0 ? POSITIVE : NEGATIVE;
    float part = Math.min(1, Math.abs(weight));
    int rgb = 0;
    for (int i = 0; i < 3; i++) {
      rgb = rgb << 8 | Math.round(ZERO[i] + part * (full[i] - ZERO[i]));
    }
    return rgb;
  }

  private static Picture of(String name, Shape shape, int[] rgb) {
    BufferedImage image =
        new BufferedImage(shape.width(), shape.height(), BufferedImage.TYPE_INT_RGB);
    image.setRGB(0, 0, shape.width(), shape.height(), rgb, 0, shape.width());
    return new Picture(name, shape.width(), shape.height(), png(image));
  }

  /** The image as a PNG file. */
  static byte[] png(BufferedImage image) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    // Not the stream that ImageIO makes by itself, which needs a temporary file.
    try (MemoryCacheImageOutputStream out = new MemoryCacheImageOutputStream(bytes)) {
      ImageIO.write(image, "png", out);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Picture that
        && name.equals(that.name)
        && width == that.width
        && height == that.height
        && Arrays.equals(png, that.png);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(png);
  }

  @Override
  public String toString() {
    return "%s (%d x %d)".formatted(name, width, height);
  }
}
