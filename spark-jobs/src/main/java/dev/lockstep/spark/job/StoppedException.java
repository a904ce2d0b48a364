package dev.lockstep.spark.job;

/** A training has ended before its time and can go on: the message says how, the cause why. */
public final class StoppedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final RuntimeException failure;
  private final boolean logged;

  /** {@code message} is the sentence that a user reads after that of {@code cause}. */
  public StoppedException(String message, RuntimeException cause) {
    this(message, cause, false);
  }

  /**
   * As the other.
   *
   * @param logged whether the log has said it, where nobody may live to print it
   */
  StoppedException(String message, RuntimeException cause, boolean logged) {
    super(message, cause);
    this.failure = cause;
    this.logged = logged;
  }

  /** Whether the user has read the message in the log. */
  public boolean logged() {
    return logged;
  }

  /** What ended it. */
  RuntimeException failure() {
    return failure;
  }
}
