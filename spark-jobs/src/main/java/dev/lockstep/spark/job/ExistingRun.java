package dev.lockstep.spark.job;

import dev.lockstep.config.Configuration;
import dev.lockstep.spark.storage.Location;
import dev.lockstep.yaml.ConfigurationException;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Optional;

/**
 * A run that began in another process.
 *
 * @param directory where its files lie
 * @param configuration what it was told to do, workers included
 */
public record ExistingRun(Location directory, Configuration configuration) {
  /** The name of the configuration's file in a run directory. */
  public static final String CONFIGURATION = "configuration.yaml";

  /**
   * The configuration to go on with if a user now says {@code now}.
   *
   * @throws ConfigurationException if that would change the result, with each difference
   */
  public Configuration goingOnAs(Configuration now) {
    refuse(directory, configuration.differences("in the run", now, "now"));
    return configuration.placed(
        now.workers().isPresent() ? now.workers() : configuration.workers(),
        now.workerLoss(),
        now.checkpoints());
  }

  /** Fails if there is a difference to the run in {@code directory}. */
  static void refuse(Location directory, List<String> differences) {
    if (!differences.isEmpty()) {
      throw new ConfigurationException(
          "%s cannot go on as something else:\n  - %s\nresume it as it was begun, without --config and --set, or train anew without --resume"
              .formatted(directory, String.join("\n  - ", differences)));
    }
  }

  /**
   * Whether it has ended, with all its results.
   *
   * @throws ConfigurationException if that cannot be told
   */
  boolean hasEnded() {
    return has(Manifest.NAME);
  }

  /**
   * Makes sure that there is something left to do for the run in {@code directory}.
   *
   * @throws RunEndedException if it has ended, with all its results
   * @throws ConfigurationException if that cannot be told
   */
  public static void requireUnended(Location directory) {
    if (has(directory, Manifest.NAME)) {
      throw new RunEndedException(directory);
    }
  }

  /**
   * Whether it has begun here at all.
   *
   * @throws ConfigurationException if that cannot be told
   */
  boolean hasBegun() {
    return has(CONFIGURATION);
  }

  /**
   * What a user can do where {@code directory} lacks a file of a run that has ended: a clause that
   * begins with a semicolon, or nothing.
   */
  static String remedy(Location directory) {
    boolean validation = CrossValidationJob.isAt(directory);
    if (!validation && !has(directory, CONFIGURATION)) {
      return "";
    }
    String command = validation ? "cross-validate" : "train";
    if (has(directory, Manifest.NAME)) {
      return validation
          ? "; of a cross-validation, final/ is such a run, made with --final-model"
          : "";
    }
    return "; the run there has not ended, and goes on with: lockstep %s --resume %s"
        .formatted(command, directory);
  }

  private boolean has(String name) {
    return has(directory, name);
  }

  static boolean has(Location directory, String name) {
    try {
      Optional<InputStream> file = directory.child(name).open();
      if (file.isPresent()) {
        file.get().close();
      }
      return file.isPresent();
    } catch (IOException e) {
      throw new ConfigurationException(
          "%s: cannot be read: %s".formatted(directory, e.getMessage()), e);
    }
  }
}
