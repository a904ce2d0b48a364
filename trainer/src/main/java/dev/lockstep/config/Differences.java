package dev.lockstep.config;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Tells two trees apart, key by key.
 *
 * @param here what lines call the first
 * @param there what they call the second
 */
record Differences(String here, String there) {
  private static final int LONGEST = 80;

  /** A line for each key that has not the same value in both, in the keys' order. */
  List<String> between(JsonNode first, JsonNode second) {
    List<String> lines = new ArrayList<>();
    collect("", first, second, lines);
    return lines;
  }

  private void collect(String path, JsonNode first, JsonNode second, List<String> lines) {
    if (first.isObject() && second.isObject()) {
      Set<String> keys = new LinkedHashSet<>();
      first.fieldNames().forEachRemaining(keys::add);
      second.fieldNames().forEachRemaining(keys::add);
      for (String key : keys) {
        String child = path.isEmpty() ? key : path + "." + key;
        collect(child, first.path(key), second.path(key), lines);
      }
    } else if (!first.equals(second)) {
      lines.add("%s: %s %s, %s %s".formatted(path, shown(first), here, shown(second), there));
    }
  }

  private static String shown(JsonNode value) {
    String text =
        value.isMissingNode() ? "nothing" : value.isTextual() ? value.asText() : value.toString();
    return text.length() > LONGEST ? text.substring(0, LONGEST) + "..." : text;
  }
}
