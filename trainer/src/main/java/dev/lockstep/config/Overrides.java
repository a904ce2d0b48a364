package dev.lockstep.config;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lockstep.yaml.ConfigurationException;
import dev.lockstep.yaml.Section;
import java.util.Arrays;
import java.util.List;

/** What the command line puts over a file: {@code --set key=value}. */
final class Overrides {
  private static final String RULE =
      "--set is '%s' but must be key=value, such as training.epochs=1; %s";

  private Overrides() {}

  /**
   * Applies {@code overrides} to {@code tree}, in their order. Each is a path of keys with dots
   * between them, {@code =}, and a value in YAML. A value on the path that is no mapping is
   * replaced by one, save a list; {@code null} removes the key.
   *
   * @throws ConfigurationException if one has no {@code =}, an empty key, no value or one that is
   *     not YAML, or a path through a list
   */
  static void apply(List<String> overrides, ObjectNode tree) {
    overrides.forEach(override -> apply(override, tree));
  }

  private static void apply(String override, ObjectNode tree) {
    int equals = override.indexOf('=');
    if (equals < 0) {
      throw new ConfigurationException(RULE.formatted(override, "it has no '='"));
    }
    List<String> path =
        Arrays.stream(override.substring(0, equals).split("\\.", -1)).map(String::strip).toList();
    if (path.contains("")) {
      throw new ConfigurationException(RULE.formatted(override, "a key of it is empty"));
    }
    String text = override.substring(equals + 1);
    if (text.isBlank()) {
      throw new ConfigurationException(
          RULE.formatted(override, "nothing follows its '='; null removes a key"));
    }
    JsonNode value = value(override, text);
    ObjectNode parent = tree;
    int last = path.size() - 1;
    for (int depth = 0; depth < last; depth++) {
      JsonNode child = parent.path(path.get(depth));
      if (child.isArray()) {
        String list = String.join(".", path.subList(0, depth + 1));
        throw new ConfigurationException(
            "--set is '%s' but %s is a list; set the whole list: %s=[...]"
                .formatted(override, list, list));
      }
      parent = child.isObject() ? (ObjectNode) child : parent.putObject(path.get(depth));
    }
    if (value.isNull()) {
      parent.remove(path.get(last));
    } else {
      parent.set(path.get(last), value);
    }
  }

  private static JsonNode value(String override, String text) {
    ObjectNode parsed = Section.tree("--set " + override, "value: " + text);
    if (parsed.size() != 1) {
      throw new ConfigurationException(RULE.formatted(override, "its value must be one line"));
    }
    return parsed.get("value");
  }
}
