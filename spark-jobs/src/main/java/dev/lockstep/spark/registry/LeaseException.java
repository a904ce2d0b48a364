package dev.lockstep.spark.registry;

/** Another process works on the registry or the run: the message says which, and until when. */
public final class LeaseException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** An error with the sentence a user reads. */
  public LeaseException(String message) {
    super(message);
  }
}
