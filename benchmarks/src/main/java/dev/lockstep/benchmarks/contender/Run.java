package dev.lockstep.benchmarks.contender;

import dev.lockstep.coordinator.RoundSummary;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * One training of one contender.
 *
 * @param examples learned from in all epochs together
 * @param curve where it stood after each epoch, at least one
 * @param testAccuracy at the end, 0 to 1; not a number without test examples
 * @param rounds where the time of its steps went, if the contender can tell
 * @param resident memory of the process, on a cluster of an executor, if the contender looked
 * @param commandSeconds of the whole command, from the start of its process to its end, if the
 *     training was one
 */
public record Run(
    long examples,
    List<Point> curve,
    double testAccuracy,
    Optional<RoundSummary> rounds,
    Optional<ResidentSize> resident,
    OptionalDouble commandSeconds) {

  /**
   * Where a training stands after an epoch.
   *
   * @param seconds of wall-clock time from its start, those of evaluating left out
   * @param validationAccuracy 0 to 1; not a number without validation examples
   */
  public record Point(double seconds, double validationAccuracy) {}

  /**
   * @throws IllegalArgumentException if there was no epoch
   */
  public Run {
    if (curve.isEmpty()) {
      throw new IllegalArgumentException("a run must have at least one epoch");
    }
    curve = List.copyOf(curve);
  }

  /** A run without evaluation, of which only the time is known. */
  public static Run timed(long examples, double seconds) {
    return evaluated(examples, List.of(new Point(seconds, Double.NaN)), Double.NaN);
  }

  /** A run of which only its learning curve and its end are known. */
  public static Run evaluated(long examples, List<Point> curve, double testAccuracy) {
    return new Run(
        examples, curve, testAccuracy, Optional.empty(), Optional.empty(), OptionalDouble.empty());
  }

  /** Seconds of wall-clock time, from start to last update, those of evaluating left out. */
  public double seconds() {
    return curve.get(curve.size() - 1).seconds();
  }

  /** After the last epoch, 0 to 1; not a number without validation examples. */
  public double validationAccuracy() {
    return curve.get(curve.size() - 1).validationAccuracy();
  }

  /** How many examples it learned from in a second. */
  public double examplesPerSecond() {
    return examples / seconds();
  }

  /**
   * Seconds to the end of the first epoch with at least this validation accuracy; infinite if there
   * is none.
   */
  public double secondsTo(double validationAccuracy) {
    return curve.stream()
        .filter(point -> point.validationAccuracy() >= validationAccuracy)
        .mapToDouble(Point::seconds)
        .findFirst()
        .orElse(Double.POSITIVE_INFINITY);
  }
}
