package dev.lockstep.engine;

import dev.lockstep.data.Examples;
import dev.lockstep.data.Shape;
import dev.lockstep.network.Activation;
import dev.lockstep.network.Network;
import dev.lockstep.network.NetworkDefinition;
import dev.lockstep.yaml.Section;
import java.nio.FloatBuffer;
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
 * vectorised shows beside {@link #oneByOne}, which cannot be, and beside {@link
 * ScalarLoopBenchmark}, the same loops without the JIT's vectoriser.
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
  private static final Shape IMAGE = new Shape(8, 8, 1);

  private final ActivationFunctions functions = new ActivationFunctions(BLOCK);
  private final DropoutFactors dropout = new DropoutFactors(1, 0.3, BLOCK);
  private final float[] values = numbers();
  private final float[] gradient = numbers();
  private final Pass pass = new Pass(1);
  private final Stage maxPooling = stage("max_pooling2d");
  private final Stage averagePooling = stage("average_pooling2d");
  private final Stage normalization = stage("batch_normalization");
  private int feature;

  /** Opens the dropout's batch. */
  public LoopBenchmark() {
    Batch batch = new Batch(IMAGE, EXAMPLES);
    Examples examples =
        new Examples(IMAGE, 2, new byte[EXAMPLES][IMAGE.size()], new byte[EXAMPLES]);
    batch.fill(examples, IntStream.range(0, EXAMPLES).toArray(), 0, EXAMPLES);
    pass.train(batch, 0);
    dropout.open(pass.draws(), batch);
  }

  /** The stage of {@code layer}, on images whose numbers make up one block. */
  private static Stage stage(String layer) {
    Network network =
        NetworkDefinition.read(
                "loops",
                Section.parse(
                    "loops.yaml",
                    """
                    layers: [{conv2d: {filters: 1, kernelSize: 1}}, %s, flatten,
                      {dense: {units: 2, activation: softmax}}]
                    loss: categorical_crossentropy
                    """
                        .formatted(layer)))
            .build(IMAGE, 2);
    FloatBuffer parameters = FloatVector.of(network.initialParameters(1));
    Vectors vectors = new Vectors(parameters, FloatVector.allocate(parameters.capacity()));
    return new StageBuilder(network, vectors, EXAMPLES).build().get(2);
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

  /** Leaky rectifier. */
  @Benchmark
  public float[] leakyRelu() {
    functions.apply(Activation.LEAKY_RELU, values, BLOCK, EXAMPLES);
    return values;
  }

  /** Exponential linear unit. */
  @Benchmark
  public float[] elu() {
    functions.apply(Activation.ELU, values, BLOCK, EXAMPLES);
    return values;
  }

  /** Softmax over 64 features. */
  @Benchmark
  public float[] softmax() {
    functions.apply(Activation.SOFTMAX, values, BLOCK, EXAMPLES);
    return values;
  }

  /** The largest of 2 x 2 pixels. */
  @Benchmark
  public Tensor maxPooling() {
    maxPooling.forward(pass);
    return maxPooling.output();
  }

  /** To whom its gradient goes. */
  @Benchmark
  public Tensor maxPoolingBackward() {
    maxPooling.backward(pass);
    return maxPooling.output();
  }

  /** The mean of 2 x 2 pixels. */
  @Benchmark
  public Tensor averagePooling() {
    averagePooling.forward(pass);
    return averagePooling.output();
  }

  /** Batch normalisation by the batch's mean and variance, their sums by OpenBLAS. */
  @Benchmark
  public Tensor normalization() {
    normalization.forward(pass);
    return normalization.output();
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
