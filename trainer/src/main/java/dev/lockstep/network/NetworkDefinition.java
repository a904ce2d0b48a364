package dev.lockstep.network;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lockstep.data.Shape;
import dev.lockstep.nativelib.NativeLibraries;
import dev.lockstep.yaml.ConfigurationException;
import dev.lockstep.yaml.Section;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.deeplearning4j.nn.conf.CacheMode;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.WorkspaceMode;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.preprocessor.CnnToFeedForwardPreProcessor;
import org.deeplearning4j.nn.conf.preprocessor.FeedForwardToCnnPreProcessor;
import org.nd4j.linalg.api.buffer.DataType;

/**
 * A network as it is written down: its layers and its loss, without the shapes that follow from the
 * data. Immutable.
 *
 * <p>What the first layer takes is decided by the first of dense (the image's numbers in a row),
 * convolution or pooling (the image) and recurrent layer (the image's rows as time steps).
 *
 * @param name what errors and reports call it
 */
public record NetworkDefinition(String name, List<Layer> layers, Loss loss) {
  public NetworkDefinition {
    layers = List.copyOf(layers);
  }

  /**
   * Reads the keys {@code layers} and {@code loss}, and no others.
   *
   * @throws ConfigurationException if a key, a layer or a setting is missing, unknown or out of
   *     range
   */
  public static NetworkDefinition read(String name, Section section) {
    List<Loss> losses = List.of(Loss.values());
    List<Layer> layers = LayerReader.read(section);
    Loss loss = section.choice("loss", null, losses, Loss::word);
    if (loss == null) {
      throw section.missing(
          "loss", "one of " + String.join(", ", losses.stream().map(Loss::word).toList()));
    }
    section.done();
    return new NetworkDefinition(name, layers, loss);
  }

  /** What {@link #read} reads it from, every default written out. */
  public ObjectNode tree() {
    ObjectNode tree = JsonNodeFactory.instance.objectNode();
    ArrayNode list = tree.putArray("layers");
    layers.forEach(layer -> list.addObject().set(layer.kind(), Section.tree(layer)));
    return tree.put("loss", loss.word());
  }

  /**
   * This network for examples of shape {@code input} in {@code classes} classes.
   *
   * @throws ConfigurationException if a layer cannot take its input, or the last one does not fit
   *     the classes or the loss; the message names the layer and says what would be right
   */
  public Network build(Shape input, int classes) {
    NativeLibraries.load();
    if (layers.isEmpty()) {
      throw new ConfigurationException(where() + ": it has no layers; it needs at least a dense");
    }
    InputLayout inputLayout = inputLayout();
    List<ActivationShape> shapes = shapes(inputLayout, input);
    Output output = output();
    check(output, classes);
    MultiLayerConfiguration dl4j = dl4j(shapes, output);
    ParameterLayout layout = ParameterLayout.of(where(), dl4j);
    List<NetworkLayer> resolved = resolve(shapes, layout);
    return new Network(
        name,
        input,
        classes,
        output.dense().units(),
        loss,
        inputLayout,
        resolved,
        layout,
        dl4j,
        seed -> Network.initialParameters(resolved, layout, seed));
  }

  private InputLayout inputLayout() {
    boolean normalized = false;
    for (Layer layer : layers) {
      if (layer instanceof Dense) {
        return InputLayout.FLAT;
      }
      if (layer instanceof Flatten) {
        return normalized ? InputLayout.IMAGE : InputLayout.FLAT;
      }
      if (layer instanceof Conv2d || layer instanceof Pooling2d) {
        return InputLayout.IMAGE;
      }
      if (layer instanceof SimpleRnn || layer instanceof Lstm) {
        return InputLayout.SEQUENCE;
      }
      normalized |= layer instanceof BatchNormalization;
    }
    return InputLayout.FLAT;
  }

  /** The network's input and then every layer's output. */
  private List<ActivationShape> shapes(InputLayout inputLayout, Shape input) {
    List<ActivationShape> shapes = new ArrayList<>();
    shapes.add(Network.inputShape(inputLayout, input));
    for (int i = 0; i < layers.size(); i++) {
      try {
        shapes.add(layers.get(i).output(shapes.get(i)));
      } catch (IllegalArgumentException e) {
        throw wrong(i, e.getMessage());
      }
    }
    return shapes;
  }

  /** The last dense layer, at {@code index}, with the activation that is applied to it at last. */
  private record Output(int index, Dense dense, Activation activation) {}

  private Output output() {
    int last = layers.size() - 1;
    if (layers.get(last) instanceof Dense dense) {
      return new Output(last, dense, dense.activation());
    }
    if (layers.get(last) instanceof ActivationLayer activation
        && last > 0
        && layers.get(last - 1) instanceof Dense dense) {
      if (dense.activation() != Activation.LINEAR) {
        throw wrong(
            last,
            "the dense layer before it already has activation %s; give the activation once"
                .formatted(dense.activation().word()));
      }
      return new Output(last - 1, dense, activation.activation());
    }
    throw wrong(last, "the last layer must be dense, or an activation after a dense");
  }

  private void check(Output output, int classes) {
    int units = output.dense().units();
    boolean single = units == 1 && classes == 2 && output.activation() == Activation.SIGMOID;
    if (units != classes && !single) {
      throw wrong(
          output.index(),
          "units is %d but the data has %d classes (labels from 0 to %d); the last layer needs units: %d%s"
              .formatted(
                  units,
                  classes,
                  classes - 1,
                  classes,
                  classes == 2 ? ", or units: 1 with activation: sigmoid" : ""));
    }
    if (!loss.activations().contains(output.activation())) {
      throw wrong(
          layers.size() - 1,
          "activation %s cannot go with loss %s; use activation: %s, or loss: %s"
              .formatted(
                  output.activation().word(),
                  loss.word(),
                  String.join(" or ", loss.activations().stream().map(Activation::word).toList()),
                  lossFor(output.activation())));
    }
  }

  private static String lossFor(Activation activation) {
    return switch (activation) {
      case SOFTMAX -> Loss.CATEGORICAL_CROSSENTROPY.word();
      case SIGMOID -> Loss.BINARY_CROSSENTROPY.word();
      default -> Loss.MSE.word();
    };
  }

  private MultiLayerConfiguration dl4j(List<ActivationShape> shapes, Output output) {
    NeuralNetConfiguration.ListBuilder list =
        new NeuralNetConfiguration.Builder()
            .seed(0)
            .dataType(DataType.FLOAT)
            .cacheMode(CacheMode.NONE)
            .trainingWorkspaceMode(WorkspaceMode.ENABLED)
            .inferenceWorkspaceMode(WorkspaceMode.ENABLED)
            .list()
            .validateOutputLayerConfig(false);
    list.setInputType(inputType(shapes.get(0)));
    if (shapes.get(0) instanceof ActivationShape.Image image) {
      list.inputPreProcessor(
          0, new FeedForwardToCnnPreProcessor(image.height(), image.width(), image.channels()));
    }
    int count = 0;
    for (int i = 0; i < output.index(); i++) {
      Optional<org.deeplearning4j.nn.conf.layers.Layer> layer = layers.get(i).dl4j();
      if (layer.isPresent()) {
        list.layer(count++, layer.get());
      } else if (shapes.get(i) instanceof ActivationShape.Image image) {
        list.inputPreProcessor(
            count,
            new CnnToFeedForwardPreProcessor(image.height(), image.width(), image.channels()));
      }
    }
    list.layer(count, output.dense().dl4j(output.activation(), loss));
    return list.build();
  }

  private static InputType inputType(ActivationShape shape) {
    if (shape instanceof ActivationShape.Image image) {
      return InputType.convolutionalFlat(image.height(), image.width(), image.channels());
    }
    if (shape instanceof ActivationShape.Sequence sequence) {
      return InputType.recurrent(sequence.features(), sequence.steps());
    }
    return InputType.feedForward(shape.size());
  }

  /** The layers with their shapes; those that are no layer of DL4J's have no parameters. */
  private List<NetworkLayer> resolve(List<ActivationShape> shapes, ParameterLayout layout) {
    List<NetworkLayer> resolved = new ArrayList<>();
    int dl4jLayer = 0;
    for (int i = 0; i < layers.size(); i++) {
      Layer layer = layers.get(i);
      List<Segment> segments = layer instanceof Flatten ? List.of() : layout.of(dl4jLayer++);
      resolved.add(
          new NetworkLayer(
              i + 1,
              layer.kind(),
              layer.description(),
              shapes.get(i),
              shapes.get(i + 1),
              segments,
              Optional.of(layer)));
    }
    return List.copyOf(resolved);
  }

  private String where() {
    return "network '" + name + "'";
  }

  private ConfigurationException wrong(int layer, String what) {
    return new ConfigurationException(
        "%s: layer %d (%s): %s".formatted(where(), layer + 1, layers.get(layer).kind(), what));
  }
}
