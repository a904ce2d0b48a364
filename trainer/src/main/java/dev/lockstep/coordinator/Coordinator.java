package dev.lockstep.coordinator;

/** The contract a worker talks to. */
public interface Coordinator {
  /**
   * Takes the place of {@code rank} in the gang. An earlier attempt that still sits there is fenced
   * off: its contribution to the current round is dropped, and whatever it asks next is refused.
   *
   * @param attempt number of the task's attempt; the highest one wins
   * @throws FencedException if a later attempt has already joined
   * @throws RunAbortedException if the run has failed
   * @throws InterruptedException if the thread was interrupted while it waited for a round to end
   */
  Seat join(int rank, long attempt) throws InterruptedException;
}
