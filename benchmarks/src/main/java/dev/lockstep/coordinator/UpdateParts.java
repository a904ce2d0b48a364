package dev.lockstep.coordinator;

import dev.lockstep.benchmarks.contender.Contender;
import dev.lockstep.benchmarks.contender.Run;
import dev.lockstep.benchmarks.contender.Task;
import dev.lockstep.coordinator.Block.Scratch;
import dev.lockstep.engine.FloatVector;
import java.nio.FloatBuffer;
import java.util.Locale;
import java.util.stream.IntStream;

/**
 * No training but a part of its steps: the coordinator's share of a round alone, on one thread,
 * with gradients of no meaning, of which only {@code part} is timed. In the coordinator's own
 * package, whose blocks nobody else sees.
 *
 * @param workers whose gradients are added up
 */
public record UpdateParts(Part part, int workers) implements Contender {
  /** Of what is done to each block. */
  public enum Part {
    /** The sum of the gradients, divided, regularised and clipped. */
    REDUCE,
    /** The optimizer's step, and the parameters to where the workers read them. */
    UPDATE
  }

  @Override
  public String name() {
    return "coordinator alone, %s, 1 thread".formatted(part.name().toLowerCase(Locale.ROOT));
  }

  @Override
  public String note() {
    return "The coordinator alone has gradients of no meaning, and a clock at each block.";
  }

  @Override
  public Run train(Task task) {
    FloatBuffer parameters = FloatVector.of(task.network().initialParameters(task.plan().seed()));
    GradientUpdate update =
        new GradientUpdate(
            task.network().layout(),
            task.plan().optimizer(),
            parameters,
            SumTree.inOrder(workers),
            workers);
    Contribution[] gradients =
        IntStream.range(0, workers)
            .mapToObj(rank -> gradient(parameters.capacity(), task.plan().batchSize() / workers))
            .toArray(Contribution[]::new);
    update.collect(gradients);
    Scratch scratch = new Scratch();
    long nanos = 0;
    long steps = task.batches();
    for (long step = 0; step < steps; step++) {
      update.begin(step, step);
      nanos += nanos(update, scratch);
    }
    return Run.timed(task.examples(), nanos * 1e-9);
  }

  private long nanos(GradientUpdate update, Scratch scratch) {
    long nanos = 0;
    for (int block = 0; block < update.tasksPerPhase(); block++) {
      long started = System.nanoTime();
      update.average(block, scratch);
      long between = System.nanoTime();
      update.update(block, scratch);
      nanos += part == Part.REDUCE ? between - started : System.nanoTime() - between;
    }
    return nanos;
  }

  private static Contribution gradient(int length, int examples) {
    Contribution gradient = Contribution.ofLength(length);
    for (int i = 0; i < length; i++) {
      gradient.vector().put(i, (i * 37 % 101 - 50) / 50f);
    }
    gradient.sums().set(0, 0, examples);
    return gradient;
  }
}
