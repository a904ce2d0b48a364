package dev.lockstep.coordinator;

import java.util.Locale;

/** How the numbers of a gradient travel from a worker in another JVM to its coordinator. */
public enum WireFormat {
  /** As they are. */
  FLOAT32,
  /** Rounded to the upper half of their bits, to nearest, ties to even. */
  BFLOAT16;

  /** The word for it in the configuration. */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }
}
