package dev.lockstep.exchange;

import dev.lockstep.data.Shape;
import dev.lockstep.network.Activation;
import dev.lockstep.network.ActivationLayer;
import dev.lockstep.network.ActivationShape;
import dev.lockstep.network.ActivationShape.Image;
import dev.lockstep.network.ActivationShape.Sequence;
import dev.lockstep.network.BatchNormalization;
import dev.lockstep.network.Conv2d;
import dev.lockstep.network.Dense;
import dev.lockstep.network.Flatten;
import dev.lockstep.network.InputLayout;
import dev.lockstep.network.Layer;
import dev.lockstep.network.Lstm;
import dev.lockstep.network.Network;
import dev.lockstep.network.NetworkLayer;
import dev.lockstep.network.Padding;
import dev.lockstep.network.Pooling2d;
import dev.lockstep.network.Pooling2d.Statistic;
import dev.lockstep.network.Recurrence;
import dev.lockstep.network.SimpleRnn;
import dev.lockstep.network.Window;
import dev.lockstep.yaml.ConfigurationException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import onnx.Onnx.AttributeProto;
import onnx.Onnx.AttributeProto.AttributeType;
import onnx.Onnx.GraphProto;
import onnx.Onnx.ModelProto;
import onnx.Onnx.NodeProto;
import onnx.Onnx.OperatorSetIdProto;
import onnx.Onnx.TensorProto;
import onnx.Onnx.TensorShapeProto;
import onnx.Onnx.TensorShapeProto.Dimension;
import onnx.Onnx.TypeProto;
import onnx.Onnx.ValueInfoProto;
import org.nd4j.shade.protobuf.ByteString;

/**
 * A trained network as an <a href="https://onnx.ai">ONNX</a> model: one graph from {@code input} to
 * {@code output}, both of float32 and with any number of examples as their first dimension. The
 * input is {@code [batch, channels, height, width]} where the first layer takes images, otherwise
 * {@code [batch, size]} with an example's numbers in the order channel, row, column; the output is
 * {@code [batch, units of the last layer]}. Belongs to one thread.
 */
public final class OnnxModel {
  /** The operator set whose operators it has: ONNX 1.8 of 2020, which every runtime reads. */
  public static final int OPSET = 13;

  /** What version of the format goes with it. */
  private static final int IR_VERSION = 7;

  private static final String BATCH = "batch";
  private static final String INPUT = "input";
  private static final String OUTPUT = "output";

  private final GraphProto.Builder graph = GraphProto.newBuilder();

  /** The name of what the last node computes. */
  private String last = INPUT;

  private OnnxModel() {}

  /**
   * The model's bytes.
   *
   * @param where what errors call the model
   * @param parameters all of them, in DL4J's order
   * @throws ConfigurationException if a layer has no counterpart
   */
  public static byte[] of(String where, Network network, float[] parameters) {
    OnnxModel model = new OnnxModel();
    if (network.inputLayout() == InputLayout.SEQUENCE) {
      model.readAsSequence(network.input());
    }
    for (NetworkLayer layer : network.computation()) {
      model.add(new LayerParameters(where, layer, parameters));
    }
    return model.finish(network);
  }

  private byte[] finish(Network network) {
    node("Identity", OUTPUT, List.of(last));
    graph.setName(network.name());
    graph.addInput(value(INPUT, inputSizes(network)));
    graph.addOutput(value(OUTPUT, network.outputs()));
    return ModelProto.newBuilder()
        .setIrVersion(IR_VERSION)
        .setProducerName("lockstep")
        .addOpsetImport(OperatorSetIdProto.newBuilder().setDomain("").setVersion(OPSET))
        .setGraph(graph)
        .build()
        .toByteArray();
  }

  private static long[] inputSizes(Network network) {
    return network.inputLayout() == InputLayout.IMAGE
        ? new long[] {network.input().channels(), network.input().height(), network.input().width()}
        : new long[] {network.input().size()};
  }

  private static ValueInfoProto value(String name, long... sizes) {
    TensorShapeProto.Builder shape =
        TensorShapeProto.newBuilder().addDim(Dimension.newBuilder().setDimParam(BATCH));
    for (long size : sizes) {
      shape.addDim(Dimension.newBuilder().setDimValue(size));
    }
    return ValueInfoProto.newBuilder()
        .setName(name)
        .setType(
            TypeProto.newBuilder()
                .setTensorType(
                    TypeProto.Tensor.newBuilder()
                        .setElemType(TensorProto.DataType.FLOAT)
                        .setShape(shape)))
        .build();
  }

  private void add(LayerParameters layer) {
    Layer definition = layer.definition();
    if (definition instanceof Dense dense) {
      add(dense, layer);
    } else if (definition instanceof Conv2d convolution) {
      add(convolution, layer);
    } else if (definition instanceof Pooling2d pooling) {
      add(pooling, layer);
    } else if (definition instanceof BatchNormalization normalization) {
      add(normalization, layer);
    } else if (definition instanceof ActivationLayer activation) {
      activate(activation.activation(), layer);
    } else if (definition instanceof Flatten) {
      node("Flatten", layer.name(), List.of(last), integer("axis", 1));
    } else if (definition instanceof SimpleRnn rnn) {
      add(rnn, layer);
    } else if (definition instanceof Lstm lstm) {
      add(lstm, layer);
    }
  }

  /**
   * From examples with their numbers in the order channel, row, column to time steps first, which
   * are the rows; the numbers of a step are in the order channel, column. In a Reshape, 0 stands
   * for as many as there are.
   */
  private void readAsSequence(Shape shape) {
    node(
        "Reshape",
        "images",
        List.of(last, tensor("images/shape", 0, shape.channels(), shape.height(), shape.width())));
    node("Transpose", "rows", List.of(last), integers("perm", 2, 0, 1, 3));
    node(
        "Reshape",
        "sequence",
        List.of(last, tensor("sequence/shape", 0, 0, (long) shape.channels() * shape.width())));
  }

  private void add(SimpleRnn rnn, LayerParameters layer) {
    Recurrence recurrence = rnn.recurrence();
    recur(
        "RNN",
        layer,
        recurrence,
        List.of(recurrence.activation()),
        layer.array("W"),
        layer.array("RW"),
        layer.array("b"));
  }

  /** ONNX has the blocks input gate, output gate, forget gate, candidate: DL4J's from the last. */
  private void add(Lstm lstm, LayerParameters layer) {
    Recurrence recurrence = lstm.recurrence();
    int units = recurrence.units();
    int features = ((Sequence) layer.layer().input()).features();
    recur(
        "LSTM",
        layer,
        recurrence,
        List.of(lstm.recurrentActivation(), recurrence.activation(), recurrence.activation()),
        blocksFromTheLast(layer.array("W"), units * features),
        blocksFromTheLast(layer.array("RW"), units * units),
        blocksFromTheLast(layer.array("b"), units));
  }

  private static float[] blocksFromTheLast(float[] blocks, int length) {
    float[] reversed = new float[blocks.length];
    for (int from = 0; from < blocks.length; from += length) {
      System.arraycopy(blocks, from, reversed, blocks.length - from - length, length);
    }
    return reversed;
  }

  /** DL4J has both kernels column by column, a column for each unit of each block. */
  private void recur(
      String operator,
      LayerParameters layer,
      Recurrence recurrence,
      List<Activation> activations,
      float[] kernel,
      float[] recurrentKernel,
      float[] bias) {
    int units = recurrence.units();
    long columns = bias.length;
    String name = layer.name();
    float[] biases = Arrays.copyOf(bias, 2 * bias.length); // the second half is that of the state
    List<String> inputs =
        List.of(
            last,
            tensor(name + "/kernel", kernel, 1, columns, kernel.length / columns),
            tensor(name + "/recurrent_kernel", recurrentKernel, 1, columns, units),
            tensor(name + "/bias", biases, 1, biases.length));
    boolean all = recurrence.returnSequences();
    graph.addNode(
        NodeProto.newBuilder()
            .setOpType(operator)
            .setName(name)
            .addAllInput(inputs)
            .addAllOutput(all ? List.of(name) : List.of("", name))
            .addAttribute(integer("hidden_size", units))
            .addAllAttribute(functions(activations)));
    last = name;
    String direction = tensor(name + "/direction", all ? 1 : 0); // there is one
    node("Squeeze", name + "/output", List.of(last, direction));
  }

  /** As ONNX' recurrent operators name them, with the constants of those that have some. */
  private static List<AttributeProto> functions(List<Activation> activations) {
    AttributeProto.Builder names =
        AttributeProto.newBuilder().setName("activations").setType(AttributeType.STRINGS);
    AttributeProto.Builder alphas =
        AttributeProto.newBuilder().setName("activation_alpha").setType(AttributeType.FLOATS);
    AttributeProto.Builder betas =
        AttributeProto.newBuilder().setName("activation_beta").setType(AttributeType.FLOATS);
    for (Activation activation : activations) {
      names.addStrings(
          ByteString.copyFromUtf8(
              switch (activation) {
                case RELU -> "Relu";
                case LEAKY_RELU -> "LeakyRelu";
                case ELU -> "Elu";
                case SIGMOID -> "Sigmoid";
                case TANH -> "Tanh";
                case LINEAR -> "Affine";
                case SOFTMAX -> throw new IllegalStateException("no recurrent layer has softmax");
              }));
      switch (activation) {
        case LEAKY_RELU -> alphas.addFloats((float) Activation.LEAKY_SLOPE);
        case ELU -> alphas.addFloats(1);
        case LINEAR -> {
          alphas.addFloats(1);
          betas.addFloats(0);
        }
        default -> {}
      }
    }
    List<AttributeProto> attributes = new ArrayList<>(List.of(names.build()));
    if (alphas.getFloatsCount() > 0) {
      attributes.add(alphas.build());
    }
    if (betas.getFloatsCount() > 0) {
      attributes.add(betas.build());
    }
    return attributes;
  }

  /** DL4J has the weights column by column, which are the rows of their transpose. */
  private void add(Dense dense, LayerParameters layer) {
    String weights =
        tensor(
            layer.name() + "/kernel",
            layer.array("W"),
            dense.units(),
            layer.layer().input().size());
    List<String> inputs =
        layer
            .find("b")
            .map(b -> List.of(last, weights, tensor(layer.name() + "/bias", b, dense.units())))
            .orElse(List.of(last, weights));
    node("Gemm", layer.name(), inputs, integer("transB", 1));
    activate(dense.activation(), layer);
  }

  private void add(Conv2d convolution, LayerParameters layer) {
    Image image = (Image) layer.layer().input();
    String weights =
        tensor(
            layer.name() + "/kernel",
            layer.array("W"),
            convolution.filters(),
            image.channels(),
            convolution.window().size().height(),
            convolution.window().size().width());
    List<String> inputs =
        layer
            .find("b")
            .map(
                b ->
                    List.of(
                        last, weights, tensor(layer.name() + "/bias", b, convolution.filters())))
            .orElse(List.of(last, weights));
    node("Conv", layer.name(), inputs, moving(convolution.window(), layer));
    activate(convolution.activation(), layer);
  }

  private void add(Pooling2d pooling, LayerParameters layer) {
    String operator = pooling.statistic() == Statistic.MAX ? "MaxPool" : "AveragePool";
    node(operator, layer.name(), List.of(last), moving(pooling.window(), layer));
  }

  private static AttributeProto[] moving(Window window, LayerParameters layer) {
    Image input = (Image) layer.layer().input();
    Image output = (Image) layer.layer().output();
    int down = padding(window.padding(), input.height(), output.height(), true, window);
    int across = padding(window.padding(), input.width(), output.width(), false, window);
    return new AttributeProto[] {
      integers("kernel_shape", window.size().height(), window.size().width()),
      integers("strides", window.strides().height(), window.strides().width()),
      integers("pads", down / 2, across / 2, down - down / 2, across - across / 2)
    };
  }

  /** How many rows, or columns, of zeros; the odd one is at the end. */
  private static int padding(
      Padding padding, int input, int output, boolean vertical, Window window) {
    if (padding == Padding.VALID) {
      return 0;
    }
    int stride = vertical ? window.strides().height() : window.strides().width();
    int size = vertical ? window.size().height() : window.size().width();
    return Math.max(0, (output - 1) * stride + size - input);
  }

  private void add(BatchNormalization normalization, LayerParameters layer) {
    ActivationShape input = layer.layer().input();
    int units = input instanceof Image image ? image.channels() : input.size();
    List<String> inputs =
        List.of(
            last,
            tensor(layer.name() + "/gamma", layer.array("gamma"), units),
            tensor(layer.name() + "/beta", layer.array("beta"), units),
            tensor(layer.name() + "/moving_mean", layer.array("mean"), units),
            tensor(layer.name() + "/moving_variance", layer.array("var"), units));
    node(
        "BatchNormalization",
        layer.name(),
        inputs,
        real("epsilon", (float) normalization.epsilon()));
  }

  private void activate(Activation activation, LayerParameters layer) {
    String name = layer.name() + "/" + activation.word();
    List<String> inputs = List.of(last);
    switch (activation) {
      case RELU -> node("Relu", name, inputs);
      case LEAKY_RELU ->
          node("LeakyRelu", name, inputs, real("alpha", (float) Activation.LEAKY_SLOPE));
      case ELU -> node("Elu", name, inputs, real("alpha", 1));
      case SIGMOID -> node("Sigmoid", name, inputs);
      case TANH -> node("Tanh", name, inputs);
      case SOFTMAX -> node("Softmax", name, inputs, integer("axis", -1));
      case LINEAR -> {}
    }
  }

  private void node(
      String operator, String name, List<String> inputs, AttributeProto... attributes) {
    graph.addNode(
        NodeProto.newBuilder()
            .setOpType(operator)
            .setName(name)
            .addAllInput(inputs)
            .addOutput(name)
            .addAllAttribute(List.of(attributes)));
    last = name;
  }

  /** Adds a constant, row by row, and returns its name. */
  private String tensor(String name, float[] values, long... sizes) {
    ByteBuffer bytes =
        ByteBuffer.allocate(Float.BYTES * values.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(values);
    TensorProto.Builder tensor =
        TensorProto.newBuilder()
            .setName(name)
            .setDataType(TensorProto.DataType.FLOAT)
            .setRawData(ByteString.copyFrom(bytes));
    for (long size : sizes) {
      tensor.addDims(size);
    }
    graph.addInitializer(tensor);
    return name;
  }

  /** Adds a constant vector of whole numbers, and returns its name. */
  private String tensor(String name, long... values) {
    TensorProto.Builder tensor =
        TensorProto.newBuilder()
            .setName(name)
            .setDataType(TensorProto.DataType.INT64)
            .addDims(values.length);
    for (long value : values) {
      tensor.addInt64Data(value);
    }
    graph.addInitializer(tensor);
    return name;
  }

  private static AttributeProto integer(String name, long value) {
    return AttributeProto.newBuilder().setName(name).setType(AttributeType.INT).setI(value).build();
  }

  private static AttributeProto integers(String name, long... values) {
    AttributeProto.Builder attribute =
        AttributeProto.newBuilder().setName(name).setType(AttributeType.INTS);
    for (long value : values) {
      attribute.addInts(value);
    }
    return attribute.build();
  }

  private static AttributeProto real(String name, float value) {
    return AttributeProto.newBuilder()
        .setName(name)
        .setType(AttributeType.FLOAT)
        .setF(value)
        .build();
  }
}
