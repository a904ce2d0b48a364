package dev.lockstep.benchmarks.contender;

/** One way to train. It keeps nothing from one training to the next. */
public interface Contender {
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
}
