package dev.lockstep.engine;

import dev.lockstep.benchmarks.contender.Contender;
import dev.lockstep.benchmarks.contender.Run;
import dev.lockstep.benchmarks.contender.Task;
import dev.lockstep.data.BatchOrder;
import dev.lockstep.data.MicroBatch;
import dev.lockstep.data.WorkerOrder;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.Locale;

/**
 * No training but a part of its steps: the fused engine alone on one thread computes whole
 * gradients, of which only {@code part} is timed. In the engine's own package, whose stages nobody
 * else sees.
 */
public record EngineStages(Part part) implements Contender {
  /** Of a step. */
  public enum Part {
    /** All stages, forward, with dropout. */
    FORWARD,
    /** The loss, and its gradient. */
    LOSS,
    /** All stages, backward. */
    BACKWARD
  }

  @Override
  public String name() {
    return "engine `fused` alone, %s, 1 thread".formatted(part.name().toLowerCase(Locale.ROOT));
  }

  @Override
  public String note() {
    return "The engine alone has batches that are filled before its clock starts, and no update.";
  }

  @Override
  public Run train(Task task) {
    int capacity = task.plan().batchSize();
    FloatBuffer parameters = FloatVector.of(task.network().initialParameters(task.plan().seed()));
    TimedEngine engine =
        new TimedEngine(
            task.network(),
            task.plan().seed(),
            parameters,
            FloatVector.allocate(parameters.capacity()),
            capacity);
    BatchOrder order = task.order();
    WorkerOrder worker = order.worker(0, 1);
    MicroBatch examples = new MicroBatch(capacity);
    Batch batch = new Batch(task.network().input(), capacity);
    StepSums sums = new StepSums();
    long nanos = 0;
    long count = 0;
    for (int step = 0; step < order.batches(); step++) {
      worker.microBatch(0, step, examples);
      batch.fill(task.data().training(), examples);
      engine.gradient(batch, step, sums);
      nanos += nanos(engine);
      count += examples.size();
    }
    return Run.timed(count, nanos * 1e-9);
  }

  private long nanos(TimedEngine engine) {
    return switch (part) {
      case FORWARD -> Arrays.stream(engine.forward()).sum();
      case LOSS -> engine.loss();
      case BACKWARD -> Arrays.stream(engine.backward()).sum();
    };
  }
}
