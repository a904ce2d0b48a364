package dev.lockstep.spark.job;

/** A training has ended before its time and can go on: the message says how, the cause why. */
public final class StoppedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final RuntimeException failure;

  /** {@code message} is the sentence that a user reads after that of {@code cause}. */
  public StoppedException(String message, RuntimeException cause) {
    super(message, cause);
    this.failure = cause;
  }

  /** What ended it. */
  RuntimeException failure() {
    return failure;
  }
}
