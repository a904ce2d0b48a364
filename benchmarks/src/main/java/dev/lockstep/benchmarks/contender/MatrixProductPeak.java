package dev.lockstep.benchmarks.contender;

import static org.bytedeco.openblas.global.openblas_nolapack.CblasNoTrans;
import static org.bytedeco.openblas.global.openblas_nolapack.CblasRowMajor;
import static org.bytedeco.openblas.global.openblas_nolapack.cblas_sgemm;

import dev.lockstep.nativelib.NativeLibraries;
import org.bytedeco.javacpp.FloatPointer;

/**
 * No training but a bound: how long a task's operations ({@link FloatingPoint}) would take at the
 * rate at which OpenBLAS multiplies large square matrices on one thread.
 */
public record MatrixProductPeak() implements Contender {
  private static final int SIDE = 1000;
  private static final int PRODUCTS = 20;

  @Override
  public String name() {
    return "peak, 1 thread";
  }

  @Override
  public String note() {
    return "The peak is OpenBLAS' rate on products of %1$d x %1$d x %1$d on one thread."
        .formatted(SIDE);
  }

  @Override
  public Run train(Task task) {
    NativeLibraries.load();
    try (FloatPointer a = matrix();
        FloatPointer b = matrix();
        FloatPointer c = matrix()) {
      long started = System.nanoTime();
      for (int i = 0; i < PRODUCTS; i++) {
        cblas_sgemm(
            CblasRowMajor,
            CblasNoTrans,
            CblasNoTrans,
            SIDE,
            SIDE,
            SIDE,
            1,
            a,
            SIDE,
            b,
            SIDE,
            0,
            c,
            SIDE);
      }
      double seconds = (System.nanoTime() - started) * 1e-9;
      double rate = 2.0 * SIDE * SIDE * SIDE * PRODUCTS / seconds;
      double operations = task.examples() * FloatingPoint.operationsPerExample(task.network());
      return Run.timed(task.examples(), operations / rate);
    }
  }

  private static FloatPointer matrix() {
    FloatPointer matrix = new FloatPointer((long) SIDE * SIDE);
    for (long i = 0; i < (long) SIDE * SIDE; i++) {
      matrix.put(i, 1f / (1 + i % 97));
    }
    return matrix;
  }
}
