package dev.lockstep.data;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * Labelled images in memory. Pixels stay bytes until a batch is filled ({@link #copy}), where byte
 * p becomes the number p / 255. Immutable: the arrays given to the constructor must not be changed
 * after. Safe for use by many threads.
 */
public final class Examples {
  /** p / 255 for each byte p: a table is faster than a division and exact. */
  private static final float[] SCALED = new float[256];

  static {
    for (int p = 0; p < SCALED.length; p++) {
      SCALED[p] = p / 255f;
    }
  }

  private final Shape shape;
  private final int classes;
  private final byte[][] pixels;
  private final byte[] labels;

  /**
   * Examples of {@code shape}, one row of {@code pixels} and one of {@code labels} each.
   *
   * @param classes how many classes there are, 1 to 256; labels are 0 to {@code classes - 1}
   * @param pixels per example its unsigned bytes: channel, row, column
   * @param labels per example its class, an unsigned byte
   * @throws IllegalArgumentException if counts, sizes or labels do not agree
   */
  public Examples(Shape shape, int classes, byte[][] pixels, byte[] labels) {
    if (classes < 1 || classes > 256) {
      throw new IllegalArgumentException("classes is " + classes + " but must be from 1 to 256");
    }
    if (pixels.length != labels.length) {
      throw new IllegalArgumentException(
          "%d images but %d labels".formatted(pixels.length, labels.length));
    }
    for (int i = 0; i < labels.length; i++) {
      if ((labels[i] & 0xFF) >= classes) {
        throw new IllegalArgumentException(
            "label of example %d is %d but must be from 0 to %d"
                .formatted(i, labels[i] & 0xFF, classes - 1));
      }
      if (pixels[i].length != shape.size()) {
        throw new IllegalArgumentException(
            "example %d has %d pixels but a shape of %s has %d"
                .formatted(i, pixels[i].length, shape, shape.size()));
      }
    }
    this.shape = shape;
    this.classes = classes;
    this.pixels = pixels;
    this.labels = labels;
  }

  /** How many examples there are. */
  public int size() {
    return labels.length;
  }

  /** The shape of each example. */
  public Shape shape() {
    return shape;
  }

  /** How many classes there are. */
  public int classes() {
    return classes;
  }

  /** The class of {@code example}, 0 to {@code classes() - 1}. */
  public int label(int example) {
    return labels[example] & 0xFF;
  }

  /** Writes {@code example}'s numbers, each from 0 to 1, to {@code target} from {@code offset}. */
  public void copy(int example, float[] target, int offset) {
    byte[] image = pixels[example];
    for (int i = 0; i < image.length; i++) {
      target[offset + i] = SCALED[image[i] & 0xFF];
    }
  }

  /** The chosen examples, in the given order; pixels are shared, not copied. */
  public Examples select(int[] examples) {
    byte[][] chosen = new byte[examples.length][];
    byte[] classesOfChosen = new byte[examples.length];
    for (int i = 0; i < examples.length; i++) {
      chosen[i] = pixels[examples[i]];
      classesOfChosen[i] = labels[examples[i]];
    }
    return new Examples(shape, classes, chosen, classesOfChosen);
  }

  /** SHA-256 over shape, class count, pixels and labels, as 64 hexadecimal digits. */
  public String fingerprint() {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      digest.update("lockstep examples 1".getBytes(StandardCharsets.US_ASCII));
      ByteBuffer header = ByteBuffer.allocate(20);
      header.putInt(shape.height()).putInt(shape.width()).putInt(shape.channels());
      digest.update(header.putInt(classes).putInt(size()).array());
      for (byte[] image : pixels) {
        digest.update(image);
      }
      return HexFormat.of().formatHex(digest.digest(labels));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
