package dev.lockstep.spark.cli;

import dev.lockstep.config.Configuration;
import dev.lockstep.config.Retraining;
import dev.lockstep.spark.job.CrossValidationJob;
import dev.lockstep.spark.job.ExistingRun;
import dev.lockstep.spark.storage.Location;
import dev.lockstep.split.Validation;
import dev.lockstep.yaml.ConfigurationException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;

/** Reads the file that {@code --config} names. */
final class ConfigurationFile {
  private static final int MOST_BYTES = 16 << 20;

  private ConfigurationFile() {}

  /**
   * The configuration in the file at {@code path}, with what the command line puts over it.
   *
   * @throws ConfigurationException if it cannot be read or used
   */
  static Configuration read(String path, List<String> overrides) {
    return Configuration.read(path, text(path), overrides);
  }

  /**
   * The section {@code retrain} of the same file.
   *
   * @throws ConfigurationException if it cannot be read or used
   */
  static Retraining retraining(String path, List<String> overrides) {
    return Retraining.read(path, text(path), overrides);
  }

  /**
   * The configuration that the run in {@code directory} keeps.
   *
   * @throws ConfigurationException if there is no run, or it is a cross-validation's
   */
  static Configuration ofRun(Location directory) {
    Location file = directory.child(ExistingRun.CONFIGURATION);
    if (CrossValidationJob.isAt(directory)) {
      throw new ConfigurationException(
          "%s: is the directory of a cross-validation; it goes on with: lockstep cross-validate --resume %s"
              .formatted(directory, directory));
    }
    try (InputStream in = file.open().orElse(null)) {
      if (in == null) {
        throw new ConfigurationException(
            "%s: there is no such run; --resume must name a run's directory, which holds %s"
                .formatted(directory, ExistingRun.CONFIGURATION));
      }
    } catch (IOException e) {
      throw new ConfigurationException(
          "%s: cannot be read: %s; --resume must name a run's directory"
              .formatted(file, e.getMessage()),
          e);
    }
    return read(file.toString(), List.of());
  }

  /**
   * As the other.
   *
   * @param validation if given, takes the place of what the file says
   */
  static Configuration read(String path, List<String> overrides, Optional<Validation> validation) {
    return Configuration.read(path, text(path), overrides, validation);
  }

  private static String text(String path) {
    try (InputStream in = Location.of(path).open().orElse(null)) {
      if (in == null) {
        throw new ConfigurationException(
            path
                + ": there is no such file; --config must name a YAML file that the driver sees: on"
                + " its machine, shipped by spark-submit's --files, or on HDFS");
      }
      byte[] bytes = in.readNBytes(MOST_BYTES + 1);
      if (bytes.length > MOST_BYTES) {
        throw new ConfigurationException(
            "%s: has more than %d bytes, the most that a configuration may have"
                .formatted(path, MOST_BYTES));
      }
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      throw new ConfigurationException(path + ": is not text in UTF-8", e);
    } catch (IOException e) {
      throw new ConfigurationException(
          "%s: cannot be read: %s; --config must name a YAML file".formatted(path, e.getMessage()),
          e);
    }
  }
}
