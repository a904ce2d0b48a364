package dev.lockstep.engine;

import dev.lockstep.data.Examples;
import dev.lockstep.data.Shape;
import dev.lockstep.network.Activation;
import dev.lockstep.network.ActivationShape;
import dev.lockstep.network.ActivationShape.Flat;
import dev.lockstep.network.ActivationShape.Image;
import dev.lockstep.network.Network;
import dev.lockstep.network.NetworkDefinition;
import dev.lockstep.network.Segment;
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
 * vectorised shows beside {@link #oneByOne}, which cannot be, and without the JIT's vectoriser, as
 * {@code benchmarks/run loops} runs them too. Those of activations backward contain the copies of
 * two blocks.
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
  private final float[] numbers = numbers();
  private final float[] values = numbers();
  private final float[] gradient = numbers();
  private final Pass pass = new Pass(1);
  private final Stage maxPooling = stage("max_pooling2d");
  private final Stage averagePooling = stage("average_pooling2d");
  private final Stage normalization = stage("batch_normalization");
  private final Tensor image = new Tensor(new Image(8, 8, 1), EXAMPLES, false);
  private final Bias imageBias = bias(new Image(8, 8, 1), 1);
  private final Tensor vector = new Tensor(new Flat(64), EXAMPLES, false);
  private final Bias vectorBias = bias(new Flat(64), 64);
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

  private static Bias bias(ActivationShape shape, int length) {
    Vectors vectors = new Vectors(FloatVector.allocate(length), FloatVector.allocate(length));
    return new Bias(vectors, new Segment(0, "b", 0, length, 0, 0, false), shape, EXAMPLES);
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
    return backward(Activation.RELU);
  }

  /** The leaky rectifier's part of the chain rule. */
  @Benchmark
  public float[] leakyReluBackward() {
    return backward(Activation.LEAKY_RELU);
  }

  /** The exponential linear unit's part of the chain rule. */
  @Benchmark
  public float[] eluBackward() {
    return backward(Activation.ELU);
  }

  /** The sigmoid's part of the chain rule. */
  @Benchmark
  public float[] sigmoidBackward() {
    return backward(Activation.SIGMOID);
  }

  /** The hyperbolic tangent's part of the chain rule. */
  @Benchmark
  public float[] tanhBackward() {
    return backward(Activation.TANH);
  }

  /** Softmax' part of the chain rule, example by example: not vectorised, and seldom needed. */
  @Benchmark
  public float[] softmaxBackward() {
    return backward(Activation.SOFTMAX);
  }

  /**
   * On copies, for a gradient that is multiplied again and again becomes too small to be normal.
   */
  private float[] backward(Activation activation) {
    System.arraycopy(numbers, 0, values, 0, BLOCK);
    System.arraycopy(numbers, 0, gradient, 0, BLOCK);
    functions.backward(activation, values, gradient, BLOCK, EXAMPLES);
    return gradient;
  }

  /** The bias of a channel. */
  @Benchmark
  public float[] biasOfAnImage() {
    imageBias.add(image, 0, 0, values, gradient, BLOCK, EXAMPLES);
    return values;
  }

  /** The biases of 64 units. */
  @Benchmark
  public float[] biasOfAVector() {
    vectorBias.add(vector, 0, 0, values, gradient, BLOCK, EXAMPLES);
    return values;
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

  /** An equal share of its gradient to each. */
  @Benchmark
  public Tensor averagePoolingBackward() {
    averagePooling.backward(pass);
    return averagePooling.output();
  }

  /** Batch normalisation by the batch's mean and variance, their sums by OpenBLAS. */
  @Benchmark
  public Tensor normalization() {
    normalization.forward(pass);
    return normalization.output();
  }

  /** The gradient of its input, the sums by OpenBLAS. */
  @Benchmark
  public Tensor normalizationBackward() {
    normalization.backward(pass);
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
