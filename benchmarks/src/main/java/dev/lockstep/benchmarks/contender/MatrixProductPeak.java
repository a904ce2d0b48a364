package dev.lockstep.benchmarks.contender;

import static org.bytedeco.openblas.global.openblas_nolapack.CblasNoTrans;
import static org.bytedeco.openblas.global.openblas_nolapack.CblasRowMajor;
import static org.bytedeco.openblas.global.openblas_nolapack.cblas_sgemm;

import org.bytedeco.javacpp.FloatPointer;

/**
 * No training but a bound: how long a task's operations ({@link FloatingPoint}) would take at the
 * rate at which OpenBLAS multiplies large square matrices, on so many threads at once, each with
 * matrices of its own.
 */
public record MatrixProductPeak(int threads) implements Contender {
  private static final int SIDE = 1000;
  private static final int PRODUCTS = 20;

  @Override
  public String name() {
    return "peak, %s".formatted(threads == 1 ? "1 thread" : threads + " threads");
  }

  @Override
  public String note() {
    return ("The peak is OpenBLAS' rate on products of %1$d x %1$d x %1$d, one after the other on each"
            + " thread.")
        .formatted(SIDE);
  }

  @Override
  public Run train(Task task) throws InterruptedException {
    double seconds = Together.seconds(threads, thread -> new Products());
    double rate = 2.0 * SIDE * SIDE * SIDE * PRODUCTS * threads / seconds;
    double operations = task.examples() * FloatingPoint.operationsPerExample(task.network());
    return Run.timed(task.examples(), operations / rate);
  }

  /** Of one thread. */
  private static final class Products implements Together.Computation {
    private final FloatPointer a = matrix();
    private final FloatPointer b = matrix();
    private final FloatPointer c = matrix();

    private static FloatPointer matrix() {
      FloatPointer matrix = new FloatPointer((long) SIDE * SIDE);
      for (long i = 0; i < (long) SIDE * SIDE; i++) {
        matrix.put(i, 1f / (1 + i % 97));
      }
      return matrix;
    }

    @Override
    public void run() {
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
    }

    @Override
    public void close() {
      a.close();
      b.close();
      c.close();
    }
  }
}
