package dev.lockstep.optimizer;

import dev.lockstep.yaml.Section;
import java.util.function.DoublePredicate;

/**
 * Which numbers a setting may have: the same rule for what a program passes and for what a user
 * writes. Infinities and NaN are never allowed.
 *
 * @param rule the allowed numbers in words
 */
record Range(String rule, DoublePredicate allowed) {
  /** Above zero, also once it is a float: what steps are multiplied with or divided by. */
  static final Range POSITIVE =
      new Range("a number > 0", v -> (float) v > 0 && (float) v <= Float.MAX_VALUE);

  /** Zero (off) or more. */
  static final Range NOT_NEGATIVE =
      new Range("a number >= 0", v -> v >= 0 && (float) v <= Float.MAX_VALUE);

  /** A part of a whole, the whole included. */
  static final Range FRACTION = new Range("a number from 0 to 1", v -> v >= 0 && v <= 1);

  /** How much a running mean keeps of its past; keeping all of it would never learn anything. */
  static final Range DECAY = new Range("a number >= 0 and < 1", v -> v >= 0 && (float) v < 1);

  /** The number under {@code key}, or {@code otherwise}. */
  double read(Section section, String key, double otherwise) {
    return section.number(key, otherwise, rule, allowed);
  }

  /** The number under {@code key}, which must be there. */
  double read(Section section, String key) {
    if (!section.has(key)) {
      throw section.missing(key, rule);
    }
    return read(section, key, 0);
  }

  /**
   * Refuses a {@code value} outside.
   *
   * @throws IllegalArgumentException naming the setting, its value and the rule
   */
  void check(String setting, double value) {
    if (!Double.isFinite(value) || !allowed.test(value)) {
      throw new IllegalArgumentException(setting + " is " + value + " but must be " + rule);
    }
  }
}
