package dev.lockstep.spark.storage;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;

/**
 * A place on the local file system. Java's own file access and not Hadoop's: it creates a directory
 * and renames over a file atomically, synchronises, and leaves no {@code .crc} files.
 */
record LocalLocation(Path path) implements Location {
  @Override
  public Location child(String name) {
    return new LocalLocation(path.resolve(name));
  }

  @Override
  public org.apache.hadoop.fs.Path hadoopPath() {
    return new org.apache.hadoop.fs.Path(path.toAbsolutePath().normalize().toUri());
  }

  @Override
  public String absolute() {
    return path.toAbsolutePath().normalize().toString();
  }

  @Override
  public Optional<InputStream> open() throws IOException {
    try {
      return Optional.of(Files.newInputStream(path));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    }
  }

  @Override
  public Optional<List<StoredFile>> files() throws IOException {
    List<Path> listed;
    try (Stream<Path> entries = Files.list(path)) {
      listed = entries.toList();
    } catch (NoSuchFileException e) {
      return Optional.empty();
    }
    List<StoredFile> files = new ArrayList<>();
    for (Path entry : listed) {
      stored(entry).ifPresent(files::add);
    }
    files.sort(Comparator.comparing(StoredFile::name));
    return Optional.of(files);
  }

  /** Empty for what is no file, or is gone since it was listed. */
  private static Optional<StoredFile> stored(Path entry) throws IOException {
    try {
      BasicFileAttributes about = Files.readAttributes(entry, BasicFileAttributes.class);
      return about.isRegularFile()
          ? Optional.of(
              new StoredFile(
                  entry.getFileName().toString(),
                  about.size(),
                  about.lastModifiedTime().toMillis()))
          : Optional.empty();
    } catch (NoSuchFileException e) {
      return Optional.empty();
    }
  }

  @Override
  public List<String> directories() throws IOException {
    try (Stream<Path> entries = Files.list(path)) {
      return entries
          .filter(Files::isDirectory)
          .map(entry -> entry.getFileName().toString())
          .sorted()
          .toList();
    } catch (NoSuchFileException e) {
      return List.of();
    }
  }

  @Override
  public void rename(String name) throws IOException {
    Files.move(path, path.resolveSibling(name), StandardCopyOption.ATOMIC_MOVE);
    synchronise(parent());
  }

  @Override
  public void delete() throws IOException {
    List<Path> all;
    try (Stream<Path> found = Files.walk(path)) {
      all = found.sorted(Comparator.reverseOrder()).toList();
    } catch (NoSuchFileException e) {
      return;
    }
    for (Path each : all) {
      Files.deleteIfExists(each);
    }
  }

  @Override
  public boolean createDirectory() throws IOException {
    Files.createDirectories(parent());
    try {
      Files.createDirectory(path);
    } catch (FileAlreadyExistsException e) {
      return false;
    }
    synchronise(parent());
    return true;
  }

  @Override
  public void prepare() throws IOException {
    if (Files.isDirectory(path)) {
      throw new IOException(path + ": is a directory");
    }
    Files.createDirectories(parent());
    Path beside = beside();
    Files.createFile(beside);
    Files.delete(beside);
  }

  @Override
  public void write(Content content) throws IOException {
    Path beside = beside();
    try {
      writeSynchronised(beside, content);
      Files.move(beside, path, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException | RuntimeException | Error e) {
      try {
        Files.deleteIfExists(beside);
      } catch (IOException suppressed) {
        e.addSuppressed(suppressed);
      }
      throw e;
    }
    synchronise(parent());
  }

  @Override
  public boolean create(Content content) throws IOException {
    Path beside = beside();
    try {
      writeSynchronised(beside, content);
      giveFreeName(beside);
    } catch (FileAlreadyExistsException e) {
      return false;
    } finally {
      Files.deleteIfExists(beside);
    }
    synchronise(parent());
    return true;
  }

  /**
   * A second name is given only if it is free. Where files cannot have two (FAT, some network and
   * FUSE file systems) a file takes a name that was free a moment before: of two processes that
   * come within that moment, the later one's is there.
   *
   * @throws FileAlreadyExistsException if it is not
   */
  private void giveFreeName(Path beside) throws IOException {
    try {
      Files.createLink(path, beside);
    } catch (FileSystemException e) {
      if (e.getClass() != FileSystemException.class) {
        throw e; // The name is taken, or there is no such directory, or no permission.
      }
      Files.move(beside, path);
    } catch (UnsupportedOperationException e) {
      Files.move(beside, path);
    }
  }

  private static void writeSynchronised(Path file, Content content) throws IOException {
    try (FileChannel channel =
            FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        OutputStream out = new BufferedOutputStream(Channels.newOutputStream(channel), 1 << 16)) {
      content.writeTo(out);
      out.flush();
      channel.force(true);
    }
  }

  /** Makes names in {@code directory} last; some systems (Windows) cannot open a directory. */
  private static void synchronise(Path directory) throws IOException {
    FileChannel channel;
    try {
      channel = FileChannel.open(directory, StandardOpenOption.READ);
    } catch (IOException e) {
      return;
    }
    try (channel) {
      channel.force(true);
    }
  }

  private Path beside() {
    return path.resolveSibling(".%s.%s.tmp".formatted(path.getFileName(), UUID.randomUUID()));
  }

  private Path parent() {
    return path.toAbsolutePath().getParent();
  }

  @Override
  public String toString() {
    return path.toString();
  }
}
