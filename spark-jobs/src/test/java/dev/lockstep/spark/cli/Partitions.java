package dev.lockstep.spark.cli;

import dev.lockstep.data.Examples;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;

/** Examples dealt into dated partitions of IDX files. */
public record Partitions(Path directory) {
  /** Writes {@code examples} as the partition of {@code day}, in place of the one there may be. */
  public Path write(LocalDate day, Examples examples) throws IOException {
    Path partition = Files.createDirectories(partition(day));
    IdxFiles.write(partition, "", examples);
    return partition;
  }

  /** Where the partition of {@code day} lies. */
  public Path partition(LocalDate day) {
    return directory.resolve("dt=" + day);
  }
}
