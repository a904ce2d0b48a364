package dev.lockstep.spark.registry;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.lockstep.spark.storage.Content;
import dev.lockstep.spark.storage.Location;
import dev.lockstep.spark.storage.StoredFile;
import dev.lockstep.yaml.ConfigurationException;
import dev.lockstep.yaml.Section;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.List;
import java.util.Optional;

/** The registry's own small JSON files. */
final class RegistryFile {
  private static final int MOST_BYTES = 1 << 20;
  private static final JsonMapper JSON = new JsonMapper();

  private RegistryFile() {}

  /** The names of the files {@code 000001.json} and so on in {@code directory}, in order. */
  static List<String> numbered(Location directory) throws IOException {
    return directory.files().orElse(List.of()).stream()
        .map(StoredFile::name)
        .filter(name -> name.matches("[0-9]{6}\\.json"))
        .toList();
  }

  /** The name of file {@code number}. */
  static String name(long number) {
    return "%06d.json".formatted(number);
  }

  /** The number in such a name. */
  static long number(String name) {
    return Long.parseLong(name.substring(0, 6));
  }

  /**
   * Reads a file.
   *
   * @throws ConfigurationException if it is missing or is no JSON object
   */
  static Section read(Location file) throws IOException {
    return find(file)
        .orElseThrow(
            () ->
                new ConfigurationException(
                    file + ": there is no such file; the registry must not be changed by hand"));
  }

  /**
   * Reads a file, if it is there.
   *
   * @throws ConfigurationException if it is no JSON object
   */
  static Optional<Section> find(Location file) throws IOException {
    try (InputStream in = file.open().orElse(null)) {
      return in == null
          ? Optional.empty()
          : Optional.of(
              Section.parse(
                  file.toString(), new String(in.readNBytes(MOST_BYTES), StandardCharsets.UTF_8)));
    }
  }

  /** The moment under {@code key}. */
  static Instant time(Section section, String key) {
    String written = section.text(key);
    try {
      return Instant.parse(written);
    } catch (DateTimeParseException e) {
      throw section.wrong(key, TextNode.valueOf(written), "a time such as 2026-11-22T02:00:00Z");
    }
  }

  /** What a file is to hold so that {@link #read} gives {@code json}. */
  static Content content(JsonNode json) {
    return out -> out.write((write(json) + "\n").getBytes(StandardCharsets.UTF_8));
  }

  private static String write(JsonNode json) throws JsonProcessingException {
    return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(json);
  }

  /** The error of a file system that does not do what a registry needs. */
  static ConfigurationException unreadable(Location location, IOException e) {
    return new ConfigurationException(
        "%s: cannot be read: %s".formatted(location, Location.reason(e)), e);
  }
}
