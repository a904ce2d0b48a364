package dev.lockstep.report;

import dev.lockstep.metrics.History;

/**
 * The epochs of one training.
 *
 * @param name what tells it from the others of its run: {@code fold 3}; {@code training} if it is
 *     the only one
 */
public record Curves(String name, Course history) {
  /**
   * @throws IllegalArgumentException if a part is missing
   */
  public Curves {
    Values.require("name", name);
    Values.require("history", history);
  }

  /** What a report shows of {@code history}. */
  public Curves(String name, History history) {
    this(name, Course.of(history));
  }
}
