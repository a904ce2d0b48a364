package dev.lockstep.benchmarks.contender;

import static org.bytedeco.openblas.global.openblas_nolapack.CblasNoTrans;
import static org.bytedeco.openblas.global.openblas_nolapack.CblasRowMajor;
import static org.bytedeco.openblas.global.openblas_nolapack.CblasTrans;
import static org.bytedeco.openblas.global.openblas_nolapack.cblas_sgemm;

import dev.lockstep.nativelib.NativeLibraries;
import org.bytedeco.javacpp.FloatPointer;

/**
 * No training but a bound: the two matrix products of the first layer, a dense one, that no step
 * can do without: its outputs, and the gradient of its weights.
 */
public record FirstLayerProducts() implements Contender {
  @Override
  public String name() {
    return "the two products of the first layer, 1 thread";
  }

  @Override
  public String note() {
    return "The two products are the first layer's outputs and its weights' gradient, by OpenBLAS in"
        + " the order of memory that `fused` has.";
  }

  @Override
  public Run train(Task task) {
    NativeLibraries.load();
    long batches = task.batches();
    int batch = task.plan().batchSize();
    int inputs = task.network().layers().get(0).input().size();
    int units = task.network().layers().get(0).output().size();
    try (FloatPointer weights = filled((long) units * inputs);
        FloatPointer features = filled((long) batch * inputs);
        FloatPointer outputs = filled((long) units * batch);
        FloatPointer gradient = filled((long) units * inputs)) {
      long started = System.nanoTime();
      for (long i = 0; i < batches; i++) {
        cblas_sgemm(
            CblasRowMajor,
            CblasNoTrans,
            CblasTrans,
            units,
            batch,
            inputs,
            1,
            weights,
            inputs,
            features,
            inputs,
            0,
            outputs,
            batch);
        cblas_sgemm(
            CblasRowMajor,
            CblasNoTrans,
            CblasNoTrans,
            units,
            inputs,
            batch,
            1,
            outputs,
            batch,
            features,
            inputs,
            0,
            gradient,
            inputs);
      }
      return Run.timed(task.examples(), (System.nanoTime() - started) * 1e-9);
    }
  }

  private static FloatPointer filled(long length) {
    FloatPointer values = new FloatPointer(length);
    for (long i = 0; i < length; i++) {
      values.put(i, 1f / (1 + i % 97));
    }
    return values;
  }
}
