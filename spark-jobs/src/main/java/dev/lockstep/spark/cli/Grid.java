package dev.lockstep.spark.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lockstep.yaml.ConfigurationException;
import dev.lockstep.yaml.Section;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** What {@code --grid KEY=V1,V2} says. */
final class Grid {
  private static final int MOST_CANDIDATES = 1000;

  private Grid() {}

  /**
   * The settings of every candidate, {@code key=value} each: each value of the first key with each
   * of the second and so on, the last key's changing fastest. One candidate without settings if
   * there is no grid.
   *
   * @param grid each a key and values in YAML with commas between them, such as {@code
   *     network=mlp-512,lenet}
   * @throws ConfigurationException if one is not, two have the same key, or there are too many
   *     candidates
   */
  static List<List<String>> candidates(List<String> grid) {
    List<List<String>> candidates = List.of(List.of());
    Set<String> keys = new HashSet<>();
    for (String axis : grid) {
      if (!keys.add(key(axis))) {
        throw new ConfigurationException(
            "--grid gives values of '%s' twice; give them all in one, with commas between them"
                .formatted(key(axis)));
      }
      List<String> settings = settings(axis);
      if ((long) candidates.size() * settings.size() > MOST_CANDIDATES) {
        throw new ConfigurationException(
            "--grid makes more than %d candidates; leave values out".formatted(MOST_CANDIDATES));
      }
      candidates =
          candidates.stream()
              .flatMap(candidate -> settings.stream().map(setting -> with(candidate, setting)))
              .toList();
    }
    return candidates;
  }

  private static List<String> with(List<String> candidate, String setting) {
    List<String> more = new ArrayList<>(candidate);
    more.add(setting);
    return List.copyOf(more);
  }

  private static String key(String axis) {
    String key = axis.substring(0, Math.max(0, axis.indexOf('='))).strip();
    if (key.isEmpty()) {
      throw malformed(axis);
    }
    return key;
  }

  private static ConfigurationException malformed(String axis) {
    return new ConfigurationException(
        "--grid is '%s' but must be key=value,value..., such as training.batchSize=64,128"
            .formatted(axis));
  }

  private static List<String> settings(String axis) {
    String key = key(axis);
    String written = axis.substring(axis.indexOf('=') + 1);
    JsonNode tree = Section.tree("--grid " + axis, "values: [" + written + "]");
    JsonNode values = tree.path("values");
    if (tree.size() != 1 || !values.isArray() || values.isEmpty()) {
      throw malformed(axis);
    }
    List<String> settings = new ArrayList<>();
    values.forEach(value -> settings.add(key + "=" + written(value)));
    if (settings.stream().distinct().count() < settings.size()) {
      throw new ConfigurationException("--grid is '%s' and repeats a value".formatted(axis));
    }
    return settings;
  }

  /** JSON is YAML; a text without need of quotes goes without, for it is printed too. */
  private static String written(JsonNode value) {
    boolean plain = value.isTextual() && value.textValue().matches("[A-Za-z][A-Za-z0-9_./-]*");
    return plain ? value.textValue() : value.toString();
  }
}
