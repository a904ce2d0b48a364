package dev.lockstep.data;

/** What is left of the Java heap: asked before much is taken, so as to fail with a sentence. */
public final class FreeHeap {
  private FreeHeap() {}

  /** Whether {@code bytes} more can be had, if need be after a garbage collection. */
  public static boolean has(long bytes) {
    if (free() < bytes) {
      System.gc();
    }
    return free() >= bytes;
  }

  /** The most that the heap may ever be, in MB. */
  public static long megabytes() {
    return Runtime.getRuntime().maxMemory() >> 20;
  }

  private static long free() {
    Runtime runtime = Runtime.getRuntime();
    return runtime.maxMemory() - runtime.totalMemory() + runtime.freeMemory();
  }
}
