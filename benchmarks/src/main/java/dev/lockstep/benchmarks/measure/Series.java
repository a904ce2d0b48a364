package dev.lockstep.benchmarks.measure;

import dev.lockstep.benchmarks.contender.Contender;
import dev.lockstep.benchmarks.contender.Run;
import dev.lockstep.coordinator.RoundSummary;
import java.util.List;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;

/**
 * The runs of one contender.
 *
 * @param runs in the order of the tasks
 */
public record Series(Contender contender, List<Run> runs) {
  public Series {
    runs = List.copyOf(runs);
  }

  /** A quantity over all runs. */
  public Spread spread(ToDoubleFunction<Run> quantity) {
    return Spread.of(runs.stream().mapToDouble(quantity).toArray());
  }

  /**
   * A quantity as a ratio to that of {@code other}, run by run: what slows the machine for a while
   * slows both.
   */
  public Spread ratio(Series other, ToDoubleFunction<Run> quantity) {
    return Spread.of(
        IntStream.range(0, runs.size())
            .mapToDouble(
                i ->
                    quantity.applyAsDouble(runs.get(i))
                        / quantity.applyAsDouble(other.runs().get(i)))
            .toArray());
  }

  /** A part of a step's time over all runs; not a number where the contender cannot tell. */
  public Spread rounds(ToDoubleFunction<RoundSummary> millis) {
    return spread(run -> run.rounds().map(millis::applyAsDouble).orElse(Double.NaN));
  }
}
