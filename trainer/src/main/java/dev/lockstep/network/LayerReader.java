package dev.lockstep.network;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.lockstep.yaml.ConfigurationException;
import dev.lockstep.yaml.Section;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * Reads the list of layers: each element is a layer's name, or one name with a mapping of its
 * settings.
 */
final class LayerReader {
  private static final SortedMap<String, Function<Section, Layer>> KINDS =
      new TreeMap<>(
          Map.of(
              "dense", Dense::read,
              "conv2d", Conv2d::read,
              "max_pooling2d", section -> Pooling2d.read(Pooling2d.Statistic.MAX, section),
              "average_pooling2d", section -> Pooling2d.read(Pooling2d.Statistic.AVERAGE, section),
              "flatten", section -> new Flatten(),
              "dropout", Dropout::read,
              "batch_normalization", BatchNormalization::read,
              "simple_rnn", SimpleRnn::read,
              "lstm", Lstm::read,
              "activation", ActivationLayer::read));

  private LayerReader() {}

  static List<Layer> read(Section section) {
    List<JsonNode> elements = section.list("layers");
    if (elements.isEmpty()) {
      throw section.missing("layers", "a list of at least one layer");
    }
    return IntStream.range(0, elements.size())
        .mapToObj(i -> read(section, i + 1, elements.get(i)))
        .toList();
  }

  private static Layer read(Section section, int number, JsonNode element) {
    if (element.isTextual()) {
      return read(section, number, element.textValue(), JsonNodeFactory.instance.objectNode());
    }
    if (!element.isObject() || element.size() != 1) {
      throw new ConfigurationException(
          "%s: layer %d must be one layer's name, with its settings indented under it, but is %s"
              .formatted(section.where(), number, element));
    }
    Iterator<Map.Entry<String, JsonNode>> fields = element.fields();
    Map.Entry<String, JsonNode> field = fields.next();
    return read(section, number, field.getKey(), field.getValue());
  }

  private static Layer read(Section section, int number, String kind, JsonNode settings) {
    Function<Section, Layer> reader = KINDS.get(kind);
    if (reader == null) {
      throw unknown(section, number, kind);
    }
    String place = "layer %d (%s)".formatted(number, kind);
    Section layer = section.at(place, mapping(section, place, kind, settings));
    Layer read = reader.apply(layer);
    layer.done();
    return read;
  }

  /** The settings as a mapping; {@code activation: relu} is short for the one it has. */
  private static JsonNode mapping(Section section, String place, String kind, JsonNode settings) {
    if (settings.isNull()) {
      return JsonNodeFactory.instance.objectNode();
    }
    if (kind.equals("activation") && settings.isTextual()) {
      return JsonNodeFactory.instance.objectNode().set("activation", settings);
    }
    if (!settings.isObject()) {
      throw section.wrong(place, settings, "a mapping of settings to values");
    }
    return settings;
  }

  private static ConfigurationException unknown(Section section, int number, String kind) {
    if (kind.equals("gru")) {
      return new ConfigurationException(
          "%s: layer %d (gru): DL4J 1.0.0-M2 has no GRU layer; use lstm or simple_rnn"
              .formatted(section.where(), number));
    }
    return new ConfigurationException(
        "%s: layer %d: unknown layer '%s'%s; known layers: %s"
            .formatted(
                section.where(),
                number,
                kind,
                Section.suggestion(kind, KINDS.keySet()),
                String.join(", ", KINDS.keySet())));
  }
}
