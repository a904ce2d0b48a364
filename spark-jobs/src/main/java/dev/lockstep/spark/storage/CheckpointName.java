package dev.lockstep.spark.storage;

import java.util.Comparator;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The name of a checkpoint's directory, {@code epoch-0002-step-00000780}; a later checkpoint is
 * greater.
 *
 * @param epoch how many epochs are done
 * @param step how many optimizer steps of the whole training are done
 */
public record CheckpointName(int epoch, long step) implements Comparable<CheckpointName> {
  private static final Pattern NAME = Pattern.compile("epoch-([0-9]{4,9})-step-([0-9]{8,18})");
  private static final Comparator<CheckpointName> ORDER =
      Comparator.comparingInt(CheckpointName::epoch).thenComparingLong(CheckpointName::step);

  /** The checkpoint that the directory {@code name} is, if it is one. */
  static Optional<CheckpointName> of(String name) {
    Matcher matcher = NAME.matcher(name);
    return matcher.matches()
        ? Optional.of(
            new CheckpointName(
                Integer.parseInt(matcher.group(1)), Long.parseLong(matcher.group(2))))
        : Optional.empty();
  }

  @Override
  public int compareTo(CheckpointName other) {
    return ORDER.compare(this, other);
  }

  @Override
  public String toString() {
    return String.format(Locale.ROOT, "epoch-%04d-step-%08d", epoch, step);
  }
}
