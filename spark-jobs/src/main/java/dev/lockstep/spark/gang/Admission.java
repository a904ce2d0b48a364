package dev.lockstep.spark.gang;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.IntSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Admits trainings that were asked for by several threads of one driver: each begins when there is
 * room for all of its workers beside those that run, in the order in which they came, so that no
 * two wait half-started for each other. Safe for use by many threads.
 */
public final class Admission {
  /** That of this JVM, which has one Spark context at a time. */
  public static final Admission HERE = new Admission();

  private static final Logger LOG = LoggerFactory.getLogger(Admission.class);
  private static final long GLANCE_MILLIS = 1000;

  private final Deque<Object> waiting = new ArrayDeque<>();
  private int working;

  Admission() {}

  /** The workers that were let in, until it is closed. */
  public interface Pass extends AutoCloseable {
    @Override
    void close();
  }

  /**
   * Waits until {@code workers} more fit, or nobody else works: a cluster may get its executors
   * only when something waits for them.
   *
   * @param slots how many workers can run at once now; asked again and again, for executors come
   *     and go
   * @throws InterruptedException if the thread was interrupted while it waited
   */
  public synchronized Pass enter(int workers, IntSupplier slots) throws InterruptedException {
    Object turn = new Object();
    waiting.add(turn);
    try {
      boolean said = false;
      while (waiting.peek() != turn || (working > 0 && working + workers > slots.getAsInt())) {
        if (!said) {
          LOG.info(
              "a training waits for room for its {} workers: those of other trainings here are {}, on {} slots; it begins when they end, however long that takes",
              workers,
              working,
              slots.getAsInt());
          said = true;
        }
        wait(GLANCE_MILLIS);
      }
    } finally {
      waiting.remove(turn);
      notifyAll();
    }
    working += workers;
    return () -> leave(workers);
  }

  private synchronized void leave(int workers) {
    working -= workers;
    notifyAll();
  }
}
