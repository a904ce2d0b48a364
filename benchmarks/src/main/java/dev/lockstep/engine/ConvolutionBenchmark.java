package dev.lockstep.engine;

import dev.lockstep.data.Examples;
import dev.lockstep.data.Shape;
import dev.lockstep.nativelib.NativeLibraries;
import dev.lockstep.network.ActivationShape.Image;
import dev.lockstep.network.Conv2d;
import dev.lockstep.network.Network;
import dev.lockstep.network.NetworkDefinition;
import dev.lockstep.network.NetworkLayer;
import dev.lockstep.yaml.Section;
import java.nio.FloatBuffer;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import org.nd4j.linalg.factory.Nd4j;
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
 * A convolution of {@code lenet}, forward and backward, in the three ways that there are: by
 * patches, by channels, and by ND4J's {@code conv2d} and {@code conv2d_bp}, which are oneDNN's.
 * What decides between the first two is how many channels there are; {@link StageBuilder} has the
 * limit.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
public class ConvolutionBenchmark {
  private static final int KERNEL = 5;

  /** How the convolution is computed. */
  public enum Way {
    /** {@link PatchConvolutionStage}. */
    PATCHES,
    /** {@link ChannelConvolutionStage}. */
    CHANNELS,
    /** ND4J's operations. */
    ND4J
  }

  /** How it is computed. */
  @Param public Way way;

  /** Side of the image, channels and filters: lenet's two layers, and between them. */
  @Param({"28x1x20", "12x4x50", "12x8x50", "12x20x50"})
  public String shape;

  /** How many examples the micro-batch has. */
  @Param({"64"})
  public int microBatch;

  private Runnable both;

  /** Makes the layer; the first layer's input has no gradient. */
  @Setup
  public void open() {
    NativeLibraries.load();
    int[] sizes = IntStream.of(0, 1, 2).map(i -> Integer.parseInt(shape.split("x")[i])).toArray();
    boolean differentiable = sizes[1] > 1;
    both =
        way == Way.ND4J
            ? nd4j(sizes[0], sizes[1], sizes[2])
            : stage(new Shape(sizes[0], sizes[0], sizes[1]), sizes[2], differentiable);
  }

  private Runnable stage(Shape image, int filters, boolean differentiable) {
    Network network =
        NetworkDefinition.read(
                "convolution",
                Section.parse(
                    "convolution.yaml",
                    """
                    layers:
                      - conv2d: {filters: %d, kernelSize: %d, useBias: false}
                      - flatten
                      - dense: {units: 2, activation: softmax}
                    loss: categorical_crossentropy
                    """
                        .formatted(filters, KERNEL)))
            .build(image, 2);
    NetworkLayer layer = network.layers().get(0);
    FloatBuffer parameters = FloatVector.of(network.initialParameters(1));
    Vectors vectors = new Vectors(parameters, FloatVector.allocate(parameters.capacity()));
    Tensor input = new Tensor(layer.input(), microBatch, differentiable);
    fill(input.values());
    Conv2d definition = (Conv2d) layer.definition().orElseThrow();
    Windows windows =
        Windows.of(definition.window(), (Image) layer.input(), (Image) layer.output());
    Stage stage =
        way == Way.PATCHES
            ? new PatchConvolutionStage(
                vectors, layer.segments(), input, windows, microBatch, Nonlinearity.none())
            : new ChannelConvolutionStage(
                vectors, layer.segments(), input, windows, microBatch, Nonlinearity.none());
    fill(stage.output().gradient());
    Pass pass = pass(image);
    return () -> {
      stage.forward(pass);
      stage.backward(pass);
    };
  }

  private Pass pass(Shape image) {
    Batch batch = new Batch(image, microBatch);
    batch.fill(
        new Examples(image, 2, new byte[microBatch][image.size()], new byte[microBatch]),
        IntStream.range(0, microBatch).toArray(),
        0,
        microBatch);
    Pass pass = new Pass(1);
    pass.train(batch, 0);
    return pass;
  }

  private static void fill(FloatBuffer numbers) {
    for (int i = 0; i < numbers.capacity(); i++) {
      numbers.put(i, (i * 37 % 101 - 50) / 50f);
    }
  }

  /** DL4J's order of the kernel, and no padding. ND4J always gives the input's gradient too. */
  private Runnable nd4j(int side, int channels, int filters) {
    int outputs = side - KERNEL + 1;
    INDArray input = Nd4j.rand(DataType.FLOAT, microBatch, channels, side, side);
    INDArray kernel = Nd4j.rand(DataType.FLOAT, filters, channels, KERNEL, KERNEL);
    INDArray output = Nd4j.create(DataType.FLOAT, microBatch, filters, outputs, outputs);
    INDArray gradient = Nd4j.rand(DataType.FLOAT, microBatch, filters, outputs, outputs);
    DynamicCustomOp forward =
        operation("conv2d").addInputs(input, kernel).addOutputs(output).build();
    DynamicCustomOp backward =
        operation("conv2d_bp")
            .addInputs(input, kernel, gradient)
            .addOutputs(Nd4j.createUninitialized(input.shape()), kernel.ulike())
            .build();
    return () -> {
      Nd4j.getExecutioner().exec(forward);
      Nd4j.getExecutioner().exec(backward);
    };
  }

  /** Kernel, strides, padding, dilation, valid, channels first, filters first. */
  private static DynamicCustomOp.DynamicCustomOpsBuilder operation(String name) {
    return DynamicCustomOp.builder(name)
        .addIntegerArguments(KERNEL, KERNEL, 1, 1, 0, 0, 1, 1, 0, 0, 1);
  }

  /** Output, gradient of the kernel and, but for the first layer, of the input. */
  @Benchmark
  public void forwardAndBackward() {
    both.run();
  }
}
