package dev.lockstep.spark.cli;

import dev.lockstep.coordinator.Progress;
import java.io.PrintStream;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarStyle;

/** Steps as a bar that fills in place, a new one each epoch, for terminals. */
final class StepBar implements StepDisplay {
  private static final int REFRESH_MILLIS = 100;
  private static final String ERASE_LINE = "\r\u001b[2K";

  private final PrintStream terminal;
  private ProgressBar bar;

  /** A bar in the last line of {@code terminal}. */
  StepBar(PrintStream terminal) {
    this.terminal = terminal;
  }

  @Override
  public void show(Progress progress) {
    if (bar == null) {
      bar = open(progress);
    }
    bar.setExtraMessage(" " + StepDisplay.pace(progress));
    bar.stepTo(progress.batch());
  }

  private ProgressBar open(Progress progress) {
    return ProgressBar.builder()
        .setTaskName("Epoch %d/%d".formatted(progress.epoch(), progress.epochs()))
        .setInitialMax(progress.batches())
        .setUpdateIntervalMillis(REFRESH_MILLIS)
        .setStyle(ProgressBarStyle.ASCII)
        .hideEta()
        .setConsumer(new Line(terminal))
        .build();
  }

  @Override
  public void clear() {
    if (bar != null) {
      bar.close();
      bar = null;
      terminal.print(ERASE_LINE);
      terminal.flush();
    }
  }

  /** The last line of a terminal, which is not ended: it will be erased. */
  private static final class Line extends ConsoleProgressBarConsumer {
    Line(PrintStream terminal) {
      super(terminal);
    }

    @Override
    public void close() {
      // Whoever closes the bar erases it.
    }
  }
}
