package dev.lockstep.spark.transport;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;

/**
 * The upper half of a float's bits: its sign and its 8 bits of exponent, and 7 of its 23 bits of
 * fraction. Half the bytes, and the range of float.
 */
final class Bfloat16 {
  /** Bytes of one number. */
  static final int BYTES = 2;

  /** What is lost, less one: adding it rounds up all that is more than half. */
  private static final int BELOW_HALF = 0x7FFF;

  /** The highest bit of a fraction: a NaN that has it is a quiet one. */
  private static final int QUIET = 0x40;

  private Bfloat16() {}

  /**
   * The nearest to {@code value}, of two equally near ones the even; infinity where float's range
   * ends. A NaN stays one, with its sign and the upper bits of its payload.
   */
  static short encode(float value) {
    int bits = Float.floatToRawIntBits(value);
    if (Float.isNaN(value)) {
      return (short) (bits >>> 16 | QUIET);
    }
    return (short) ((bits + BELOW_HALF + (bits >>> 16 & 1)) >>> 16);
  }

  /** The float that {@code bits} are, exactly. */
  static float decode(short bits) {
    return Float.intBitsToFloat(bits << 16);
  }

  /** Fills {@code target} with all of {@code vector}, little-endian. */
  static void encode(FloatBuffer vector, ByteBuffer target) {
    ByteBuffer bytes = target.duplicate().order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < vector.capacity(); i++) {
      bytes.putShort(BYTES * i, encode(vector.get(i)));
    }
  }

  /** Reads {@code count} numbers from little-endian {@code bytes} into {@code vector}. */
  static void decode(ByteBuffer bytes, FloatBuffer vector, int from, int count) {
    for (int i = from; i < from + count; i++) {
      vector.put(i, decode(bytes.getShort()));
    }
  }
}
