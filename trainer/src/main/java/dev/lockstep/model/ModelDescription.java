package dev.lockstep.model;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lockstep.data.Shape;
import dev.lockstep.yaml.ConfigurationException;
import dev.lockstep.yaml.Section;
import java.io.IOException;

/**
 * What Lockstep knows about a model beyond its DL4J configuration; the entry {@code lockstep.json}
 * of a {@link ModelArchive}. A value: the trees are copied in and must not be changed after.
 *
 * @param network the network definition as it was configured
 * @param inputShape the shape of one example
 * @param classes how many classes the network tells apart, at least 1
 * @param created facts about how the model came to be, as the caller wants them kept
 * @throws IllegalArgumentException if {@code classes} is not positive
 */
public record ModelDescription(
    ObjectNode network, Shape inputShape, int classes, ObjectNode created) {
  /** The newest format of the archive that this version reads, and the one that it writes. */
  public static final int FORMAT = 1;

  private static final JsonMapper JSON =
      JsonMapper.builder()
          .enable(com.fasterxml.jackson.core.JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  /** Breaks lines in the same way on every system. */
  private static final DefaultPrettyPrinter INDENTED =
      new DefaultPrettyPrinter().withObjectIndenter(new DefaultIndenter("  ", "\n"));

  public ModelDescription {
    if (classes < 1) {
      throw new IllegalArgumentException("classes is " + classes + " but must be > 0");
    }
    network = network.deepCopy();
    created = created.deepCopy();
  }

  byte[] toJson() {
    ObjectNode tree = JSON.createObjectNode();
    tree.put("format", FORMAT);
    tree.set("network", network);
    tree.putObject("inputShape")
        .put("height", inputShape.height())
        .put("width", inputShape.width())
        .put("channels", inputShape.channels());
    tree.put("classes", classes);
    tree.set("created", created);
    try {
      return JSON.writer(INDENTED).writeValueAsBytes(tree);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  static ModelDescription parse(String source, byte[] json) {
    Section section = Section.of(source, tree(source, json));
    int format = section.whole("format", 1);
    if (format > FORMAT) {
      throw new ConfigurationException(
          "%s: the archive has format %d but this version of Lockstep reads formats up to %d; use the version that wrote it, or a newer one"
              .formatted(source, format, FORMAT));
    }
    ObjectNode network = mapping(section, "network");
    Shape inputShape = shape(section.section("inputShape"));
    int classes = section.whole("classes", 1);
    ObjectNode created = mapping(section, "created");
    section.done();
    return new ModelDescription(network, inputShape, classes, created);
  }

  private static JsonNode tree(String source, byte[] json) {
    try {
      JsonNode tree = JSON.readTree(json);
      if (!tree.isObject()) {
        throw new ConfigurationException(source + ": expected a JSON object");
      }
      return tree;
    } catch (JsonProcessingException e) {
      throw new ConfigurationException(
          "%s: not valid JSON: %s".formatted(source, e.getOriginalMessage()), e);
    } catch (IOException e) {
      throw new ConfigurationException("%s: not valid JSON: %s".formatted(source, e), e);
    }
  }

  private static ObjectNode mapping(Section section, String key) {
    JsonNode value = section.value(key);
    if (value.isMissingNode()) {
      throw section.missing(key, "a mapping");
    }
    if (!value.isObject()) {
      throw section.wrong(key, value, "a mapping");
    }
    return (ObjectNode) value;
  }

  private static Shape shape(Section section) {
    int height = section.whole("height", 1);
    int width = section.whole("width", 1);
    int channels = section.whole("channels", 1);
    section.done();
    try {
      return new Shape(height, width, channels);
    } catch (IllegalArgumentException e) {
      throw new ConfigurationException(section.where() + ": " + e.getMessage(), e);
    }
  }
}
