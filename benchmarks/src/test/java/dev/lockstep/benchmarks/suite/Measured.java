package dev.lockstep.benchmarks.suite;

import dev.lockstep.benchmarks.contender.Contender;
import dev.lockstep.benchmarks.contender.Run;
import dev.lockstep.benchmarks.contender.Run.Point;
import dev.lockstep.benchmarks.contender.Task;
import dev.lockstep.coordinator.RoundSummary;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/** Measurements made up for tests of tables. */
final class Measured {
  private Measured() {}

  /** A contender of which only its name matters. */
  static Contender contender(String name) {
    return new Contender() {
      @Override
      public String name() {
        return name;
      }

      @Override
      public String note() {
        return "About " + name + ".";
      }

      @Override
      public Run train(Task task) {
        throw new UnsupportedOperationException("only its measurements are of interest");
      }
    };
  }

  /** A run of 1,000 examples without evaluation. */
  static Run timed(double seconds, Optional<RoundSummary> rounds) {
    return new Run(
        1000,
        List.of(new Point(seconds, Double.NaN)),
        Double.NaN,
        rounds,
        Optional.empty(),
        OptionalDouble.empty());
  }

  /** A run of two epochs, of a second each, that ends with 0.98 on validation. */
  static Run trained(double firstAccuracy, double testAccuracy) {
    return Run.evaluated(
        1000, List.of(new Point(1, firstAccuracy), new Point(2, 0.98)), testAccuracy);
  }

  /** A run of two seconds in a command of its own. */
  static Run command(double testAccuracy, double commandSeconds) {
    return new Run(
        1000,
        List.of(new Point(2, Double.NaN)),
        testAccuracy,
        Optional.empty(),
        Optional.empty(),
        OptionalDouble.of(commandSeconds));
  }
}
