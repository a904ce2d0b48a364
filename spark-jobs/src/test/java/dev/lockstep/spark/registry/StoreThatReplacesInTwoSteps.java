package dev.lockstep.spark.registry;

import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.DelegateToFileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;

/**
 * The local file system by the scheme {@code steps}, which replaces a file as object stores do:
 * first the old one goes, and then the new one comes.
 */
public final class StoreThatReplacesInTwoSteps extends DelegateToFileSystem {
  /** What happens between the two. */
  static volatile Runnable between = () -> {};

  /** Made by Hadoop. */
  public StoreThatReplacesInTwoSteps(URI uri, Configuration conf)
      throws IOException, URISyntaxException {
    super(uri, new Raw(), conf, "steps", false);
  }

  @Override
  public void renameInternal(Path from, Path to, boolean overwrite) throws IOException {
    if (overwrite) {
      delete(to, false);
      between.run();
    }
    super.renameInternal(from, to);
  }

  private static final class Raw extends RawLocalFileSystem {
    @Override
    public URI getUri() {
      return URI.create("steps:///");
    }
  }
}
