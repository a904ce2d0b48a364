package dev.lockstep.spark.registry;

import dev.lockstep.spark.storage.Location;
import dev.lockstep.yaml.ConfigurationException;

/** What a user writes for a model: a path, or {@code registry:<directory>/champion|<version>}. */
public final class ModelReference {
  private static final String SCHEME = "registry:";

  private ModelReference() {}

  /**
   * Where the model lies that {@code written} names now: the champion's directory, or that of the
   * version; for all else {@link Location#of}.
   *
   * @throws ConfigurationException if the registry has no such model, or it is not such a name
   */
  public static Location resolve(String written) {
    if (!written.startsWith(SCHEME)) {
      return Location.of(written);
    }
    int slash = written.lastIndexOf('/');
    String which = written.substring(slash + 1);
    if (slash <= SCHEME.length() || !which.matches("champion|[1-9][0-9]{0,5}")) {
      throw new ConfigurationException(
          "'%s' names no model of a registry; expected registry:<directory>/champion or registry:<directory>/<version>"
              .formatted(written));
    }
    ModelRegistry registry =
        new ModelRegistry(Location.of(written.substring(SCHEME.length(), slash)));
    return registry.version(
        which.equals("champion") ? champion(registry).version() : Integer.parseInt(which));
  }

  private static Champion champion(ModelRegistry registry) {
    return registry
        .champion()
        .orElseThrow(
            () ->
                new ConfigurationException(
                    "%s: there is no champion yet".formatted(registry.location())));
  }
}
