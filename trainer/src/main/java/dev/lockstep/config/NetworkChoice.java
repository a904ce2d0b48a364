package dev.lockstep.config;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lockstep.data.Shape;
import dev.lockstep.network.KerasSequential;
import dev.lockstep.network.Network;
import dev.lockstep.network.NetworkDefinition;
import dev.lockstep.yaml.ConfigurationException;
import dev.lockstep.yaml.Section;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;

/** The network that a configuration names or contains. Immutable. */
public sealed interface NetworkChoice {
  /** The names of the networks that come with the program. */
  List<String> SHIPPED = List.of("mlp-512", "lenet", "lstm-rows");

  /** What a network may be, in words. */
  String RULE =
      "a shipped network ("
          + String.join(", ", SHIPPED)
          + "), the path of a .yaml file or of a .json file of Keras or DL4J, or a definition in place:"
          + " {layers: ..., loss: ...}";

  /** The most bytes that a network's file may have. */
  long MOST_BYTES = 16L << 20;

  /** What errors and reports call it. */
  String name();

  /**
   * The network for examples of shape {@code input} in {@code classes} classes.
   *
   * @throws ConfigurationException if it does not fit them
   */
  Network build(Shape input, int classes);

  /** What {@link #read} reads it from in place, every default written out. */
  ObjectNode tree();

  /** Lockstep's own layers and loss. */
  record Defined(NetworkDefinition definition) implements NetworkChoice {
    @Override
    public String name() {
      return definition.name();
    }

    @Override
    public Network build(Shape input, int classes) {
      return definition.build(input, classes);
    }

    @Override
    public ObjectNode tree() {
      ObjectNode tree = JsonNodeFactory.instance.objectNode().put("name", name());
      return tree.setAll(definition.tree());
    }
  }

  /**
   * A DL4J {@code MultiLayerConfiguration}.
   *
   * @param json DL4J's text of it; only {@link #build} looks into it
   */
  record Dl4j(String name, String json) implements NetworkChoice {
    @Override
    public Network build(Shape input, int classes) {
      return Network.fromDl4j(name, json, input, classes);
    }

    @Override
    public ObjectNode tree() {
      return JsonNodeFactory.instance.objectNode().put("name", name).put("dl4j", json);
    }
  }

  /**
   * A {@code Sequential} model of Keras.
   *
   * @param json what its {@code to_json()} wrote; only {@link #build} looks into it
   */
  record Keras(String name, String json) implements NetworkChoice {
    @Override
    public Network build(Shape input, int classes) {
      return KerasSequential.read(name, json).build(input, classes);
    }

    @Override
    public ObjectNode tree() {
      return JsonNodeFactory.instance.objectNode().put("name", name).put("keras", json);
    }
  }

  /**
   * What the key {@code network} of {@code parent} says: the name of a shipped network, the path of
   * a {@code .yaml} file with a definition or of a {@code .json} file with a Keras model or a DL4J
   * configuration (relative to the current directory), or any of them in place: {@code {layers:
   * ..., loss: ...}}, {@code {keras: ...}} or {@code {dl4j: ...}}, the latter two as a mapping or
   * as a text.
   *
   * @param name what a network in place is called that has no {@code name} of its own
   * @throws ConfigurationException if it is none of these
   */
  static NetworkChoice read(Section parent, String name) {
    JsonNode value = parent.value("network");
    if (value.isMissingNode()) {
      throw parent.missing("network", RULE);
    }
    if (value.isObject()) {
      return inPlace(parent.section("network"), name);
    }
    if (!value.isTextual()) {
      throw parent.wrong("network", value, RULE);
    }
    String text = value.textValue();
    if (text.endsWith(".json")) {
      String json = fileText(parent, text);
      return KerasSequential.wrote(json)
          ? new Keras(fileName(text), json)
          : new Dl4j(fileName(text), json);
    }
    if (text.endsWith(".yaml") || text.endsWith(".yml")) {
      return inPlace(Section.parse(text, fileText(parent, text)), fileName(text));
    }
    if (SHIPPED.contains(text)) {
      return inPlace(Section.parse("network '" + text + "'", shippedText(text)), text);
    }
    throw parent.wrong("network", value, RULE, SHIPPED);
  }

  private static NetworkChoice inPlace(Section section, String otherwise) {
    String name = section.text("name", otherwise);
    if (section.has("keras")) {
      return new Keras(name, json(section, "keras", "a Keras model"));
    }
    return section.has("dl4j")
        ? new Dl4j(name, json(section, "dl4j", "a DL4J configuration"))
        : new Defined(NetworkDefinition.read(name, section));
  }

  private static String json(Section section, String key, String what) {
    JsonNode json = section.value(key);
    section.done();
    if (!json.isObject() && !json.isTextual()) {
      throw section.wrong(key, json, what + ", as a mapping or as JSON in a text");
    }
    return json.isTextual() ? json.textValue() : json.toString();
  }

  private static String fileText(Section parent, String file) {
    try {
      Path path = Path.of(file);
      if (!Files.isRegularFile(path)) {
        throw new ConfigurationException(
            "%s: network is '%s' but there is no such file (looked for %s)"
                .formatted(parent.where(), file, path.toAbsolutePath()));
      }
      long bytes = Files.size(path);
      if (bytes > MOST_BYTES) {
        throw new ConfigurationException(
            "%s: network is '%s', which has %d bytes but must have at most %d"
                .formatted(parent.where(), file, bytes, MOST_BYTES));
      }
      return Files.readString(path);
    } catch (CharacterCodingException e) {
      throw new ConfigurationException(
          "%s: network is '%s', which is not text in UTF-8".formatted(parent.where(), file), e);
    } catch (IOException | InvalidPathException e) {
      throw new ConfigurationException(
          "%s: network is '%s', which cannot be read: %s"
              .formatted(parent.where(), file, e.getMessage()),
          e);
    }
  }

  private static String shippedText(String name) {
    try (InputStream resource =
        NetworkChoice.class.getResourceAsStream("/dev/lockstep/conf/networks/" + name + ".yaml")) {
      return new String(resource.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The last part of a path, without its extension. */
  public static String fileName(String path) {
    String file = path.substring(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
    int dot = file.lastIndexOf('.');
    return dot > 0 ? file.substring(0, dot) : file;
  }
}
