package dev.lockstep.spark.job;

import dev.lockstep.spark.storage.Location;

/** There is nothing left to do for a run: it has ended, with all its results. */
public final class RunEndedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final transient Location run;

  RunEndedException(Location run) {
    super("the run has ended already; nothing is left to do");
    this.run = run;
  }

  /** Where its files lie. */
  public Location run() {
    return run;
  }
}
