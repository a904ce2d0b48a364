package dev.lockstep.engine;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;

/** Float vectors outside the heap, that Java, native kernels and sockets read without a copy. */
public final class FloatVector {
  /** Cache lines, and the widest vector registers, are this many bytes. */
  private static final int ALIGNMENT = 64;

  private FloatVector() {}

  /**
   * A direct buffer of {@code length} zeros, in native byte order, aligned to a cache line.
   *
   * @throws IllegalArgumentException if it would need more than 2 GiB
   */
  public static FloatBuffer allocate(int length) {
    return allocateBytes(length).asFloatBuffer();
  }

  /** The memory of {@link #allocate} as bytes, for sockets: position 0, limit at the last float. */
  public static ByteBuffer allocateBytes(int length) {
    long lines = ((long) length * Float.BYTES + ALIGNMENT - 1) / ALIGNMENT;
    long bytes = (lines + 1) * ALIGNMENT;
    if (bytes > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "a vector of " + length + " floats needs more than the 2 GiB that one buffer can have");
    }
    return ByteBuffer.allocateDirect((int) bytes)
        .alignedSlice(ALIGNMENT)
        .order(ByteOrder.nativeOrder())
        .limit(length * Float.BYTES)
        .slice()
        .order(ByteOrder.nativeOrder());
  }

  /** A direct buffer that holds a copy of {@code values}. */
  public static FloatBuffer of(float[] values) {
    return allocate(values.length).put(0, values);
  }

  /** A copy on the heap of all of {@code vector}. */
  public static float[] copy(FloatBuffer vector) {
    float[] values = new float[vector.capacity()];
    vector.get(0, values);
    return values;
  }
}
