package dev.lockstep.spark.storage;

import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.Arrays;
import java.util.Comparator;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.DelegateToFileSystem;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FilterFs;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.fs.permission.FsPermission;

/**
 * The local file system by the scheme {@code store}, which renames a directory as object stores do,
 * one file after the other, for a process that dies after so many of them.
 */
public final class StoreWithoutRename extends FilterFs {
  private static final String SCHEME = "store";

  private static int left;
  private static boolean dead;

  /** Made by Hadoop. */
  public StoreWithoutRename(URI uri, Configuration conf) throws IOException, URISyntaxException {
    super(new Local(uri, conf));
  }

  /** From now on the process lives until {@code files} of a directory are renamed. */
  static void diesAfter(int files) {
    left = files;
    dead = false;
  }

  private static void live() throws IOException {
    if (dead) {
      throw new IOException("the process has died");
    }
  }

  @Override
  public void renameInternal(Path from, Path to) throws IOException {
    renameInternal(from, to, false);
  }

  @Override
  public void renameInternal(Path from, Path to, boolean overwrite) throws IOException {
    live();
    FileStatus[] files = getFileStatus(from).isDirectory() ? listStatus(from) : new FileStatus[0];
    if (files.length == 0) {
      super.renameInternal(from, to, overwrite);
      return;
    }
    mkdir(to, FsPermission.getDirDefault(), true);
    Arrays.sort(files, Comparator.comparing(FileStatus::getPath));
    for (FileStatus file : files) {
      if (left-- == 0) {
        dead = true;
      }
      live();
      super.renameInternal(file.getPath(), new Path(to, file.getPath().getName()), overwrite);
    }
    if (left == 0) {
      dead = true;
    }
    live();
    super.delete(from, true);
  }

  @Override
  public boolean delete(Path path, boolean recursive) throws IOException {
    live();
    return super.delete(path, recursive);
  }

  private static final class Local extends DelegateToFileSystem {
    Local(URI uri, Configuration conf) throws IOException, URISyntaxException {
      super(uri, new Raw(), conf, SCHEME, false);
    }
  }

  private static final class Raw extends RawLocalFileSystem {
    @Override
    public URI getUri() {
      return URI.create(SCHEME + ":///");
    }
  }
}
