package dev.lockstep.benchmarks.kernel;

import static org.bytedeco.openblas.global.openblas_nolapack.CblasNoTrans;
import static org.bytedeco.openblas.global.openblas_nolapack.CblasRowMajor;
import static org.bytedeco.openblas.global.openblas_nolapack.CblasTrans;
import static org.bytedeco.openblas.global.openblas_nolapack.cblas_sgemm;

import java.util.concurrent.TimeUnit;
import org.bytedeco.javacpp.FloatPointer;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * The two matrix products that a gradient of {@code mlp-512} cannot do without: the first layer's
 * sums, and the gradient of its kernel. {@link EngineBenchmark} divided by this is what all else
 * costs.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 5, time = 2)
@Measurement(iterations = 5, time = 2)
public class ProductBenchmark {
  private static final int INPUTS = 784;
  private static final int UNITS = 512;

  /** How many examples the micro-batch has. */
  @Param({"64", "128"})
  public int microBatch;

  private FloatPointer kernel;
  private FloatPointer kernelGradient;
  private FloatPointer features;
  private final FloatPointer sums = new FloatPointer((long) UNITS * 128);

  /** Loads OpenBLAS with the same kernels as the engine. */
  @Setup
  public void open() {
    ShippedProblem problem = ShippedProblem.of("mlp-512", microBatch);
    kernel = new FloatPointer(problem.parameters());
    kernelGradient = new FloatPointer(problem.gradient());
    features = new FloatPointer(problem.batch().features());
  }

  /** {@code Z = W X} and {@code dW = dZ X'}. */
  @Benchmark
  public void products() {
    int n = microBatch;
    cblas_sgemm(
        CblasRowMajor,
        CblasNoTrans,
        CblasTrans,
        UNITS,
        n,
        INPUTS,
        1,
        kernel,
        INPUTS,
        features,
        INPUTS,
        0,
        sums,
        n);
    cblas_sgemm(
        CblasRowMajor,
        CblasNoTrans,
        CblasNoTrans,
        UNITS,
        INPUTS,
        n,
        1,
        sums,
        n,
        features,
        INPUTS,
        0,
        kernelGradient,
        INPUTS);
  }
}
