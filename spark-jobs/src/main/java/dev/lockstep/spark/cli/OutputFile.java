package dev.lockstep.spark.cli;

import dev.lockstep.spark.storage.Content;
import dev.lockstep.spark.storage.Location;
import dev.lockstep.yaml.ConfigurationException;
import java.io.IOException;
import java.io.UncheckedIOException;

/** The file that a command writes its result to, checked before the work begins. */
record OutputFile(Location location) {
  /**
   * The file {@code path}.
   *
   * @param option what names it on the command line, for messages
   * @throws ConfigurationException if it cannot be written
   */
  static OutputFile of(String option, String path) {
    Location file = Location.of(path);
    try {
      file.prepare();
    } catch (IOException e) {
      throw new ConfigurationException(
          "%s cannot be written: %s; name a file in a directory that can be written to"
              .formatted(option, Location.reason(e)),
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
