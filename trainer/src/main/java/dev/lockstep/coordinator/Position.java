package dev.lockstep.coordinator;

import dev.lockstep.metrics.History;

/**
 * How far a training has come, between two rounds: all that decides what comes next, except the
 * vectors.
 *
 * @param epoch how many epochs are done, with their validation
 * @param batch batches of the next epoch that are done
 * @param step optimizer steps of the whole training that are done (local ones of the busiest
 *     worker, when parameters are averaged)
 * @param round rounds of the whole training that are done
 * @param learningRate that of the last step; 0 before the first
 * @param loss sum over the examples of the epoch under way
 * @param hits predicted right in the epoch under way
 * @param examples used in the epoch under way
 * @param seconds that the epoch under way has taken
 * @param bestEpoch the best epoch so far, from 1, where early stopping watches; otherwise 0
 * @param stoppedEarly whether early stopping has ended training
 * @param history of the epochs that are done
 */
public record Position(
    int epoch,
    int batch,
    long step,
    long round,
    double learningRate,
    double loss,
    long hits,
    long examples,
    double seconds,
    int bestEpoch,
    boolean stoppedEarly,
    History history) {
  /** Where every training begins. */
  public static final Position START =
      new Position(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, false, History.EMPTY);

  /**
   * @throws IllegalArgumentException if the numbers contradict one another
   */
  public Position {
    boolean counts = batch >= 0 && round >= 0 && step >= round && hits >= 0 && examples >= hits;
    if (!counts || !(seconds >= 0) || bestEpoch < 0 || bestEpoch > epoch) {
      throw new IllegalArgumentException(
          ("batch %d, step %d, round %d, hits %d, examples %d, seconds %s, best epoch %d of %d: no"
                  + " training can have come there")
              .formatted(batch, step, round, hits, examples, seconds, bestEpoch, epoch));
    }
    if (history.epochs().size() != epoch) {
      throw new IllegalArgumentException(
          "%d epochs are done but the history has %d".formatted(epoch, history.epochs().size()));
    }
  }

  /** Whether the next epoch has not begun, so that any number of workers may go on from here. */
  public boolean betweenEpochs() {
    return batch == 0;
  }
}
