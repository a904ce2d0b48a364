package dev.lockstep.config;

import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Locale;

/** Which engine computes gradients and predictions. */
public enum EngineChoice {
  /** The fastest one that knows every layer of the network. */
  AUTO,
  /** Lockstep's own forward and backward pass, for the layers that it knows. */
  FUSED,
  /** DL4J's {@code MultiLayerNetwork}, which takes every layer. */
  DL4J;

  /** The word for it in a file. */
  @JsonValue
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }
}
