package dev.lockstep.benchmarks.kernel;

import dev.lockstep.nativelib.NativeLibraries;
import java.util.concurrent.TimeUnit;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.ops.transforms.Transforms;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What ND4J has in place of the engine's loops, on as many numbers as {@code LoopBenchmark} and in
 * the same unit, nanoseconds a number.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@OperationsPerInvocation(Nd4jLoopBenchmark.BLOCK)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class Nd4jLoopBenchmark {
  static final int BLOCK = 4096;
  private static final int EXAMPLES = 64;

  private INDArray values;
  private INDArray term;
  private DynamicCustomOp softmax;

  /** Fills the arrays. */
  @Setup
  public void open() {
    NativeLibraries.load();
    values = Nd4j.rand(DataType.FLOAT, EXAMPLES, BLOCK / EXAMPLES).subi(0.5);
    term = values.dup();
    softmax =
        DynamicCustomOp.builder("softmax")
            .addInputs(values)
            .addOutputs(values)
            .addIntegerArguments(1)
            .build();
  }

  /** Rectifier. */
  @Benchmark
  public INDArray relu() {
    return Transforms.relu(values, false);
  }

  /** Leaky rectifier. */
  @Benchmark
  public INDArray leakyRelu() {
    return Transforms.leakyRelu(values, 0.2, false);
  }

  /** Exponential linear unit. */
  @Benchmark
  public INDArray elu() {
    return Transforms.elu(values, false);
  }

  /** Hyperbolic tangent. */
  @Benchmark
  public INDArray tanh() {
    return Transforms.tanh(values, false);
  }

  /** Sigmoid. */
  @Benchmark
  public INDArray sigmoid() {
    return Transforms.sigmoid(values, false);
  }

  /** Softmax over 64 features, which lie side by side. */
  @Benchmark
  public INDArray[] softmax() {
    return Nd4j.getExecutioner().exec(softmax);
  }

  /** A sum, as of two gradients. */
  @Benchmark
  public INDArray add() {
    return values.addi(term);
  }
}
