package dev.lockstep.data;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/**
 * Inputs without their numbers: how many there are, their shape, and a digest of each. It is for
 * whoever plans a training that others compute, such as the driver of a cluster. Immutable: the
 * arrays given to the constructor must not be changed after. Safe for use by many threads.
 */
public final class Outline implements Features {
  /** Bytes of a digest. */
  static final int DIGEST = 32;

  private final Shape shape;
  private final byte[][] digests;

  /**
   * The outline of inputs of {@code shape}.
   *
   * @param digests per input what {@link Images#digest(byte[])} or {@link
   *     FloatFeatures#digest(float[])} gives
   */
  public Outline(Shape shape, byte[][] digests) {
    this.shape = shape;
    this.digests = digests;
  }

  static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  @Override
  public int size() {
    return digests.length;
  }

  @Override
  public Shape shape() {
    return shape;
  }

  /**
   * @throws IllegalStateException always
   */
  @Override
  public void copy(int example, float[] target, int offset) {
    throw new IllegalStateException(
        "this is an outline of %d inputs, without their numbers".formatted(size()));
  }

  @Override
  public Outline select(int[] examples) {
    byte[][] chosen = new byte[examples.length][];
    for (int i = 0; i < examples.length; i++) {
      chosen[i] = digests[examples[i]];
    }
    return new Outline(shape, chosen);
  }

  @Override
  public byte[] digest(int example) {
    return digests[example].clone();
  }

  @Override
  public Outline followedBy(List<Features> parts) {
    return new Outline(
        shape,
        Stream.concat(Stream.of(this), parts.stream().map(Outline.class::cast))
            .flatMap(part -> Arrays.stream(part.digests))
            .toArray(byte[][]::new));
  }
}
