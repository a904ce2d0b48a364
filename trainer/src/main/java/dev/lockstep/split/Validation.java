package dev.lockstep.split;

import dev.lockstep.data.Examples;
import dev.lockstep.yaml.ConfigurationException;
import dev.lockstep.yaml.Section;

/** Which training examples are not learned from but validate. Immutable. */
public sealed interface Validation permits HoldOut, Fold, Marked {
  /**
   * Splits {@code training}; the same seed gives the same split.
   *
   * @throws ConfigurationException if these examples cannot be split so
   */
  Split split(Examples training, long seed);

  /** Whether any example is to validate. */
  boolean validates();

  /**
   * Reads a {@link Fold} if the section has {@code folds}, otherwise a {@link HoldOut}.
   *
   * @throws ConfigurationException if a value is out of its range or a key is unknown
   */
  static Validation read(Section section) {
    return section.has(Fold.KEY) ? Fold.read(section) : HoldOut.read(section);
  }
}
