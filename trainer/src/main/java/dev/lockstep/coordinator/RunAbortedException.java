package dev.lockstep.coordinator;

/** The run has failed; the cause says why. */
public final class RunAbortedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** The run has failed because of {@code cause}. */
  public RunAbortedException(Throwable cause) {
    super("the run has failed: " + cause.getMessage(), cause);
  }
}
