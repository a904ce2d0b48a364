package dev.lockstep.yaml;

/**
 * What a user wrote cannot be used: the message says what was found, where, what was expected and
 * what to do. The commands print the message alone and exit with 2.
 */
public final class ConfigurationException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** An error with the sentence a user reads. */
  public ConfigurationException(String message) {
    super(message);
  }

  /** An error with the sentence a user reads and what led to it. */
  public ConfigurationException(String message, Throwable cause) {
    super(message, cause);
  }
}
