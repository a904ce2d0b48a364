package dev.lockstep.data;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/**
 * Images in memory, without labels. Pixels stay bytes until a batch is filled ({@link #copy}),
 * where byte p becomes the number p / 255. Immutable: the arrays given to the constructor must not
 * be changed after. Safe for use by many threads.
 */
public final class Images implements Features {
  /** p / 255 for each byte p: a table is faster than a division and exact. */
  private static final float[] SCALED = new float[256];

  static {
    for (int p = 0; p < SCALED.length; p++) {
      SCALED[p] = p / 255f;
    }
  }

  private final Shape shape;
  private final byte[][] pixels;

  /**
   * Images of {@code shape}, one row of {@code pixels} each.
   *
   * @param pixels per image its unsigned bytes: channel, row, column
   * @throws IllegalArgumentException if an image has another size than {@code shape}
   */
  public Images(Shape shape, byte[][] pixels) {
    for (int i = 0; i < pixels.length; i++) {
      if (pixels[i].length != shape.size()) {
        throw new IllegalArgumentException(
            "image %d has %d pixels but a shape of %s has %d"
                .formatted(i, pixels[i].length, shape, shape.size()));
      }
    }
    this.shape = shape;
    this.pixels = pixels;
  }

  @Override
  public int size() {
    return pixels.length;
  }

  @Override
  public Shape shape() {
    return shape;
  }

  /** Writes numbers from 0 to 1. */
  @Override
  public void copy(int image, float[] target, int offset) {
    byte[] bytes = pixels[image];
    for (int i = 0; i < bytes.length; i++) {
      target[offset + i] = SCALED[bytes[i] & 0xFF];
    }
  }

  @Override
  public Images select(int[] images) {
    byte[][] chosen = new byte[images.length][];
    for (int i = 0; i < images.length; i++) {
      chosen[i] = pixels[images[i]];
    }
    return new Images(shape, chosen);
  }

  @Override
  public byte[] digest(int image) {
    return digest(pixels[image]);
  }

  @Override
  public Images followedBy(List<Features> parts) {
    return new Images(
        shape,
        Stream.concat(Stream.of(this), parts.stream().map(Images.class::cast))
            .flatMap(part -> Arrays.stream(part.pixels))
            .toArray(byte[][]::new));
  }

  /**
   * What one image adds to the digest of all.
   *
   * @param image its unsigned bytes: channel, row, column
   */
  static byte[] digest(byte[] image) {
    return Outline.sha256().digest(image);
  }
}
