package dev.lockstep.spark.cli;

import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.util.EnumSet;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.AbstractFileSystem;
import org.apache.hadoop.fs.CreateFlag;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FilterFs;
import org.apache.hadoop.fs.Options;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.permission.FsPermission;

/**
 * HDFS, in a process that dies before its k-th change of it (system property {@value #HALT}), as by
 * {@code kill -9}: nothing is flushed, no hook runs. Or one that waits before each change, which it
 * tells by a file of that number in a directory (system property {@value #STEPS}), until that file
 * is gone: meanwhile there is what it would leave if it were killed there. Changes inside the
 * directory of an unfinished version count only from its manifest on: what lies there before that
 * is all the same to the registry.
 */
public final class HaltingFileSystem extends FilterFs {
  static final String HALT = "lockstep.test.haltBefore";
  static final String STEPS = "lockstep.test.steps";

  /** The exit code of such a process, that of one that SIGKILL ended. */
  static final int KILLED = 137;

  private static final AtomicInteger CHANGES = new AtomicInteger();

  /** Made by Hadoop. */
  public HaltingFileSystem(URI uri, Configuration conf) throws IOException, URISyntaxException {
    super(hdfs(uri, conf));
  }

  private static AbstractFileSystem hdfs(URI uri, Configuration conf) throws IOException {
    Configuration own = new Configuration(conf);
    own.set("fs.AbstractFileSystem.hdfs.impl", "org.apache.hadoop.fs.Hdfs");
    return AbstractFileSystem.createFileSystem(uri, own);
  }

  /**
   * Whether a change of this {@code path} counts. What lies in an unfinished version before its
   * manifest is all the same to the registry.
   */
  static boolean counts(String path) {
    return !path.contains(".unfinished-")
        || path.matches(".*\\.unfinished-[^/]*(/[^/]*(manifest|version)\\.json[^/]*)?");
  }

  private static void change(Path path) {
    if (!counts(path.toUri().getPath())) {
      return;
    }
    int step = CHANGES.incrementAndGet();
    if (step == Integer.getInteger(HALT, -1)) {
      System.err.println("halts before it changes " + path);
      Runtime.getRuntime().halt(KILLED);
    }
    if (System.getProperty(STEPS) != null) {
      awaitLeave(java.nio.file.Path.of(System.getProperty(STEPS), Integer.toString(step)), path);
    }
  }

  private static void awaitLeave(java.nio.file.Path told, Path path) {
    try {
      java.nio.file.Path written = told.resolveSibling("next");
      Files.writeString(written, path.toString());
      Files.move(written, told);
      while (Files.exists(told)) {
        Thread.sleep(2);
      }
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public FSDataOutputStream createInternal(
      Path path,
      EnumSet<CreateFlag> flag,
      FsPermission permission,
      int bufferSize,
      short replication,
      long blockSize,
      org.apache.hadoop.util.Progressable progress,
      Options.ChecksumOpt checksum,
      boolean createParent)
      throws IOException {
    change(path);
    return super.createInternal(
        path,
        flag,
        permission,
        bufferSize,
        replication,
        blockSize,
        progress,
        checksum,
        createParent);
  }

  @Override
  public void mkdir(Path path, FsPermission permission, boolean createParent) throws IOException {
    change(path);
    super.mkdir(path, permission, createParent);
  }

  @Override
  public boolean delete(Path path, boolean recursive) throws IOException {
    change(path);
    return super.delete(path, recursive);
  }

  @Override
  public void renameInternal(Path from, Path to) throws IOException {
    change(to);
    super.renameInternal(from, to);
  }

  @Override
  public void renameInternal(Path from, Path to, boolean overwrite) throws IOException {
    change(to);
    super.renameInternal(from, to, overwrite);
  }
}
