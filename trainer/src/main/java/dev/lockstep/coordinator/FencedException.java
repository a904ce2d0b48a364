package dev.lockstep.coordinator;

/** A later attempt of the same rank has taken this worker's place. */
public final class FencedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  FencedException(int rank, long attempt, long current) {
    super(
        "worker of rank %d, attempt %d, is fenced off: attempt %d has taken its place"
            .formatted(rank, attempt, current));
  }
}
