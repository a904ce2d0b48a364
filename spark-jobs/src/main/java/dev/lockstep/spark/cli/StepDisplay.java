package dev.lockstep.spark.cli;

import dev.lockstep.coordinator.Progress;
import java.util.Locale;

/** Shows the steps of the epoch under way. Belongs to one thread. */
sealed interface StepDisplay permits StepBar, StepLines {
  /** Shows how far it has come. */
  void show(Progress progress);

  /** Makes room for a line of something else. */
  void clear();

  /** Pace and loss in words. */
  static String pace(Progress progress) {
    return String.format(
        Locale.ROOT, "%,.0f examples/s, loss %.4f", progress.examplesPerSecond(), progress.loss());
  }
}
