package dev.lockstep.benchmarks.contender;

/**
 * One way to train. Of what a training learned it keeps nothing for the next; a process that it
 * started stays until it is closed.
 */
public interface Contender extends AutoCloseable {
  /** What a table calls it. */
  String name();

  /** What a reader must know to judge its figures, in one sentence. */
  String note();

  /**
   * Trains {@code task} from the beginning.
   *
   * @throws InterruptedException if the thread was interrupted while the contender trained
   */
  Run train(Task task) throws InterruptedException;

  /** Ends what it started outside this process. */
  @Override
  default void close() {}
}
