package dev.lockstep.spark.storage;

import dev.lockstep.config.WorkerLoss;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How long a file system that may stop answering is waited for. Whoever waits says so once, and
 * after the timeout gets an {@link IOException}. What has been asked of the file system goes on on
 * a daemon thread of its own, for not every file system can be interrupted. Immutable and safe for
 * use by many threads.
 *
 * @param place what is waited for, as a user reads it
 * @param timeout {@code spark.lockstep.storageTimeout}: how long one operation may take
 */
public record Patience(String place, Duration timeout) {
  private static final Logger LOG = LoggerFactory.getLogger(Patience.class);

  /** An operation that gives nothing. */
  public interface Action {
    void run() throws IOException;
  }

  /** The bytes of {@code stream}; each read, and its end, is waited for as an operation is. */
  public InputStream reading(InputStream stream) {
    return new InputStream() {
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
        perform("be closed", stream::close);
      }
    };
  }

  /** Does {@code action}, as {@link #await} does. */
  public void perform(String what, Action action) throws IOException {
    await(
        what,
        () -> {
          action.run();
          return true;
        });
  }

  /**
   * What {@code operation} gives.
   *
   * @param what the operation does to the place, such as {@code be opened}
   * @throws IOException if it failed, or the file system did not answer in time
   */
  public <T> T await(String what, Callable<T> operation) throws IOException {
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
}
