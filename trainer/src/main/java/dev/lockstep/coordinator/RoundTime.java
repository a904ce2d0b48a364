package dev.lockstep.coordinator;

/**
 * Where the time of one round went.
 *
 * @param computeNanos a worker's own computing, mean over the workers
 * @param wireNanos what a worker in another JVM sends and receives, mean over the workers
 * @param waitNanos a worker's wait for the slowest one, and the gang's for a worker that has yet to
 *     come, mean over the workers
 * @param updateNanos from the last contribution until the workers may go on: reduce, optimizer,
 *     publish
 */
public record RoundTime(long computeNanos, long wireNanos, long waitNanos, long updateNanos) {
  /** How long the round took: from the first worker that began it until all may go on. */
  public long nanos() {
    return computeNanos + wireNanos + waitNanos + updateNanos;
  }
}
