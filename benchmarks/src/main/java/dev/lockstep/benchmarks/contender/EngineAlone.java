package dev.lockstep.benchmarks.contender;

import dev.lockstep.config.EngineChoice;
import dev.lockstep.data.BatchOrder;
import dev.lockstep.data.MicroBatch;
import dev.lockstep.data.WorkerOrder;
import dev.lockstep.engine.Batch;
import dev.lockstep.engine.Engine;
import dev.lockstep.engine.FloatVector;
import dev.lockstep.engine.StepSums;
import dev.lockstep.nativelib.NativeLibraries;
import dev.lockstep.spark.gang.SelectedEngine;
import java.nio.FloatBuffer;

/**
 * No training but its part: one of Lockstep's engines on one thread, without coordinator, update
 * and Spark. Filling the batches is not timed.
 */
public record EngineAlone(EngineChoice engine) implements Contender {
  @Override
  public String name() {
    return "engine `%s` alone, gradient, 1 thread".formatted(engine.word());
  }

  @Override
  public String note() {
    return "The engine alone has batches that are filled before its clock starts, and no update.";
  }

  @Override
  public Run train(Task task) {
    NativeLibraries.load();
    int capacity = task.plan().batchSize();
    FloatBuffer parameters = FloatVector.of(task.network().initialParameters(task.plan().seed()));
    FloatBuffer gradient = FloatVector.allocate(parameters.capacity());
    BatchOrder order = task.order();
    WorkerOrder worker = order.worker(0, 1);
    MicroBatch part = new MicroBatch(capacity);
    Batch batch = new Batch(task.network().input(), capacity);
    StepSums sums = new StepSums();
    long nanos = 0;
    long examples = 0;
    try (Engine opened =
        SelectedEngine.of(engine, task.network())
            .factory()
            .open(task.network(), task.plan().seed(), parameters, gradient, capacity)) {
      for (int step = 0; step < order.batches(); step++) {
        worker.microBatch(0, step, part);
        batch.fill(task.data().training(), part);
        long started = System.nanoTime();
        opened.gradient(batch, step, sums);
        nanos += System.nanoTime() - started;
        examples += part.size();
      }
    }
    return Run.timed(examples, nanos * 1e-9);
  }
}
