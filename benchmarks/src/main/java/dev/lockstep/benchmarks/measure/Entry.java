package dev.lockstep.benchmarks.measure;

import dev.lockstep.benchmarks.contender.Contender;
import dev.lockstep.benchmarks.contender.Task;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/**
 * A contender with what it trains.
 *
 * @param warmUp what it trains first, which is not counted; none for a contender that begins anew
 *     each time
 * @param tasks one a measurement
 */
public record Entry(Contender contender, Optional<Task> warmUp, List<Task> tasks) {
  public Entry {
    tasks = List.copyOf(tasks);
  }

  /** The same task at every measurement and before. */
  public static Entry of(Contender contender, Task task, int measurements) {
    return new Entry(contender, Optional.of(task), Collections.nCopies(measurements, task));
  }
}
