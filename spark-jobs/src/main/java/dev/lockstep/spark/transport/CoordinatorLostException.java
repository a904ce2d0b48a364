package dev.lockstep.spark.transport;

/** A worker cannot reach its coordinator, or not any more. */
public final class CoordinatorLostException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  CoordinatorLostException(String message, Throwable cause) {
    super(message, cause);
  }
}
