package dev.lockstep.yaml;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.exc.MismatchedInputException;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLParser;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.DoublePredicate;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * One mapping of a YAML file, read strictly. Each getter marks its key as known; {@link #done()}
 * refuses whatever was not asked for, with the nearest known key. A missing key and an explicit
 * {@code null} both give the default.
 *
 * <p>Not thread-safe.
 */
public final class Section {
  private static final YAMLMapper YAML =
      YAMLMapper.builder(new YAMLFactory())
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(com.fasterxml.jackson.core.JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
          .disable(YAMLParser.Feature.PARSE_BOOLEAN_LIKE_WORDS_AS_STRINGS)
          .build();

  private final String source;
  private final String path;
  private final JsonNode node;
  private final Set<String> known = new LinkedHashSet<>();

  /** The paths of all keys that were asked for in the text, shared by its sections. */
  private final Set<String> paths;

  private Section(String source, String path, JsonNode node, Set<String> paths) {
    this.source = source;
    this.path = path;
    this.node = node;
    this.paths = paths;
  }

  /**
   * Parses YAML (or JSON, which is YAML) that must hold one mapping.
   *
   * @param source what errors call the text: the file's name
   * @throws ConfigurationException if the text is not YAML, repeats a key or is not a mapping
   */
  public static Section parse(String source, String text) {
    return of(source, tree(source, text));
  }

  /** The tree of a YAML text; an empty text is an empty mapping. */
  public static ObjectNode tree(String source, String text) {
    try {
      refuseAliases(source, text);
      JsonNode tree = YAML.readTree(text);
      if (tree == null || tree.isMissingNode() || tree.isNull()) {
        return YAML.createObjectNode();
      }
      if (!tree.isObject()) {
        throw new ConfigurationException(
            source + ": expected a mapping of keys to values, found " + kind(tree));
      }
      return (ObjectNode) tree;
    } catch (MismatchedInputException e) {
      throw new ConfigurationException(
          source + ": expected one YAML document, found another after it (after '---')", e);
    } catch (JsonProcessingException e) {
      throw new ConfigurationException(
          "%s: not valid YAML at line %d, column %d: %s"
              .formatted(
                  source,
                  e.getLocation() == null ? 0 : e.getLocation().getLineNr(),
                  e.getLocation() == null ? 0 : e.getLocation().getColumnNr(),
                  unindented(e.getOriginalMessage())),
          e);
    } catch (IOException e) {
      throw new UncheckedIOException("a text in memory can be read", e);
    }
  }

  private static void refuseAliases(String source, String text) throws IOException {
    try (YAMLParser parser = YAML.getFactory().createParser(text)) {
      while (parser.nextToken() != null) {
        if (parser.isCurrentAlias()) {
          throw new ConfigurationException(
              "%s: line %d has the alias '*%s' but aliases are not read; write the value itself"
                  .formatted(source, parser.getTokenLocation().getLineNr(), parser.getText()));
        }
      }
    }
  }

  /** The parser's sentences without its indented excerpts of the file. */
  private static String unindented(String message) {
    return message.lines().filter(line -> !line.startsWith(" ")).collect(Collectors.joining(": "));
  }

  /** The mapping {@code tree}; {@code source} is what errors call its file. */
  public static Section of(String source, JsonNode tree) {
    return new Section(source, "", tree, new LinkedHashSet<>());
  }

  /**
   * The mapping of a record's components to their values, in their order, as Jackson's annotations
   * on them say.
   */
  public static ObjectNode tree(Object value) {
    return YAML.valueToTree(value);
  }

  /** The tree as YAML text, keys in their order. */
  public static String write(JsonNode tree) {
    try {
      return YAML.writeValueAsString(tree);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Where this mapping stands: the file's name and the path of keys. */
  public String where() {
    return path.isEmpty() ? source : source + ": " + path;
  }

  /** Whether {@code key} has a value. */
  public boolean has(String key) {
    return !value(key).isMissingNode();
  }

  /** Whether {@code key} is written here, with a value or none; that does not make it known. */
  public boolean holds(String key) {
    return node.has(key);
  }

  /** The raw value of {@code key}; {@link MissingNode} if it has none. */
  public JsonNode value(String key) {
    known.add(key);
    paths.add(child(key));
    JsonNode value = node.get(key);
    return value == null || value.isNull() ? MissingNode.getInstance() : value;
  }

  /** The mapping under {@code key}; an empty one if it is missing. */
  public Section section(String key) {
    JsonNode value = value(key);
    if (!value.isMissingNode() && !value.isObject()) {
      throw wrong(key, value, "a mapping");
    }
    return new Section(
        source, child(key), value.isMissingNode() ? YAML.createObjectNode() : value, paths);
  }

  /** The elements of the list under {@code key}, each a text or a mapping of its own. */
  public List<JsonNode> list(String key) {
    JsonNode value = value(key);
    if (value.isMissingNode()) {
      return List.of();
    }
    if (!value.isArray()) {
      throw wrong(key, value, "a list");
    }
    List<JsonNode> elements = new ArrayList<>();
    value.forEach(elements::add);
    return List.copyOf(elements);
  }

  /** A mapping that stands inside this one, at {@code place} (for errors). */
  public Section at(String place, JsonNode tree) {
    return new Section(source, child(place), tree, new LinkedHashSet<>());
  }

  /** The text under {@code key}, or {@code otherwise}. */
  public String text(String key, String otherwise) {
    JsonNode value = value(key);
    if (value.isMissingNode()) {
      return otherwise;
    }
    if (value.isContainerNode()) {
      throw wrong(key, value, "a text");
    }
    return value.asText();
  }

  /** The text under {@code key}, which must be there. */
  public String text(String key) {
    return required(key, text(key, null), "a text");
  }

  /** True or false under {@code key}, or {@code otherwise}. */
  public boolean flag(String key, boolean otherwise) {
    JsonNode value = value(key);
    if (value.isMissingNode()) {
      return otherwise;
    }
    if (!value.isBoolean()) {
      throw wrong(key, value, "true or false");
    }
    return value.booleanValue();
  }

  /**
   * The whole number under {@code key}, from {@code least} to {@code most}, or {@code otherwise}.
   */
  public long whole(String key, long otherwise, long least, long most) {
    JsonNode value = value(key);
    if (value.isMissingNode()) {
      return otherwise;
    }
    boolean bounded =
        most < Integer.MAX_VALUE || value.isIntegralNumber() && value.asDouble() > most;
    String rule =
        bounded
            ? "a whole number from " + least + " to " + most
            : "a whole number of at least " + least;
    if (!value.isIntegralNumber()
        || !value.canConvertToLong()
        || value.longValue() < least
        || value.longValue() > most) {
      throw wrong(key, value, rule);
    }
    return value.longValue();
  }

  /** The whole number of at least {@code least} under {@code key}, or {@code otherwise}. */
  public int whole(String key, int otherwise, int least) {
    return (int) whole(key, otherwise, least, Integer.MAX_VALUE);
  }

  /** The whole number of at least {@code least} under {@code key}, which must be there. */
  public int whole(String key, int least) {
    if (!has(key)) {
      throw missing(key, "a whole number of at least " + least);
    }
    return whole(key, 0, least);
  }

  /**
   * The number under {@code key}, or {@code otherwise}.
   *
   * @param rule what the number must be, in words: {@code "a number > 0"}
   */
  public double number(String key, double otherwise, String rule, DoublePredicate allowed) {
    JsonNode value = value(key);
    if (value.isMissingNode()) {
      return otherwise;
    }
    if (!value.isNumber()
        || !Double.isFinite(value.doubleValue())
        || !allowed.test(value.doubleValue())) {
      throw wrong(key, value, rule);
    }
    return value.doubleValue();
  }

  /** The one of {@code choices} that {@code key} names by {@code name}, or {@code otherwise}. */
  public <T> T choice(String key, T otherwise, List<T> choices, Function<T, String> name) {
    JsonNode value = value(key);
    if (value.isMissingNode()) {
      return otherwise;
    }
    if (!value.isContainerNode()) {
      for (T choice : choices) {
        if (name.apply(choice).equals(value.asText())) {
          return choice;
        }
      }
    }
    List<String> names = choices.stream().map(name).toList();
    throw wrong(key, value, "one of " + String.join(", ", names), names);
  }

  /**
   * Refuses every key that no getter asked for, with the one of that name elsewhere in the text, or
   * the nearest known one.
   */
  public void done() {
    node.fieldNames()
        .forEachRemaining(
            key -> {
              if (!known.contains(key)) {
                throw new ConfigurationException(
                    "%s: unknown key '%s'%s; known here: %s"
                        .formatted(
                            where(),
                            key,
                            elsewhere(key).orElseGet(() -> suggestion(key, known)),
                            known.stream().sorted().collect(Collectors.joining(", "))));
              }
            });
  }

  /** A suggestion of the key of this name that stands elsewhere, unless there is one here. */
  private Optional<String> elsewhere(String key) {
    String name = folded(key);
    if (known.stream().anyMatch(each -> folded(each).equals(name))) {
      return Optional.empty();
    }
    return paths.stream()
        .filter(each -> folded(each.substring(each.lastIndexOf('.') + 1)).equals(name))
        .findFirst()
        .map(Section::question);
  }

  /** An error about {@code key}: {@code rule} is what its value must be. */
  public ConfigurationException wrong(String key, JsonNode value, String rule) {
    return wrong(key, value, rule, List.of());
  }

  /** As the other, with the nearest of {@code names} if the value is near one. */
  public ConfigurationException wrong(
      String key, JsonNode value, String rule, Iterable<String> names) {
    return new ConfigurationException(
        "%s is %s but must be %s%s"
            .formatted(
                name(key),
                shown(value),
                rule,
                value.isContainerNode() ? "" : suggestion(value.asText(), names)));
  }

  /** An error about a mapping that has none of {@code keys}, with the one that may be meant. */
  public ConfigurationException missing(List<String> keys) {
    List<String> found = keys();
    return new ConfigurationException(
        "%s: has %s but must have one of %s%s"
            .formatted(
                where(),
                found.isEmpty() ? "no key" : "the keys " + String.join(", ", found),
                String.join(", ", keys),
                found.stream()
                    .map(key -> suggestion(key, keys))
                    .filter(near -> !near.isEmpty())
                    .findFirst()
                    .orElse("")));
  }

  private List<String> keys() {
    List<String> keys = new ArrayList<>();
    node.fieldNames().forEachRemaining(keys::add);
    return keys;
  }

  /** An error about the missing {@code key}, with the key that may have been meant to be it. */
  public ConfigurationException missing(String key, String rule) {
    List<String> unread = keys();
    unread.removeAll(known);
    String near =
        unread.stream()
            .filter(each -> !suggestion(each, List.of(key)).isEmpty())
            .findFirst()
            .map(each -> "; found '%s'%s".formatted(each, question(key)))
            .orElse("");
    return new ConfigurationException(
        "%s: '%s' is missing; it must be %s%s".formatted(where(), key, rule, near));
  }

  /** {@code value} if there is one. */
  private <T> T required(String key, T value, String rule) {
    if (value == null) {
      throw missing(key, rule);
    }
    return value;
  }

  /**
   * "; did you mean 'x'?" for the name of {@code names} nearest to {@code found}, or nothing if
   * none is near. Case, hyphens and underscores do not count; {@code val_acc} abbreviates each word
   * of {@code validation.accuracy}. A name is near, too, if one of the two begins with the other,
   * or {@code found} has the initials of its words: {@code lr}.
   */
  public static String suggestion(String found, Iterable<String> names) {
    String nearest = null;
    int least = Math.max(2, found.length() / 3) + 1;
    for (String name : names) {
      int distance = abbreviates(found, name) ? 1 : distance(folded(found), folded(name));
      if (distance < least) {
        least = distance;
        nearest = name;
      }
    }
    return nearest == null ? "" : question(nearest);
  }

  private static String question(String name) {
    return "; did you mean '" + name + "'?";
  }

  private static boolean abbreviates(String found, String name) {
    String one = folded(found);
    String other = folded(name);
    boolean begins = one.startsWith(other) || other.startsWith(one);
    String initials = name.replaceAll("(?<=[A-Za-z0-9])[a-z0-9]|[-_ ]", "");
    return begins && Math.min(one.length(), other.length()) >= 3
        || initials.length() >= 2 && initials.equalsIgnoreCase(found)
        || abbreviatesEachWord(found, name);
  }

  /** As {@code val_acc} does validation.accuracy. */
  private static boolean abbreviatesEachWord(String found, String name) {
    String[] shorter = found.toLowerCase(Locale.ROOT).split("[-_. ]");
    String[] words = name.toLowerCase(Locale.ROOT).split("[-_. ]");
    return words.length > 1
        && shorter.length == words.length
        && IntStream.range(0, words.length)
            .allMatch(i -> shorter[i].length() >= 3 && words[i].startsWith(shorter[i]));
  }

  private static String folded(String name) {
    return name.toLowerCase(Locale.ROOT).replaceAll("[-_ ]", "");
  }

  /** Levenshtein's distance. */
  private static int distance(String a, String b) {
    int[] row = new int[b.length() + 1];
    for (int j = 0; j <= b.length(); j++) {
      row[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        int replaced = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(replaced, Math.min(row[j], row[j - 1]) + 1);
      }
    }
    return row[b.length()];
  }

  private String name(String key) {
    return source + ": " + child(key);
  }

  private String child(String key) {
    return path.isEmpty() ? key : path + "." + key;
  }

  private static String shown(JsonNode value) {
    return value.isContainerNode() ? kind(value) : "'" + value.asText() + "'";
  }

  private static String kind(JsonNode value) {
    if (value.isObject()) {
      return "a mapping";
    }
    return value.isArray() ? "a list" : "'" + value.asText() + "'";
  }
}
