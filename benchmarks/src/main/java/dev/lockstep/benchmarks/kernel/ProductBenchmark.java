package dev.lockstep.benchmarks.kernel;

import dev.lockstep.benchmarks.contender.DenseProducts;
import java.util.concurrent.TimeUnit;
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
import org.openjdk.jmh.annotations.TearDown;
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

  private DenseProducts products;

  /** Loads OpenBLAS with the same kernels as the engine. */
  @Setup
  public void open() {
    products = new DenseProducts(INPUTS, UNITS, microBatch);
  }

  /** {@code Z = W X} and {@code dW = dZ X'}. */
  @Benchmark
  public void products() {
    products.multiply();
  }

  /** Frees the matrices. */
  @TearDown
  public void close() {
    products.close();
  }
}
