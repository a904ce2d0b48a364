package dev.lockstep.engine;

import java.nio.FloatBuffer;
import org.bytedeco.javacpp.FloatPointer;

/**
 * A convolution's kernels in another order: for each pixel of the window a matrix of filters x
 * channels, where DL4J has, for each filter and channel, the pixels of the window.
 */
final class KernelPlanes {
  /** Numbers of a plane at a time. */
  private static final int BLOCK = 256;

  private final int pixels;
  private final int plane;
  private final FloatBuffer planes;
  private final FloatPointer pointer;
  private final float[] byPixel;
  private final float[] byKernel;
  private final FloatBuffer zeros;

  /**
   * Room for the kernels.
   *
   * @param pixels of the window
   * @param plane filters times channels
   */
  KernelPlanes(int pixels, int plane) {
    this.pixels = pixels;
    this.plane = plane;
    this.planes = FloatVector.allocate(Math.multiplyExact(pixels, plane));
    this.pointer = new FloatPointer(planes);
    this.byPixel = new float[BLOCK];
    this.byKernel = new float[BLOCK * pixels];
    this.zeros = FloatVector.allocate(plane);
  }

  /** The plane of {@code pixel}, for native code. The same object at each call. */
  FloatPointer plane(int pixel) {
    return pointer.position((long) pixel * plane);
  }

  void clear() {
    for (int pixel = 0; pixel < pixels; pixel++) {
      planes.put(pixel * plane, zeros, 0, plane);
    }
  }

  /** Takes the kernels that begin at {@code offset} of {@code kernels}. */
  void read(FloatBuffer kernels, int offset) {
    for (int from = 0; from < plane; from += BLOCK) {
      int count = Math.min(BLOCK, plane - from);
      kernels.get(offset + from * pixels, byKernel, 0, count * pixels);
      for (int pixel = 0; pixel < pixels; pixel++) {
        for (int i = 0; i < count; i++) {
          byPixel[i] = byKernel[i * pixels + pixel];
        }
        planes.put(pixel * plane + from, byPixel, 0, count);
      }
    }
  }

  /** Writes the kernels in DL4J's order to {@code kernels} from {@code offset} on. */
  void write(FloatBuffer kernels, int offset) {
    for (int from = 0; from < plane; from += BLOCK) {
      int count = Math.min(BLOCK, plane - from);
      for (int pixel = 0; pixel < pixels; pixel++) {
        planes.get(pixel * plane + from, byPixel, 0, count);
        for (int i = 0; i < count; i++) {
          byKernel[i * pixels + pixel] = byPixel[i];
        }
      }
      kernels.put(offset + from * pixels, byKernel, 0, count * pixels);
    }
  }
}
