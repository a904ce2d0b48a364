package dev.lockstep.benchmarks.contender;

import static org.bytedeco.openblas.global.openblas_nolapack.CblasNoTrans;
import static org.bytedeco.openblas.global.openblas_nolapack.CblasRowMajor;
import static org.bytedeco.openblas.global.openblas_nolapack.CblasTrans;
import static org.bytedeco.openblas.global.openblas_nolapack.cblas_sgemm;

import dev.lockstep.nativelib.NativeLibraries;
import org.bytedeco.javacpp.FloatPointer;

/**
 * The two matrix products that no step can do without where the first layer is dense: its outputs,
 * {@code Z = W X}, and the gradient of its weights, {@code dW = dZ X'}, by OpenBLAS in the order of
 * memory that the fused engine has.
 */
public final class DenseProducts implements AutoCloseable {
  private final int inputs;
  private final int units;
  private final int examples;
  private final FloatPointer weights;
  private final FloatPointer features;
  private final FloatPointer outputs;
  private final FloatPointer gradient;

  /** With numbers of no meaning. */
  public DenseProducts(int inputs, int units, int examples) {
    NativeLibraries.load();
    this.inputs = inputs;
    this.units = units;
    this.examples = examples;
    this.weights = filled((long) units * inputs);
    this.features = filled((long) examples * inputs);
    this.outputs = filled((long) units * examples);
    this.gradient = filled((long) units * inputs);
  }

  private static FloatPointer filled(long length) {
    FloatPointer values = new FloatPointer(length);
    for (long i = 0; i < length; i++) {
      values.put(i, 1f / (1 + i % 97));
    }
    return values;
  }

  /** Computes both. */
  public void multiply() {
    cblas_sgemm(
        CblasRowMajor,
        CblasNoTrans,
        CblasTrans,
        units,
        examples,
        inputs,
        1,
        weights,
        inputs,
        features,
        inputs,
        0,
        outputs,
        examples);
    cblas_sgemm(
        CblasRowMajor,
        CblasNoTrans,
        CblasNoTrans,
        units,
        inputs,
        examples,
        1,
        outputs,
        examples,
        features,
        inputs,
        0,
        gradient,
        inputs);
  }

  @Override
  public void close() {
    weights.close();
    features.close();
    outputs.close();
    gradient.close();
  }
}
