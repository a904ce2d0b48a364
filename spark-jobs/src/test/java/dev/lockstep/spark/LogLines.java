package dev.lockstep.spark;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.logging.log4j.Level;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.core.LogEvent;
import org.apache.logging.log4j.core.LoggerContext;
import org.apache.logging.log4j.core.appender.AbstractAppender;
import org.apache.logging.log4j.core.config.Configurator;
import org.apache.logging.log4j.core.config.Property;
import org.awaitility.Awaitility;

/** What the product logs, as an operator reads it, from the opening of this on. */
public final class LogLines extends AbstractAppender implements AutoCloseable {
  private final List<String> lines = new CopyOnWriteArrayList<>();
  private final String informing;

  private LogLines(String informing) {
    super("log lines", null, null, true, Property.EMPTY_ARRAY);
    this.informing = informing;
  }

  /** Begins to listen to warnings. */
  public static LogLines open() {
    return open("");
  }

  /** Begins to listen to warnings, and to what the class or package {@code informing} tells. */
  public static LogLines open(String informing) {
    LogLines lines = new LogLines(informing);
    lines.start();
    context().getRootLogger().addAppender(lines);
    if (!informing.isEmpty()) {
      Configurator.setLevel(informing, Level.INFO);
    }
    return lines;
  }

  private static LoggerContext context() {
    return (LoggerContext) LogManager.getContext(false);
  }

  @Override
  public void append(LogEvent event) {
    lines.add(event.getMessage().getFormattedMessage());
  }

  /** The lines so far that contain {@code text}. */
  public List<String> with(String text) {
    return lines.stream().filter(line -> line.contains(text)).toList();
  }

  /** The first line that contains {@code text}, which comes within 20 seconds. */
  public String await(String text) {
    Awaitility.await()
        .alias("a line with '%s' among %s".formatted(text, lines))
        .atMost(Duration.ofSeconds(20))
        .until(() -> !with(text).isEmpty());
    return with(text).get(0);
  }

  @Override
  public void close() {
    context().getRootLogger().removeAppender(this);
    if (!informing.isEmpty()) {
      context().getConfiguration().removeLogger(informing);
      context().updateLoggers();
    }
    stop();
  }
}
