package dev.lockstep.engine;

import dev.lockstep.data.Examples;
import dev.lockstep.data.Shape;
import dev.lockstep.network.Activation;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * The fused engine's loops over a block of numbers, in nanoseconds a number. That they are
 * vectorised shows beside {@link #oneByOne}, which cannot be, and beside a run with {@code
 * -XX:-UseSuperWord}.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@OperationsPerInvocation(LoopBenchmark.BLOCK)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class LoopBenchmark {
  static final int BLOCK = 4096;
  private static final int EXAMPLES = 64;

  private final ActivationFunctions functions = new ActivationFunctions(BLOCK);
  private final DropoutFactors dropout = new DropoutFactors(1, 0.3, BLOCK);
  private final float[] values = numbers();
  private final float[] gradient = numbers();
  private int feature;

  /** Opens the dropout's batch. */
  public LoopBenchmark() {
    Shape pixel = new Shape(1, 1, 1);
    Batch batch = new Batch(pixel, EXAMPLES);
    Examples examples = new Examples(pixel, 1, new byte[EXAMPLES][1], new byte[EXAMPLES]);
    batch.fill(examples, IntStream.range(0, EXAMPLES).toArray(), 0, EXAMPLES);
    dropout.open(new StepDraws(1), batch);
  }

  private static float[] numbers() {
    float[] numbers = new float[BLOCK];
    for (int i = 0; i < BLOCK; i++) {
      numbers[i] = (i * 37 % 101 - 50) / 50f;
    }
    return numbers;
  }

  /** A copy: what memory alone costs. */
  @Benchmark
  public float[] copy() {
    System.arraycopy(values, 0, gradient, 0, BLOCK);
    return gradient;
  }

  /** Rectifier with a comparison, which is not vectorised. */
  @Benchmark
  public float[] oneByOne() {
    for (int i = 0; i < BLOCK; i++) {
      if (values[i] > 0) {
        gradient[i] += values[i];
      }
    }
    return gradient;
  }

  /** Rectifier. */
  @Benchmark
  public float[] relu() {
    functions.apply(Activation.RELU, values, BLOCK, EXAMPLES);
    return values;
  }

  /** The rectifier's part of the chain rule. */
  @Benchmark
  public float[] reluBackward() {
    functions.backward(Activation.RELU, values, gradient, BLOCK, EXAMPLES);
    return gradient;
  }

  /** Dropout's factors. */
  @Benchmark
  public float[] dropout() {
    dropout.write(feature++, gradient, BLOCK);
    return gradient;
  }

  /** Hyperbolic tangent. */
  @Benchmark
  public float[] tanh() {
    functions.apply(Activation.TANH, values, BLOCK, EXAMPLES);
    return values;
  }

  /** Hyperbolic tangent, by Java's library. */
  @Benchmark
  public float[] tanhOneByOne() {
    for (int i = 0; i < BLOCK; i++) {
      gradient[i] = (float) Math.tanh(values[i]);
    }
    return gradient;
  }

  /** Sigmoid. */
  @Benchmark
  public float[] sigmoid() {
    functions.apply(Activation.SIGMOID, values, BLOCK, EXAMPLES);
    return values;
  }
}
