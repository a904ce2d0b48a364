package dev.lockstep.data;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * Labelled images in memory. Immutable: the arrays given to the constructor must not be changed
 * after. Safe for use by many threads.
 */
public final class Examples {
  private final Images images;
  private final int classes;
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
    this(new Images(shape, pixels), classes, labels);
  }

  /**
   * Each of {@code images} with its label.
   *
   * @param classes how many classes there are, 1 to 256; labels are 0 to {@code classes - 1}
   * @param labels per image its class, an unsigned byte
   * @throws IllegalArgumentException if counts or labels do not agree
   */
  public Examples(Images images, int classes, byte[] labels) {
    if (classes < 1 || classes > 256) {
      throw new IllegalArgumentException("classes is " + classes + " but must be from 1 to 256");
    }
    if (images.size() != labels.length) {
      throw new IllegalArgumentException(
          "%d images but %d labels".formatted(images.size(), labels.length));
    }
    for (int i = 0; i < labels.length; i++) {
      if ((labels[i] & 0xFF) >= classes) {
        throw new IllegalArgumentException(
            "label of example %d is %d but must be from 0 to %d"
                .formatted(i, labels[i] & 0xFF, classes - 1));
      }
    }
    this.images = images;
    this.classes = classes;
    this.labels = labels;
  }

  /** How many examples there are. */
  public int size() {
    return labels.length;
  }

  /** The images without their labels. */
  public Images images() {
    return images;
  }

  /** The shape of each example. */
  public Shape shape() {
    return images.shape();
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
    images.copy(example, target, offset);
  }

  /** The chosen examples, in the given order; pixels are shared, not copied. */
  public Examples select(int[] examples) {
    byte[] chosen = new byte[examples.length];
    for (int i = 0; i < examples.length; i++) {
      chosen[i] = labels[examples[i]];
    }
    return new Examples(images.select(examples), classes, chosen);
  }

  /** SHA-256 over shape, class count, pixels and labels, as 64 hexadecimal digits. */
  public String fingerprint() {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      digest.update("lockstep examples 1".getBytes(StandardCharsets.US_ASCII));
      ByteBuffer header = ByteBuffer.allocate(20);
      header.putInt(shape().height()).putInt(shape().width()).putInt(shape().channels());
      digest.update(header.putInt(classes).putInt(size()).array());
      for (int i = 0; i < images.size(); i++) {
        digest.update(images.bytes(i));
      }
      return HexFormat.of().formatHex(digest.digest(labels));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
