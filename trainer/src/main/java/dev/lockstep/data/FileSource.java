package dev.lockstep.data;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;

/** Opens the files of one directory, wherever it lies. */
@FunctionalInterface
public interface FileSource {
  /**
   * The content of the file {@code name}, from its beginning; empty if there is no such file. The
   * caller closes the stream.
   *
   * @throws IOException if the file is there but cannot be opened
   */
  Optional<InputStream> open(String name) throws IOException;

  /** The files of a local {@code directory}. */
  static FileSource directory(Path directory) {
    return name -> {
      try {
        return Optional.of(Files.newInputStream(directory.resolve(name)));
      } catch (NoSuchFileException e) {
        return Optional.empty();
      }
    };
  }
}
