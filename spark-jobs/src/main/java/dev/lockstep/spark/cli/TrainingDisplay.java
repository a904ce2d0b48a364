package dev.lockstep.spark.cli;

import dev.lockstep.coordinator.Progress;
import dev.lockstep.metrics.EpochRecord;
import java.io.Console;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Shows how a training comes along: a line an epoch as a result, and between them the steps.
 * Belongs to one thread.
 */
final class TrainingDisplay implements Consumer<Progress>, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(TrainingDisplay.class);

  private static final int CONSOLE_WITHOUT_TERMINAL = 22;

  private final PrintWriter out;
  private final StepDisplay steps;
  private int printed;

  /** A display that prints epochs to {@code out} and leaves steps to {@code steps}. */
  TrainingDisplay(PrintWriter out, StepDisplay steps) {
    this.out = out;
    this.steps = steps;
  }

  /** The display that suits this process: a bar on a terminal, otherwise lines of the log. */
  static TrainingDisplay of(PrintWriter out) {
    return new TrainingDisplay(
        out, isTerminal() ? new StepBar(System.err) : new StepLines(LOG::info, System::nanoTime));
  }

  private static boolean isTerminal() {
    return consoleIsTerminal()
        && !"dumb".equals(System.getenv("TERM"))
        && standardErrorIsTerminal();
  }

  /** Before Java 22 there is no console without a terminal, and no such method. */
  private static boolean consoleIsTerminal() {
    Console console = System.console();
    try {
      return console != null
          && (Runtime.version().feature() < CONSOLE_WITHOUT_TERMINAL
              || (boolean) Console.class.getMethod("isTerminal").invoke(console));
    } catch (ReflectiveOperationException e) {
      return false;
    }
  }

  /** Java does not tell; where there is no /proc, the console must be enough. */
  private static boolean standardErrorIsTerminal() {
    Path error = Path.of("/proc/self/fd/2");
    try {
      return !Files.isSymbolicLink(error)
          || Files.readSymbolicLink(error).toString().matches("/dev/(pts/|tty|console).*");
    } catch (java.io.IOException e) {
      return true;
    }
  }

  @Override
  public void accept(Progress progress) {
    while (printed < progress.finished().size()) {
      steps.clear();
      out.println(line(progress.finished().get(printed++), progress.epochs()));
    }
    if (progress.batch() > 0) {
      steps.show(progress);
    }
  }

  private static String line(EpochRecord epoch, int epochs) {
    String line =
        String.format(
            Locale.ROOT,
            "Epoch %d/%d - %.1f s - %,.0f examples/s - loss %.4f - accuracy %.4f",
            epoch.epoch(),
            epochs,
            epoch.seconds(),
            epoch.examplesPerSecond(),
            epoch.trainingLoss(),
            epoch.trainingAccuracy());
    return epoch.validation() == null
        ? line
        : line
            + String.format(
                Locale.ROOT,
                " - val_loss %.4f - val_accuracy %.4f",
                epoch.validation().loss(),
                epoch.validation().accuracy());
  }

  @Override
  public void close() {
    steps.clear();
  }
}
