package dev.lockstep.coordinator;

/** A later attempt of the same rank has taken this worker's place. */
public final class FencedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final long current;

  /** The attempt {@code attempt} of {@code rank} has to leave for {@code current}. */
  public FencedException(int rank, long attempt, long current) {
    super(
        "worker of rank %d, attempt %d, is fenced off: attempt %d has taken its place"
            .formatted(rank, attempt, current));
    this.current = current;
  }

  /** The attempt that has taken the place. */
  public long current() {
    return current;
  }
}
