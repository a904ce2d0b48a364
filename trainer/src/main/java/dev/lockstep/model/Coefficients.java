package dev.lockstep.model;

import dev.lockstep.yaml.ConfigurationException;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * A row vector of floats as {@code Nd4j.write} of ND4J 1.0.0-M2 lays it out, byte for byte. All
 * numbers are big-endian, all texts are two bytes of length and ASCII:
 *
 * <pre>
 *   "MIXED_DATA_TYPES"  long 8  "LONG"        the shape's header, then eight longs:
 *     rank 2, sizes 1 and n, strides 1 and 1, flags (8192 is float), element stride 1, order 'c'
 *   "MIXED_DATA_TYPES"  long n  "FLOAT"       the values' header, then n floats
 * </pre>
 *
 * A vector of rank 1 has six longs: rank 1, size, stride, flags, element stride, order.
 */
final class Coefficients {
  /** The most parameters an archive may have: 1 GiB of floats. */
  static final int MOST = 1 << 28;

  private static final String ALLOCATION = "MIXED_DATA_TYPES";
  private static final long FLOAT_FLAG = 8192;

  /** Every flag of a value type or of a compressed, sparse or empty array. */
  private static final long TYPE_FLAGS =
      2 | 4 | 8 | 2048 | 4096 | 8192 | 16384 | 32768 | 65536 | 131072 | 262144 | 524288 | 1048576;

  private static final int LONGEST_NAME = 32;
  private static final int CHUNK = 1 << 16;

  private Coefficients() {}

  /** Writes {@code values}, at least one, in bulk. */
  static void write(float[] values, OutputStream out) throws IOException {
    DataOutputStream data = new DataOutputStream(out);
    long[] shape = {2, 1, values.length, 1, 1, FLOAT_FLAG, 1, 'c'};
    writeHeader(data, shape.length, "LONG");
    for (long number : shape) {
      data.writeLong(number);
    }
    writeHeader(data, values.length, "FLOAT");
    ByteBuffer chunk = ByteBuffer.allocate(Math.min(values.length, CHUNK) * Float.BYTES);
    for (int from = 0; from < values.length; from += CHUNK) {
      int count = Math.min(CHUNK, values.length - from);
      chunk.asFloatBuffer().put(values, from, count);
      data.write(chunk.array(), 0, count * Float.BYTES);
    }
  }

  private static void writeHeader(DataOutputStream data, long length, String type)
      throws IOException {
    data.writeUTF(ALLOCATION);
    data.writeLong(length);
    data.writeUTF(type);
  }

  /**
   * Reads one row vector of floats up to the end of {@code in}. Memory grows with what arrives, not
   * with what the header promises.
   *
   * @param where what errors call the bytes: the file's and the entry's name
   * @throws ConfigurationException if the bytes are anything else
   * @throws java.io.EOFException if they end early
   */
  static float[] read(String where, InputStream in) throws IOException {
    DataInputStream data = new DataInputStream(in);
    long size = readShape(where, data);
    long length = readHeader(where, "the values'", data, "FLOAT");
    if (length != size) {
      throw new ConfigurationException(
          "%s: the header announces %d values but the shape has %d".formatted(where, length, size));
    }
    float[] values = readValues(data, (int) length);
    if (in.read() >= 0) {
      throw new ConfigurationException(
          "%s: bytes follow after the last of %d values".formatted(where, length));
    }
    return values;
  }

  private static long readShape(String where, DataInputStream data) throws IOException {
    long length = readHeader(where, "the shape's", data, "LONG");
    if (length != 6 && length != 8) {
      throw new ConfigurationException(
          "%s: the shape has %d numbers but must have 8 (a row vector) or 6 (a vector)"
              .formatted(where, length));
    }
    long[] shape = new long[(int) length];
    for (int i = 0; i < shape.length; i++) {
      shape[i] = data.readLong();
    }
    return size(where, shape);
  }

  private static long size(String where, long[] shape) {
    int rank = (shape.length - 4) / 2;
    long size = Arrays.stream(shape, 1, rank + 1).max().orElseThrow();
    boolean vector =
        shape[0] == rank && (rank == 1 || shape[1] == 1 || shape[2] == 1) && shape[1] >= 1;
    if (!vector || shape[rank] < 1) {
      throw new ConfigurationException(
          "%s: the shape %s is not one of a vector with at least one value"
              .formatted(where, Arrays.toString(shape)));
    }
    if (size > MOST) {
      throw new ConfigurationException(
          "%s: the shape has %d values but at most %d can be read".formatted(where, size, MOST));
    }
    if ((shape[2 * rank + 1] & TYPE_FLAGS) != FLOAT_FLAG || shape[2 * rank + 2] != 1) {
      throw new ConfigurationException(
          "%s: the shape %s is not one of plain, contiguous 32-bit floats; save the model with the data type FLOAT"
              .formatted(where, Arrays.toString(shape)));
    }
    return size;
  }

  private static long readHeader(String where, String whose, DataInputStream data, String type)
      throws IOException {
    String allocation = readName(where, whose, data);
    if (!allocation.equals(ALLOCATION)) {
      throw new ConfigurationException(
          "%s: %s header says '%s' but must say '%s', as DL4J 1.0.0-M2 writes it"
              .formatted(where, whose, allocation, ALLOCATION));
    }
    long length = data.readLong();
    String found = readName(where, whose, data);
    if (!found.equals(type)) {
      throw new ConfigurationException(
          "%s: %s type is %s but must be %s".formatted(where, whose, found, type));
    }
    return length;
  }

  private static String readName(String where, String whose, DataInputStream data)
      throws IOException {
    int length = data.readUnsignedShort();
    if (length > LONGEST_NAME) {
      throw new ConfigurationException(
          "%s: %s header has a name of %d bytes but none is longer than %d; this is not an array of ND4J"
              .formatted(where, whose, length, LONGEST_NAME));
    }
    byte[] name = new byte[length];
    data.readFully(name);
    return new String(name, StandardCharsets.US_ASCII).replaceAll("[^ -~]", "?");
  }

  private static float[] readValues(DataInputStream data, int length) throws IOException {
    float[] values = new float[Math.min(length, CHUNK)];
    ByteBuffer chunk = ByteBuffer.allocate(values.length * Float.BYTES);
    for (int from = 0; from < length; from += CHUNK) {
      int count = Math.min(CHUNK, length - from);
      data.readFully(chunk.array(), 0, count * Float.BYTES);
      if (from + count > values.length) {
        values = Arrays.copyOf(values, (int) Math.min(length, 2L * values.length));
      }
      chunk.asFloatBuffer().get(values, from, count);
    }
    return values;
  }
}
