package dev.lockstep.network;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import dev.lockstep.yaml.ConfigurationException;
import java.util.Map;
import java.util.regex.Pattern;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;

/**
 * Parses DL4J's JSON without loading a class that is not DL4J's. DL4J's own parser takes a class's
 * name from the text and loads, thereby initialises, whatever class it names, before it looks
 * whether it is a layer at all.
 */
final class Dl4jJson {
  /** One plain name, without the type arguments that Jackson would load too. */
  private static final Pattern OF_DL4J =
      Pattern.compile("(org\\.deeplearning4j\\.nn\\.|org\\.nd4j\\.linalg\\.)[A-Za-z0-9_.$]+");

  private final String where;

  /** A parser whose errors begin with {@code where}. */
  Dl4jJson(String where) {
    this.where = where;
  }

  MultiLayerConfiguration parse(String json) {
    JsonNode tree = StrictJson.tree(where, json);
    requireLayers(tree);
    refuseForeignClasses("", tree);
    try {
      // What was checked is what DL4J reads: the tree written again, not the text.
      return MultiLayerConfiguration.fromJson(StrictJson.MAPPER.writeValueAsString(tree));
    } catch (JsonProcessingException | RuntimeException e) {
      throw new ConfigurationException(
          where + ": DL4J cannot read this configuration: " + reason(e), e);
    }
  }

  private void requireLayers(JsonNode tree) {
    if (tree.has("vertices")) {
      throw new ConfigurationException(
          where + ": it is a ComputationGraphConfiguration but must be a MultiLayerConfiguration");
    }
    if (!tree.path("confs").isArray() || tree.path("confs").isEmpty()) {
      throw new ConfigurationException(
          where
              + ": it must be what MultiLayerConfiguration.toJson() writes, with its layers in "
              + "'confs'");
    }
  }

  /** A name of a class can stand under two keys, and as an element of a list. */
  private void refuseForeignClasses(String key, JsonNode node) {
    boolean named = key.equals("@class") || key.equals("type");
    if (named && !OF_DL4J.matcher(node.asText()).matches()) {
      throw foreign(key, node);
    }
    if (node.isArray()) {
      for (JsonNode element : node) {
        if (element.asText().contains(".")
            && element.isTextual()
            && !OF_DL4J.matcher(element.textValue()).matches()) {
          throw foreign(key, element);
        }
        refuseForeignClasses("", element);
      }
    }
    for (Map.Entry<String, JsonNode> field : node.properties()) {
      refuseForeignClasses(field.getKey(), field.getValue());
    }
  }

  private ConfigurationException foreign(String key, JsonNode node) {
    return new ConfigurationException(
        "%s: %s is %s but must be a class of DL4J's: org.deeplearning4j.nn.* or org.nd4j.linalg.*"
            .formatted(where, key, node));
  }

  /** The first line of the innermost message. */
  static String reason(Throwable e) {
    Throwable cause = e;
    while (cause.getCause() != null) {
      cause = cause.getCause();
    }
    String message = cause.getMessage() == null ? cause.toString() : cause.getMessage();
    return message.lines().findFirst().orElse(cause.toString());
  }
}
