package dev.lockstep.spark.registry;

import dev.lockstep.spark.storage.Location;
import dev.lockstep.spark.storage.StoredFile;
import dev.lockstep.yaml.ConfigurationException;
import dev.lockstep.yaml.Section;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;

/**
 * A directory of models: {@code versions/000001} and so on, each with the files of its run, and
 * {@code champions/000001.json} and so on, the history of champions. That history only grows, by
 * files that one process alone can create, so that no champion has two successors. Safe for use by
 * many threads and processes.
 *
 * @param location where it lies
 */
public record ModelRegistry(Location location) {
  private static final int MOST_BYTES = 1 << 16;
  private static final String NUMBER = "%06d";

  /**
   * The champion in force.
   *
   * @return empty if there has been none yet
   * @throws ConfigurationException if it cannot be read
   */
  public Optional<Champion> champion() {
    try {
      List<String> entries =
          champions().files().orElse(List.of()).stream()
              .map(StoredFile::name)
              .filter(name -> name.matches("[0-9]{6}\\.json"))
              .toList();
      return entries.isEmpty()
          ? Optional.empty()
          : Optional.of(read(entries.get(entries.size() - 1)));
    } catch (IOException e) {
      throw new ConfigurationException(
          "%s: cannot be read: %s".formatted(location, Location.reason(e)), e);
    }
  }

  private Champion read(String name) throws IOException {
    Location file = champions().child(name);
    try (InputStream in = file.open().orElseThrow(() -> new IOException(file + " is missing"))) {
      Section entry =
          Section.parse(
              file.toString(), new String(in.readNBytes(MOST_BYTES), StandardCharsets.UTF_8));
      int version = entry.whole("version", 1);
      entry.done();
      return new Champion(Long.parseLong(name.substring(0, 6)), version);
    }
  }

  /**
   * Makes {@code version} the successor of {@code parent}.
   *
   * @param parent the champion that it was compared with; empty if there was none
   * @return false if {@code parent} has a successor already: nothing has changed then
   * @throws IOException if the registry cannot be written to
   */
  public boolean promote(int version, Optional<Champion> parent) throws IOException {
    version(version);
    champions().createDirectory();
    long sequence = parent.map(Champion::sequence).orElse(0L) + 1;
    byte[] entry = "{\"version\":%d}\n".formatted(version).getBytes(StandardCharsets.UTF_8);
    return champions()
        .child((NUMBER + ".json").formatted(sequence))
        .create(out -> out.write(entry));
  }

  /**
   * Where the files of {@code version} lie.
   *
   * @throws ConfigurationException if there is no such version
   */
  public Location version(int version) {
    Location directory = location.child("versions").child(NUMBER.formatted(version));
    try {
      if (directory.files().isPresent()) {
        return directory;
      }
    } catch (IOException e) {
      throw new ConfigurationException(
          "%s: cannot be read: %s".formatted(directory, Location.reason(e)), e);
    }
    throw new ConfigurationException(
        "%s: there is no version %d of the model".formatted(location, version));
  }

  private Location champions() {
    return location.child("champions");
  }
}
