package dev.lockstep.spark.storage;

import dev.lockstep.config.WorkerLoss;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A place on a file system that may stop answering. Whoever waits for it says so once, and after
 * the timeout gets an {@link IOException}. What has been asked of the file system goes on on a
 * daemon thread of its own, for not every file system can be interrupted.
 *
 * @param timeout {@code spark.lockstep.storageTimeout}: how long one operation may take, or one
 *     read of an open file
 */
record PatientLocation(Location place, Duration timeout) implements Location {
  private static final Logger LOG = LoggerFactory.getLogger(PatientLocation.class);

  /** A read costs a thread, and so there should be few. */
  private static final int BUFFER = 1 << 18;

  @Override
  public Location child(String name) {
    return new PatientLocation(place.child(name), timeout);
  }

  @Override
  public String absolute() {
    return place.absolute();
  }

  @Override
  public org.apache.hadoop.fs.Path hadoopPath() {
    return place.hadoopPath();
  }

  @Override
  public Optional<InputStream> open() throws IOException {
    return await("be opened", place::open)
        .map(stream -> new BufferedInputStream(new PatientStream(stream), BUFFER));
  }

  @Override
  public Optional<List<StoredFile>> files() throws IOException {
    return await("be listed", place::files);
  }

  @Override
  public List<String> directories() throws IOException {
    return await("be listed", place::directories);
  }

  @Override
  public void rename(String name) throws IOException {
    perform("be renamed", () -> place.rename(name));
  }

  @Override
  public void delete() throws IOException {
    perform("be deleted", () -> place.delete());
  }

  @Override
  public boolean createDirectory() throws IOException {
    return await("be created", place::createDirectory);
  }

  @Override
  public void prepare() throws IOException {
    perform("be prepared", () -> place.prepare());
  }

  @Override
  public void write(Content content) throws IOException {
    perform("be written", () -> place.write(content));
  }

  @Override
  public boolean create(Content content) throws IOException {
    return await("be created", () -> place.create(content));
  }

  /** Reads of a file, each of which may take as long as an operation. */
  private final class PatientStream extends InputStream {
    private final InputStream stream;

    PatientStream(InputStream stream) {
      this.stream = stream;
    }

    @Override
    public int read() throws IOException {
      return await("be read", stream::read);
    }

    @Override
    public int read(byte[] bytes, int from, int length) throws IOException {
      return await("be read", () -> stream.read(bytes, from, length));
    }

    @Override
    public void close() throws IOException {
      stream.close();
    }
  }

  private interface Action {
    void run() throws IOException;
  }

  private void perform(String what, Action action) throws IOException {
    await(
        what,
        () -> {
          action.run();
          return true;
        });
  }

  private <T> T await(String what, Callable<T> operation) throws IOException {
    FutureTask<T> task = new FutureTask<>(operation);
    Thread thread = new Thread(task, "lockstep-storage");
    thread.setDaemon(true);
    thread.start();
    try {
      return await(what, task);
    } catch (TimeoutException e) {
      task.cancel(true);
      throw new IOException(
          "%s: its file system did not answer for %d s (spark.lockstep.storageTimeout) when it was to %s"
              .formatted(place, timeout.toSeconds(), what),
          e);
    } catch (InterruptedException e) {
      task.cancel(true);
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while %s was to %s".formatted(place, what));
    }
  }

  private <T> T await(String what, FutureTask<T> task)
      throws IOException, InterruptedException, TimeoutException {
    Duration patience = WorkerLoss.patience(timeout);
    Duration rest = timeout.minus(patience);
    try {
      try {
        return task.get(patience.toMillis(), TimeUnit.MILLISECONDS);
      } catch (TimeoutException e) {
        LOG.warn(
            "waiting since {} s for {} to {}: its file system does not answer; giving up in {} s",
            patience.toSeconds(),
            place,
            what,
            rest.toSeconds());
        return task.get(rest.toMillis(), TimeUnit.MILLISECONDS);
      }
    } catch (ExecutionException e) {
      throw rethrown(e.getCause());
    }
  }

  private static IOException rethrown(Throwable cause) {
    if (cause instanceof RuntimeException e) {
      throw e;
    }
    if (cause instanceof Error e) {
      throw e;
    }
    return cause instanceof IOException e ? e : new IOException(cause);
  }

  @Override
  public String toString() {
    return place.toString();
  }
}
