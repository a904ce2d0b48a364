package dev.lockstep.coordinator;

import java.nio.FloatBuffer;
import java.util.List;

/**
 * A worker's place in the gang. Every push ends the worker's share of a round and returns when all
 * workers have pushed and the coordinator has acted on it. Belongs to the worker's thread.
 */
public interface Seat extends AutoCloseable {
  /**
   * What the coordinator publishes: the parameters and, when parameters are averaged, the
   * optimizer's state vectors after them. Read-only; changes only inside {@code push}.
   */
  FloatBuffer published();

  /**
   * What the worker writes before it pushes: when gradients are averaged, one contribution for each
   * node of {@link TrainingPlan#sumTree} that it holds; when parameters are, a single one.
   */
  List<Contribution> contributions();

  /**
   * Tells that one more batch of what was to be done is computed, so that a worker that is told
   * much at once is not taken for one that hangs.
   */
  void advanced();

  /** What to do first. */
  Directive directive();

  /**
   * Hands in {@link #contributions}.
   *
   * @return what to do next
   * @throws FencedException if a later attempt has taken this place
   * @throws RunAbortedException if the run has failed
   * @throws InterruptedException if the thread was interrupted while it waited
   */
  Directive push() throws InterruptedException;

  /**
   * Hands in the evaluation of this worker's shards.
   *
   * @return what to do next; errors as for {@link #push()}
   */
  Directive push(List<ShardTally> tallies) throws InterruptedException;

  /** Leaves the gang; a worker that leaves before the end is waited for. */
  @Override
  void close();
}
