package dev.lockstep.engine;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;

/**
 * The exponential function over arrays, in loops that the JIT vectorises: {@code exp(x) = 2^k
 * exp(r)} with {@code x = k ln 2 + r}, and for exp(r) the polynomial of Cephes' {@code expf} (S. L.
 * Moshier); right to about 1e-7 of its value. Conversions between int and float go through memory,
 * as the JIT vectorises no others.
 */
final class Exponential {
  /** Numbers at a time, which stay in the processor's nearest cache. */
  private static final int BLOCK = 2048;

  /** Added to a float below 2^22, it leaves the nearest whole number in the lowest bits. */
  private static final float ROUNDING = 0x1.8p23f;

  private static final float LARGEST = 88;
  private static final float LEAST = -87;
  private static final float LOG2_E = 1.44269504f;
  private static final float LN_2_HIGH = 0.693359375f;
  private static final float LN_2_LOW = -2.12194440e-4f;
  private static final int BITS_OF_ONE = Float.floatToRawIntBits(1);

  private final float[] rounded = new float[BLOCK];
  private final float[] power = new float[BLOCK];
  private final float[] block = new float[BLOCK];
  private final int[] bits = new int[BLOCK];
  private final FloatBuffer memory;
  private final IntBuffer memoryAsInts;

  Exponential() {
    ByteBuffer bytes =
        ByteBuffer.allocateDirect(BLOCK * Float.BYTES).order(ByteOrder.nativeOrder());
    this.memory = bytes.asFloatBuffer();
    this.memoryAsInts = bytes.asIntBuffer();
  }

  /** Replaces the first {@code length} values, taken from -87 to 88, by their exponentials. */
  void apply(float[] values, int length) {
    for (int from = 0; from < length; from += BLOCK) {
      int count = Math.min(BLOCK, length - from);
      System.arraycopy(values, from, block, 0, count);
      applyToBlock(count);
      System.arraycopy(block, 0, values, from, count);
    }
  }

  private void applyToBlock(int length) {
    round(block, rounded, length);
    memory.put(0, rounded, 0, length);
    memoryAsInts.get(0, bits, 0, length);
    for (int i = 0; i < length; i++) {
      bits[i] = (bits[i] << 23) + BITS_OF_ONE;
    }
    memoryAsInts.put(0, bits, 0, length);
    memory.get(0, power, 0, length);
    polynomial(block, rounded, length);
    for (int i = 0; i < length; i++) {
      block[i] *= power[i];
    }
  }

  private static void round(float[] values, float[] rounded, int length) {
    for (int i = 0; i < length; i++) {
      values[i] = Math.max(LEAST, Math.min(LARGEST, values[i]));
    }
    for (int i = 0; i < length; i++) {
      rounded[i] = values[i] * LOG2_E + ROUNDING;
    }
  }

  private static void polynomial(float[] values, float[] rounded, int length) {
    for (int i = 0; i < length; i++) {
      float k = rounded[i] - ROUNDING;
      values[i] = values[i] - k * LN_2_HIGH - k * LN_2_LOW;
    }
    for (int i = 0; i < length; i++) {
      float r = values[i];
      float p = 1.9875691500e-4f * r + 1.3981999507e-3f;
      p = p * r + 8.3334519073e-3f;
      p = p * r + 4.1665795894e-2f;
      p = p * r + 1.6666665459e-1f;
      p = p * r + 5.0000001201e-1f;
      values[i] = p * r * r + r + 1;
    }
  }
}
