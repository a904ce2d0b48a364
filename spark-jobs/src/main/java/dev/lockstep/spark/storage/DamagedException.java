package dev.lockstep.spark.storage;

import java.io.IOException;

/** What is stored is not what was written. */
public final class DamagedException extends IOException {
  private static final long serialVersionUID = 1L;

  /** The sentence that a reader reads: which file, what was found, what was expected. */
  public DamagedException(String message) {
    super(message);
  }
}
