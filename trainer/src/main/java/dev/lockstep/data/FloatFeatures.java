package dev.lockstep.data;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/**
 * Vectors of floats, taken as they are: nothing scales them. Immutable: the arrays given to the
 * constructor must not be changed after. Safe for use by many threads.
 */
public final class FloatFeatures implements Features {
  private final Shape shape;
  private final float[][] rows;

  private FloatFeatures(float[][] rows, Shape shape) {
    this.shape = shape;
    this.rows = rows;
  }

  /**
   * Vectors of {@code shape}, one of {@code rows} each.
   *
   * @param rows per example its numbers: channel, row, column
   * @throws IllegalArgumentException if a row has another length than {@code shape}, or a number in
   *     it is not finite
   */
  public FloatFeatures(Shape shape, float[][] rows) {
    this(rows, shape);
    for (int i = 0; i < rows.length; i++) {
      if (rows[i].length != shape.size()) {
        throw new IllegalArgumentException(
            "example %d has %d numbers but a shape of %s has %d"
                .formatted(i, rows[i].length, shape, shape.size()));
      }
      for (int p = 0; p < rows[i].length; p++) {
        if (!Float.isFinite(rows[i][p])) {
          throw new IllegalArgumentException(
              "number %d of example %d is %s but must be finite".formatted(p, i, rows[i][p]));
        }
      }
    }
  }

  @Override
  public int size() {
    return rows.length;
  }

  @Override
  public Shape shape() {
    return shape;
  }

  @Override
  public void copy(int example, float[] target, int offset) {
    System.arraycopy(rows[example], 0, target, offset, rows[example].length);
  }

  @Override
  public FloatFeatures select(int[] examples) {
    float[][] chosen = new float[examples.length][];
    for (int i = 0; i < examples.length; i++) {
      chosen[i] = rows[examples[i]];
    }
    return new FloatFeatures(chosen, shape);
  }

  @Override
  public byte[] digest(int example) {
    return digest(rows[example]);
  }

  @Override
  public FloatFeatures followedBy(List<Features> parts) {
    return new FloatFeatures(
        Stream.concat(Stream.of(this), parts.stream().map(FloatFeatures.class::cast))
            .flatMap(part -> Arrays.stream(part.rows))
            .toArray(float[][]::new),
        shape);
  }

  /**
   * What one vector adds to the digest of all, and what its {@link Outline} keeps of it.
   *
   * @param row its numbers: channel, row, column
   */
  public static byte[] digest(float[] row) {
    MessageDigest digest = Outline.sha256();
    digest.update("float32".getBytes(StandardCharsets.US_ASCII));
    ByteBuffer bytes = ByteBuffer.allocate(row.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(row);
    return digest.digest(bytes.array());
  }
}
