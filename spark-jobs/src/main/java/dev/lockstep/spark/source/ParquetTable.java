package dev.lockstep.spark.source;

import dev.lockstep.spark.storage.HadoopConfiguration;
import dev.lockstep.spark.storage.Location;
import dev.lockstep.spark.storage.Patience;
import dev.lockstep.spark.storage.StoredFile;
import dev.lockstep.yaml.ConfigurationException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.parquet.hadoop.util.HadoopInputFile;

/**
 * A Parquet file, or a directory of them as Spark writes it: their rows in the order of the files'
 * names and of the rows in each, which nothing but the files decides. Files whose names begin with
 * {@code _} or a dot do not belong to it. Immutable.
 *
 * @param name its path
 * @param files sorted by name; at least one
 */
record ParquetTable(String name, List<Part> files, Configuration hadoop) {
  /**
   * One file.
   *
   * @param name its path in the user's words
   * @param patience with its file system
   */
  record Part(String name, FileStatus status, Patience patience) {}

  /**
   * The table at a path that a user wrote, as {@link Location#of}.
   *
   * @throws ConfigurationException if there is none
   */
  static ParquetTable at(String written) {
    Location location = Location.of(written);
    Configuration hadoop = HadoopConfiguration.current();
    try {
      Path path = location.hadoopPath();
      Patience patience = location.patience();
      FileSystem system = patience.await("be reached", () -> path.getFileSystem(hadoop));
      FileStatus found = patience.await("be looked up", () -> system.getFileStatus(path));
      List<Part> files =
          found.isFile()
              ? List.of(part(location, found))
              : inside(location, patience.await("be listed", () -> system.listStatus(path)));
      return new ParquetTable(location.toString(), files, hadoop);
    } catch (FileNotFoundException e) {
      throw new ConfigurationException(
          "%s: there is no such file or directory; expected a Parquet file or a directory of them"
              .formatted(location),
          e);
    } catch (IOException e) {
      throw new ConfigurationException(
          "%s: cannot be listed: %s; expected a Parquet file or a directory of them"
              .formatted(location, Location.reason(e)),
          e);
    }
  }

  private static Part part(Location location, FileStatus status) {
    return new Part(location.toString(), status, location.patience());
  }

  private static List<Part> inside(Location directory, FileStatus[] entries) {
    List<Part> files = new ArrayList<>();
    for (FileStatus entry : entries) {
      String name = entry.getPath().getName();
      if (name.startsWith("_") || name.startsWith(".")) {
        continue;
      }
      if (!entry.isFile()) {
        throw new ConfigurationException(
            "%s: has the directory '%s' in it, but Parquet files must lie in one directory; write the data without partitionBy"
                .formatted(directory, name));
      }
      files.add(part(directory.child(name), entry));
    }
    if (files.isEmpty()) {
      throw new ConfigurationException(
          "%s: has no files in it; expected Parquet files".formatted(directory));
    }
    files.sort(Comparator.comparing(file -> file.status().getPath().getName()));
    return files;
  }

  /** What tells whether the files have changed. */
  List<StoredFile> stored() {
    return files.stream()
        .map(Part::status)
        .map(
            file ->
                new StoredFile(
                    file.getPath().toString(), file.getLen(), file.getModificationTime()))
        .toList();
  }

  /**
   * Reads all rows into {@code rows}.
   *
   * @throws ConfigurationException if a file is defect, or a row has no features and label, or
   *     there is no row
   */
  void read(ParquetRows rows) {
    for (Part file : files) {
      try {
        HadoopInputFile input = HadoopInputFile.fromStatus(file.status(), hadoop);
        rows.read(file.name(), new PatientInputFile(input, file.patience()), hadoop);
      } catch (ConfigurationException e) {
        throw e;
      } catch (IOException | RuntimeException e) {
        throw new ConfigurationException(
            "%s: cannot be read as Parquet: %s".formatted(file.name(), reason(e)), e);
      }
    }
    if (rows.size() == 0) {
      throw new ConfigurationException(name + ": has no rows; expected examples");
    }
  }

  /**
   * What went wrong, in one line; in words for a user where Parquet's reader says what it looked
   * for, or only falls over what it does not know.
   */
  private static String reason(Exception e) {
    String said = String.valueOf(e.getMessage());
    if (said.contains("xpected magic number at tail") || said.contains("is not a Parquet file")) {
      return "it is no Parquet file, or is not whole; write it as Parquet (other formats must be converted), or copy it again";
    }
    if (e instanceof NullPointerException) {
      return "it is damaged, or has a column of a type that this reader does not know, such as float16, which must be cast to float32";
    }
    return String.valueOf(e.getMessage() == null ? e : e.getMessage())
        .lines()
        .findFirst()
        .orElse("");
  }
}
