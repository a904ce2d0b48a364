package dev.lockstep.worker;

import dev.lockstep.coordinator.SharedMemoryCoordinator;
import dev.lockstep.coordinator.TrainingPlan;
import dev.lockstep.coordinator.TrainingResult;
import dev.lockstep.coordinator.TrainingState;
import dev.lockstep.data.BatchOrder;
import dev.lockstep.engine.EngineFactory;
import dev.lockstep.network.Network;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;

/**
 * A gang of threads in place of Spark's tasks: runs a worker again when it dies, as Spark would.
 */
final class SimulatedGang {
  private static final int MOST_ATTEMPTS = 4;

  private SimulatedGang() {}

  static TrainingResult train(
      TrainingPlan plan, Network network, TrainingSet data, EngineFactory engines, int workers) {
    return train(
        plan,
        network,
        data,
        engines,
        workers,
        TrainingState.start(plan, network, network.initialParameters(plan.seed())),
        coordinator -> {});
  }

  /** Goes on from {@code start}; {@code before} sees the coordinator before the workers do. */
  static TrainingResult train(
      TrainingPlan plan,
      Network network,
      TrainingSet data,
      EngineFactory engines,
      int workers,
      TrainingState start,
      Consumer<SharedMemoryCoordinator> before) {
    BatchOrder order =
        new BatchOrder(data.split().training(), plan.shards(), plan.batchSize(), plan.seed());
    SharedMemoryCoordinator coordinator =
        new SharedMemoryCoordinator(
            plan,
            network,
            order,
            workers,
            start,
            data.split().validation().length > 0,
            data.test().size() > 0);
    before.accept(coordinator);
    ExecutorService threads = Executors.newFixedThreadPool(workers);
    try {
      List<Future<?>> running = new ArrayList<>();
      for (int rank = 0; rank < workers; rank++) {
        Worker worker =
            new Worker(
                plan, network, engines, data, order, rank, workers, plan.shards(rank, workers));
        running.add(threads.submit(() -> runWithRetries(worker, coordinator)));
      }
      for (Future<?> each : running) {
        each.get();
      }
    } catch (InterruptedException | ExecutionException e) {
      throw new IllegalStateException(e);
    } finally {
      threads.shutdownNow();
    }
    return coordinator.result();
  }

  private static void runWithRetries(Worker worker, SharedMemoryCoordinator coordinator) {
    for (int attempt = 0; ; attempt++) {
      try {
        worker.run(coordinator, attempt);
        return;
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      } catch (RuntimeException e) {
        if (attempt + 1 == MOST_ATTEMPTS) {
          coordinator.abort(e);
          throw e;
        }
      }
    }
  }
}
