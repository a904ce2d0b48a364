package dev.lockstep.spark.storage;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.CreateFlag;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileAlreadyExistsException;
import org.apache.hadoop.fs.FileContext;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Options;
import org.apache.hadoop.fs.Options.Rename;
import org.apache.hadoop.fs.ParentNotDirectoryException;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RemoteIterator;
import org.apache.hadoop.fs.StreamCapabilities;
import org.apache.hadoop.fs.permission.FsPermission;

/**
 * A place on one of Hadoop's file systems. {@code FileContext} and not {@code FileSystem}: its
 * rename says whether it may replace, which HDFS does atomically.
 */
record HadoopLocation(FileContext system, Path path) implements Location {
  static HadoopLocation of(Path path, Configuration configuration) throws IOException {
    return new HadoopLocation(FileContext.getFileContext(path.toUri(), configuration), path);
  }

  @Override
  public Location child(String name) {
    return new HadoopLocation(system, new Path(path, name));
  }

  @Override
  public Path hadoopPath() {
    return system.makeQualified(path);
  }

  @Override
  public String absolute() {
    return hadoopPath().toString();
  }

  @Override
  public Optional<InputStream> open() throws IOException {
    try {
      return Optional.of(system.open(path));
    } catch (FileNotFoundException e) {
      if (system.util().exists(path)) {
        throw new IOException(path + ": Is a directory", e);
      }
      return Optional.empty();
    }
  }

  @Override
  public Optional<List<StoredFile>> files() throws IOException {
    try {
      if (!system.getFileStatus(path).isDirectory()) {
        throw new ParentNotDirectoryException(path + ": not a directory");
      }
      List<StoredFile> files = new ArrayList<>();
      for (FileStatus entry : list()) {
        if (entry.isFile()) {
          files.add(
              new StoredFile(
                  entry.getPath().getName(), entry.getLen(), entry.getModificationTime()));
        }
      }
      files.sort(Comparator.comparing(StoredFile::name));
      return Optional.of(files);
    } catch (FileNotFoundException e) {
      return Optional.empty();
    }
  }

  private List<FileStatus> list() throws IOException {
    List<FileStatus> found = new ArrayList<>();
    RemoteIterator<FileStatus> entries = system.listStatus(path);
    while (entries.hasNext()) {
      found.add(entries.next());
    }
    return found;
  }

  @Override
  public List<String> directories() throws IOException {
    try {
      return list().stream()
          .filter(FileStatus::isDirectory)
          .map(entry -> entry.getPath().getName())
          .sorted()
          .toList();
    } catch (FileNotFoundException e) {
      return List.of();
    }
  }

  @Override
  public void rename(String name) throws IOException {
    system.rename(path, new Path(path.getParent(), name), Rename.NONE);
  }

  @Override
  public void delete() throws IOException {
    try {
      system.delete(path, true);
    } catch (FileNotFoundException e) {
      // It is not there, as wanted.
    }
  }

  /**
   * Hadoop's {@code mkdir} succeeds for everyone who tries; a rename that may not replace succeeds
   * for one.
   */
  @Override
  public boolean createDirectory() throws IOException {
    Path beside = beside();
    system.mkdir(beside, FsPermission.getDirDefault(), true);
    try {
      system.rename(beside, path, Rename.NONE);
      return true;
    } catch (FileAlreadyExistsException e) {
      system.delete(beside, true);
      return false;
    } catch (IOException | RuntimeException | Error e) {
      remove(beside, e);
      throw e;
    }
  }

  @Override
  public void prepare() throws IOException {
    if (system.util().exists(path) && system.getFileStatus(path).isDirectory()) {
      throw new IOException(path + ": is a directory");
    }
    Path beside = beside();
    system.create(beside, EnumSet.of(CreateFlag.CREATE), Options.CreateOpts.createParent()).close();
    system.delete(beside, false);
  }

  @Override
  public void write(Content content) throws IOException {
    writeAndRename(content, Rename.OVERWRITE);
  }

  @Override
  public boolean create(Content content) throws IOException {
    try {
      writeAndRename(content, Rename.NONE);
      return true;
    } catch (FileAlreadyExistsException e) {
      return false;
    }
  }

  private void writeAndRename(Content content, Rename rename) throws IOException {
    Path beside = beside();
    try {
      try (FSDataOutputStream out =
          system.create(beside, EnumSet.of(CreateFlag.CREATE, CreateFlag.OVERWRITE))) {
        content.writeTo(out);
        if (out.hasCapability(StreamCapabilities.HSYNC)) {
          out.hsync();
        }
      }
      system.rename(beside, path, rename);
    } catch (IOException | RuntimeException | Error e) {
      remove(beside, e);
      throw e;
    }
  }

  private Path beside() {
    return new Path(path.getParent(), ".%s.%s.tmp".formatted(path.getName(), UUID.randomUUID()));
  }

  private void remove(Path beside, Throwable error) {
    try {
      system.delete(beside, true);
    } catch (IOException e) {
      error.addSuppressed(e);
    }
  }

  @Override
  public String toString() {
    return path.toString();
  }
}
