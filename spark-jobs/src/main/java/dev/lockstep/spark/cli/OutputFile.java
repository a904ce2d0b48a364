package dev.lockstep.spark.cli;

import dev.lockstep.spark.storage.Content;
import dev.lockstep.spark.storage.Location;
import dev.lockstep.yaml.ConfigurationException;
import java.io.IOException;
import java.io.UncheckedIOException;

/** The file that a command writes its result to, checked before the work begins. */
record OutputFile(Location location) {
  /**
   * The file of the option {@code --output}.
   *
   * @throws ConfigurationException if it cannot be written
   */
  static OutputFile of(String output) {
    Location file = Location.of(output);
    try {
      file.prepare();
    } catch (IOException e) {
      throw new ConfigurationException(
          "--output cannot be written: %s; name a file in a directory that can be written to"
              .formatted(Location.reason(e)),
          e);
    }
    return new OutputFile(file);
  }

  /** Writes it, whole or not at all. */
  void write(Content content) {
    try {
      location.write(content);
    } catch (IOException e) {
      throw new UncheckedIOException(
          "cannot write %s: %s".formatted(location, Location.reason(e)), e);
    }
  }
}
