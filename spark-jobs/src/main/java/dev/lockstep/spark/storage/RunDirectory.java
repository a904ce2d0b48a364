package dev.lockstep.spark.storage;

import dev.lockstep.yaml.ConfigurationException;
import java.io.IOException;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;

/**
 * The directory that holds the results of one run. Each file in it is whole or missing, even after
 * a crash. Safe for use by many threads.
 */
public final class RunDirectory {
  private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("uuuuMMdd-HHmmss");
  private static final int MOST_OF_A_SECOND = 1000;

  private final Location location;

  private RunDirectory(Location location) {
    this.location = location;
  }

  /**
   * Creates a directory of its own for a run: {@code output/name-20261123-181502}, or the same with
   * {@code -2}, {@code -3} and so on if it is taken. Processes that do so at once get different
   * ones.
   *
   * @param output where run directories lie: as {@link Location#of}; created if it is missing
   * @param name what the run is called; characters other than letters, digits, {@code . _ -} become
   *     {@code -}
   * @param started when the run started
   * @throws ConfigurationException if the directory cannot be created
   */
  public static RunDirectory create(String output, String name, LocalDateTime started) {
    Location parent = Location.of(output);
    String wanted = name.replaceAll("[^\\p{L}\\p{N}._-]+", "-") + "-" + TIME.format(started);
    try {
      for (int i = 1; i <= MOST_OF_A_SECOND; i++) {
        Location location = parent.child(i == 1 ? wanted : wanted + "-" + i);
        if (location.createDirectory()) {
          return new RunDirectory(location);
        }
      }
    } catch (IOException e) {
      throw new ConfigurationException(
          "cannot create the run directory %s in '%s': %s; choose another --output, one that is or can become a directory and can be written to"
              .formatted(wanted, output, Location.reason(e)),
          e);
    }
    throw new ConfigurationException(
        "'%s' has %d run directories named %s already; choose another --output"
            .formatted(output, MOST_OF_A_SECOND, wanted));
  }

  /**
   * The directory {@code location} for a run, created if it is missing.
   *
   * @throws ConfigurationException if it cannot be created
   */
  public static RunDirectory at(Location location) {
    try {
      location.createDirectory();
      return new RunDirectory(location);
    } catch (IOException e) {
      throw new ConfigurationException(
          "cannot create the directory %s: %s".formatted(location, Location.reason(e)), e);
    }
  }

  /** The directory of a run that began in another process. */
  public static RunDirectory existing(Location location) {
    return new RunDirectory(location);
  }

  /** Where it lies. */
  public Location location() {
    return location;
  }

  /** Writes the file {@code name}, whole or not at all; see {@link Location#write}. */
  public void write(String name, byte[] bytes) throws IOException {
    write(name, out -> out.write(bytes));
  }

  /** Writes the file {@code name}, whole or not at all; see {@link Location#write}. */
  public void write(String name, Content content) throws IOException {
    try {
      location.child(name).write(content);
    } catch (IOException e) {
      throw new IOException(
          "cannot write %s: %s".formatted(location.child(name), Location.reason(e)), e);
    }
  }
}
