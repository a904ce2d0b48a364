package dev.lockstep.network;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lockstep.data.Shape;
import dev.lockstep.yaml.ConfigurationException;
import dev.lockstep.yaml.Section;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * A {@code Sequential} model of Keras 2 or 3, as {@code model.to_json()} writes it. Every setting
 * of its layers is taken over, or is what Lockstep does anyway, or is refused by an error that
 * names the layer and the setting. Layers are counted from 1 as {@code model.layers} has them, that
 * is without the {@code InputLayer}. Seeds and names mean nothing here, nor does the optimizer of a
 * compiled model. Immutable.
 *
 * @param definition its layers; the loss is the one that the model was compiled with if the text
 *     says it, and otherwise the one that goes with the last activation: categorical cross-entropy
 *     with softmax, binary cross-entropy with sigmoid, mean squared error with any other
 * @param input the dimensions of one example, 1 to 3 of them, 0 for one that the model leaves open;
 *     empty if the model does not say them
 */
public record KerasSequential(NetworkDefinition definition, List<Integer> input) {
  public KerasSequential {
    input = List.copyOf(input);
  }

  /** Whether {@code json} is a model of Keras: whatever else it is, it says its {@code class}. */
  public static boolean wrote(String json) {
    try {
      return StrictJson.MAPPER.readTree(json).has("class_name");
    } catch (JsonProcessingException e) {
      return false;
    }
  }

  /**
   * Reads the text of {@code model.to_json()}, or a {@code .keras} file's {@code config.json}.
   *
   * @param name what errors and reports call the network
   * @throws ConfigurationException if the text is not that of a {@code Sequential} model, or has a
   *     layer or a setting that cannot be had here
   */
  public static KerasSequential read(String name, String json) {
    return new Reader("network '" + name + "'").read(name, json);
  }

  /**
   * The network for examples of shape {@code data} in {@code classes} classes.
   *
   * @throws ConfigurationException if the model's input is not of this shape, or as {@link
   *     NetworkDefinition#build}
   */
  public Network build(Shape data, int classes) {
    if (!takes(data)) {
      throw new ConfigurationException(
          "network '%s': its input is %s but the data is %s"
              .formatted(definition.name(), shown(input), data));
    }
    return definition.build(data, classes);
  }

  /**
   * The shape of its examples, if it says all of it: a vector, the rows of an image, or an image.
   */
  public Optional<Shape> shape() {
    if (input.isEmpty() || input.contains(0)) {
      return Optional.empty();
    }
    return Optional.of(
        switch (input.size()) {
          case 1 -> Shape.vector(input.get(0));
          case 2 -> new Shape(input.get(0), input.get(1), 1);
          default -> new Shape(input.get(0), input.get(1), input.get(2));
        });
  }

  /** How many units its last dense layer has; 0 if there is none. */
  public int units() {
    int units = 0;
    for (Layer layer : definition.layers()) {
      units = layer instanceof Dense dense ? dense.units() : units;
    }
    return units;
  }

  private boolean takes(Shape data) {
    List<Integer> found =
        switch (input.size()) {
          case 0 -> List.of();
          case 1 -> List.of(data.size());
          case 2 -> List.of(data.height(), data.width() * data.channels());
          default -> List.of(data.height(), data.width(), data.channels());
        };
    for (int i = 0; i < input.size(); i++) {
      if (input.get(i) != 0 && !input.get(i).equals(found.get(i))) {
        return false;
      }
    }
    return true;
  }

  private static String shown(List<Integer> dimensions) {
    return dimensions.stream()
        .map(each -> each == 0 ? "any" : each.toString())
        .collect(Collectors.joining(" x "));
  }

  /** A layer's place among the model's, for errors. */
  private record Place(int number, String kind, String name) {
    @Override
    public String toString() {
      return "layer %d (%s '%s')".formatted(number, kind, name);
    }
  }

  /** One pass over a model's layers, with the dimensions of what arrives at each. */
  private static final class Reader {
    private final String where;
    private final List<Layer> layers = new ArrayList<>();
    private final List<Integer> input = new ArrayList<>();

    /** How many dimensions the next layer's input has, without the batch's; 0 if not known. */
    private int rank;

    Reader(String where) {
      this.where = where;
    }

    KerasSequential read(String name, String json) {
      JsonNode model = plain(StrictJson.tree(where, json));
      String kind = model.path("class_name").asText();
      if (!kind.equals("Sequential")) {
        throw new ConfigurationException(
            "%s: class_name is '%s' but must be Sequential, as keras.Sequential(...).to_json() writes it"
                .formatted(where, kind));
      }
      JsonNode config = model.path("config");
      JsonNode list = config.isArray() ? config : config.path("layers");
      if (!list.isArray() || list.isEmpty()) {
        throw new ConfigurationException(where + ": it has no layers in 'config.layers'");
      }
      if (config.hasNonNull("build_input_shape")) {
        setInput("build_input_shape", config.get("build_input_shape"));
      }
      refuseUnknown(list);
      int number = 0;
      for (JsonNode layer : list) {
        boolean isInput = layer.path("class_name").asText().equals("InputLayer");
        read(place(isInput ? number : ++number, layer), layer.path("config"));
      }
      return new KerasSequential(new NetworkDefinition(name, layers, loss(model)), input);
    }

    /** Without the wrappings that Keras' versions put around tuples, shapes and functions. */
    private static JsonNode plain(JsonNode node) {
      if (node.isArray()) {
        ArrayNode list = JsonNodeFactory.instance.arrayNode();
        node.forEach(element -> list.add(plain(element)));
        return list;
      }
      if (!node.isObject()) {
        return node;
      }
      String kind = node.path("class_name").asText();
      if (kind.equals("__tuple__") || kind.equals("TensorShape")) {
        return plain(node.has("items") ? node.get("items") : node.path("config"));
      }
      if (kind.equals("function") && node.path("config").isTextual()) {
        return node.get("config");
      }
      ObjectNode mapping = JsonNodeFactory.instance.objectNode();
      node.properties().forEach(field -> mapping.set(field.getKey(), plain(field.getValue())));
      return mapping;
    }

    private static Place place(int number, JsonNode layer) {
      JsonNode registered = layer.path("registered_name");
      String kind = layer.path("class_name").asText("?");
      // A class of the user's own may have the name of one of Keras'.
      boolean custom = registered.asText().contains(">");
      return new Place(
          number,
          custom ? registered.asText() : kind,
          layer.path("config").path("name").asText("?"));
    }

    private void refuseUnknown(JsonNode list) {
      List<Place> unknown = new ArrayList<>();
      int number = 0;
      for (JsonNode layer : list) {
        Place place = place(number + 1, layer);
        if (place.kind().equals("InputLayer")) {
          continue;
        }
        number++;
        if (!KerasLayers.KINDS.containsKey(place.kind()) && !place.kind().equals("Reshape")) {
          unknown.add(place);
        }
      }
      if (!unknown.isEmpty()) {
        throw new ConfigurationException(
            "%s: %s %s not known here%s; known layers: %s, InputLayer, Reshape"
                .formatted(
                    where,
                    unknown.stream().map(Place::toString).collect(Collectors.joining(", ")),
                    unknown.size() == 1 ? "is" : "are",
                    hint(unknown.get(0)),
                    String.join(", ", KerasLayers.KINDS.keySet())));
      }
    }

    private static String hint(Place unknown) {
      return switch (unknown.kind()) {
        case "Rescaling", "Normalization" ->
            " (take it away: pixels come as numbers from 0 to 1; scale other data before training)";
        case "GRU" -> " (DL4J 1.0.0-M2 has no GRU layer; use LSTM or SimpleRNN)";
        default -> "";
      };
    }

    private void read(Place place, JsonNode config) {
      Section section = Section.of(where, JsonNodeFactory.instance.objectNode());
      section = section.at(place.toString(), config);
      common(place, section);
      if (place.kind().equals("InputLayer")) {
        KerasLayers.requireFlag(section, "sparse", false, "sparse examples are not known here");
        KerasLayers.requireFlag(section, "ragged", false, "all examples have one shape");
        KerasLayers.requireFlag(section, "optional", false, "every example has its numbers");
      } else if (place.kind().equals("Reshape")) {
        reshape(place, section);
      } else {
        Layer layer = KerasLayers.KINDS.get(place.kind()).read(section, rank);
        layers.add(layer);
        rank = rankAfter(place, layer);
      }
      section.done();
    }

    private void common(Place place, Section section) {
      section.text("name", null);
      KerasLayers.requireFlag(section, "trainable", true, "every layer is trained here");
      JsonNode dtype = section.value("dtype");
      String type =
          dtype.isObject() ? dtype.path("config").path("name").asText() : dtype.asText("float32");
      if (!dtype.isMissingNode() && !type.equals("float32")) {
        throw new ConfigurationException(
            "%s: %s.dtype is '%s' but must be float32".formatted(where, place, type));
      }
      for (String key : List.of("batch_input_shape", "batch_shape")) {
        JsonNode shape = section.value(key);
        if (!shape.isMissingNode() && layers.isEmpty()) {
          setInput(place + "." + key, shape);
        }
      }
    }

    /** The dimensions after the batch's. */
    private void setInput(String what, JsonNode shape) {
      List<Integer> dimensions = new ArrayList<>();
      for (int i = 1; i < shape.size(); i++) {
        JsonNode each = shape.get(i);
        boolean known = each.isIntegralNumber() && each.canConvertToInt() && each.intValue() > 0;
        if (!known && !each.isNull()) {
          dimensions.clear();
          break;
        }
        dimensions.add(known ? each.intValue() : 0);
      }
      if (!shape.isArray() || dimensions.isEmpty() || dimensions.size() > 3) {
        throw new ConfigurationException(
            "%s: %s is %s but must be the batch's size, null, and then 1 to 3 dimensions: of a vector, of rows, or of an image with its channels last"
                .formatted(where, what, shape));
      }
      input.clear();
      input.addAll(dimensions);
      rank = dimensions.size();
    }

    /** An example of the data set has its image's shape already, so the first layer may say it. */
    private void reshape(Place place, Section section) {
      JsonNode target = section.value("target_shape");
      if (!layers.isEmpty() || input.isEmpty() || input.contains(0)) {
        throw new ConfigurationException(
            "%s: %s: a Reshape can only be the first layer, of an input whose shape is known"
                .formatted(where, place));
      }
      long size = input.stream().mapToLong(Integer::longValue).reduce(1, (a, b) -> a * b);
      long known = 1;
      for (JsonNode each : target) {
        known *= each.asInt() > 0 ? each.asInt() : 1;
      }
      ArrayNode shape = JsonNodeFactory.instance.arrayNode().addNull();
      long product = 1;
      for (JsonNode each : target) {
        long dimension = each.asInt() == -1 ? size / Math.max(1, known) : each.asInt();
        product *= dimension;
        shape.add(dimension);
      }
      if (product != size) {
        throw section.wrong(
            "target_shape", target, "dimensions of %d numbers, as its input has".formatted(size));
      }
      setInput(place + ".target_shape", shape);
    }

    private int rankAfter(Place place, Layer layer) {
      if (layer instanceof Flatten) {
        return 1;
      }
      if (layer instanceof Dense) {
        require(place, 1, "a Flatten before it: on more, Keras' Dense works on the last alone");
        return 1;
      }
      if (layer instanceof Conv2d || layer instanceof Pooling2d) {
        require(place, 3, "an image with its channels");
        return 3;
      }
      if (layer instanceof SimpleRnn rnn) {
        return rankAfter(place, rnn.recurrence());
      }
      if (layer instanceof Lstm lstm) {
        return rankAfter(place, lstm.recurrence());
      }
      if (layer instanceof ActivationLayer activation
          && activation.activation() == Activation.SOFTMAX) {
        require(place, 1, "a Flatten before it");
      }
      return rank;
    }

    private int rankAfter(Place place, Recurrence recurrence) {
      require(place, 2, "time steps with their numbers");
      return recurrence.returnSequences() ? 2 : 1;
    }

    private void require(Place place, int wanted, String remedy) {
      if (rank != 0 && rank != wanted) {
        throw new ConfigurationException(
            "%s: %s: its input has %d dimension%s but must have %d: %s"
                .formatted(where, place, rank, rank == 1 ? "" : "s", wanted, remedy));
      }
    }

    /** As the model was compiled, if it says so. */
    private Loss loss(JsonNode model) {
      JsonNode compiled = model.path("compile_config");
      if (compiled.hasNonNull("loss_weights")) {
        throw new ConfigurationException(
            where + ": compile_config.loss_weights must be null: there is one loss");
      }
      return compiled.hasNonNull("loss")
          ? KerasLayers.loss(Section.of(where + ": compile_config", compiled))
          : lossOfLast();
    }

    private Loss lossOfLast() {
      Layer last = layers.isEmpty() ? null : layers.get(layers.size() - 1);
      Activation activation = Activation.LINEAR;
      if (last instanceof Dense dense) {
        activation = dense.activation();
      } else if (last instanceof ActivationLayer layer) {
        activation = layer.activation();
      }
      return switch (activation) {
        case SOFTMAX -> Loss.CATEGORICAL_CROSSENTROPY;
        case SIGMOID -> Loss.BINARY_CROSSENTROPY;
        default -> Loss.MSE;
      };
    }
  }
}
