package dev.lockstep.spark.storage;

import dev.lockstep.yaml.ConfigurationException;
import java.io.IOException;
import java.io.InputStream;
import java.net.UnknownHostException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.util.VersionInfo;

/**
 * A file or directory that may or may not exist, on the local file system or on one of Hadoop's.
 * {@code toString} is the path as a user reads it. Immutable and safe for use by many threads.
 */
public sealed interface Location permits LocalLocation, HadoopLocation, PatientLocation {
  /**
   * The place that a user wrote: with a scheme ({@code hdfs://host/path}, {@code file:/path}) on
   * that file system, configured as Spark's settings {@code spark.hadoop.*} say; otherwise on the
   * local file system, relative to the current directory. Whoever waits for it says so after 10 s,
   * and gives up after Spark's setting {@code spark.lockstep.storageTimeout} (10 minutes).
   *
   * @throws ConfigurationException if it is not a path, or there is no file system for its scheme,
   *     or its connector is missing
   */
  static Location of(String written) {
    if (written.isBlank()) {
      throw new ConfigurationException("the path is empty but must name a file or a directory");
    }
    Duration timeout = TimeSetting.STORAGE_TIMEOUT.value();
    try {
      return new PatientLocation(parse(written, timeout), timeout);
    } catch (IllegalArgumentException e) {
      throw new ConfigurationException(
          "'%s' is not a path that can be used: %s".formatted(written, e.getMessage()), e);
    } catch (IOException e) {
      throw new ConfigurationException(
          "'%s' cannot be reached: %s; expected a local path or one of a file system that Hadoop is configured for"
              .formatted(written, e.getMessage()),
          e);
    } catch (RuntimeException e) {
      if (e.getCause() instanceof ClassNotFoundException missing) {
        throw withoutConnector(written, missing);
      }
      Throwable root = e;
      while (root.getCause() != null) {
        root = root.getCause();
      }
      if (root instanceof UnknownHostException) {
        throw new ConfigurationException(
            "'%s' cannot be reached: there is no host '%s'".formatted(written, root.getMessage()),
            e);
      }
      throw e;
    }
  }

  /** Hadoop knows the scheme, but the classes of its file system are not there. */
  private static ConfigurationException withoutConnector(
      String written, ClassNotFoundException missing) {
    String scheme = written.substring(0, written.indexOf(':'));
    String artifact =
        switch (scheme) {
          case "s3a" -> "org.apache.hadoop:hadoop-aws:" + VersionInfo.getVersion();
          case "abfs", "abfss" -> "org.apache.hadoop:hadoop-azure:" + VersionInfo.getVersion();
          default -> "the artifact that has it";
        };
    return new ConfigurationException(
        "'%s' cannot be reached: the connector for %s:// is missing (%s); give it to Spark, with --packages %s or in the image"
            .formatted(written, scheme, missing.getMessage(), artifact),
        missing);
  }

  /**
   * What went wrong, in one line: Java's own file errors name the file alone, and Hadoop's may have
   * many lines.
   */
  static String reason(IOException e) {
    if (e instanceof AccessDeniedException) {
      return e.getMessage() + ": permission denied";
    }
    if (e instanceof FileAlreadyExistsException || e instanceof NotDirectoryException) {
      return e.getMessage() + " is there and is not a directory";
    }
    if (e instanceof NoSuchFileException) {
      return e.getMessage() + ": no such file or directory";
    }
    return e.getMessage() == null ? e.toString() : e.getMessage().lines().findFirst().orElse("");
  }

  /** Whether {@link #of} takes {@code written} from the current directory. */
  static boolean isRelative(String written) {
    return !hasScheme(written) && !Path.of(written).isAbsolute();
  }

  /** A scheme has two letters or more: one letter is a drive of Windows. */
  private static boolean hasScheme(String written) {
    return written.matches("[A-Za-z][A-Za-z0-9+.-]+:/.*");
  }

  /** This place as Hadoop's libraries name it, with its scheme. */
  org.apache.hadoop.fs.Path hadoopPath();

  private static Location parse(String written, Duration timeout) throws IOException {
    if (!hasScheme(written)) {
      return new LocalLocation(Path.of(written));
    }
    org.apache.hadoop.fs.Path path = new org.apache.hadoop.fs.Path(written);
    if (path.toUri().getScheme().equals("file")) {
      return new LocalLocation(Path.of(path.toUri().getPath()));
    }
    return new Patience(written, timeout)
        .await("be reached", () -> HadoopLocation.of(path, HadoopConfiguration.current()));
  }

  /** How long its file system is waited for where Hadoop's libraries use {@link #hadoopPath}. */
  default Patience patience() {
    return new Patience(toString(), TimeSetting.STORAGE_TIMEOUT.value());
  }

  /** The file or directory {@code name} in this directory. */
  Location child(String name);

  /** The last part of its path: what the file or directory itself is called. */
  default String name() {
    return absolute().replaceFirst(".*[/\\\\]", "");
  }

  /** The path by which any process finds this place, whatever its current directory. */
  String absolute();

  /**
   * The content from its beginning; empty if there is no such file. The caller closes the stream.
   *
   * @throws IOException if it is there but cannot be opened
   */
  Optional<InputStream> open() throws IOException;

  /**
   * The files (not the directories) in this directory, by name; empty if there is no such
   * directory.
   *
   * @throws IOException if it is there but cannot be listed, or is a file
   */
  Optional<List<StoredFile>> files() throws IOException;

  /**
   * The names of the directories in this directory, in order; empty if there is no such directory.
   *
   * @throws IOException if it is there but cannot be listed, or is a file
   */
  List<String> directories() throws IOException;

  /**
   * Gives this directory another name, which must not be taken: at once where the file system can,
   * and file by file where it cannot (object stores).
   */
  void rename(String name) throws IOException;

  /** Deletes this file or directory with all that is in it, if it is there. */
  void delete() throws IOException;

  /**
   * Creates this directory, and those above it as needed. Of several processes that try at once,
   * one succeeds.
   *
   * @return false if it was there before
   */
  boolean createDirectory() throws IOException;

  /**
   * Makes sure that {@link #write} will find its place, before the work whose result it writes:
   * creates the directories above this file, and tries whether files can be created there.
   *
   * @throws IOException if they cannot, or this is a directory
   */
  void prepare() throws IOException;

  /**
   * Writes this file, in place of the one that may be there. Whatever happens, the file has its old
   * content (or is missing) or the whole new one: the content goes to a file beside it, is
   * synchronised to disk where the file system can, and takes the name at last. After an error no
   * such file is left over.
   */
  void write(Content content) throws IOException;

  /**
   * Writes this file, whole or not at all, unless it is there. Of several processes that try at
   * once, one succeeds; on an object store, and where files cannot have two names, several may, and
   * the last one's is there.
   *
   * @return false if it was there before
   */
  boolean create(Content content) throws IOException;
}
