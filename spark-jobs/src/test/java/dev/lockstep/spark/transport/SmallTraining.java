package dev.lockstep.spark.transport;

import dev.lockstep.config.Configuration;
import dev.lockstep.coordinator.Coordinator;
import dev.lockstep.coordinator.SharedMemoryCoordinator;
import dev.lockstep.coordinator.TrainingPlan;
import dev.lockstep.coordinator.TrainingResult;
import dev.lockstep.coordinator.TrainingState;
import dev.lockstep.data.BatchOrder;
import dev.lockstep.data.Dataset;
import dev.lockstep.data.Examples;
import dev.lockstep.data.Shape;
import dev.lockstep.engine.EngineFactory;
import dev.lockstep.network.Network;
import dev.lockstep.random.CounterRandom;
import dev.lockstep.split.Split;
import dev.lockstep.worker.TrainingSet;
import dev.lockstep.worker.Worker;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.apache.spark.SparkConf;

/** A training of a few seconds, whose workers are threads that find their coordinator as told. */
record SmallTraining(Configuration configuration, EngineFactory engines, int workers) {
  private static final int MOST_ATTEMPTS = 4;
  private static final int TRAINING = 300;
  private static final int VALIDATION = 40;
  private static final TrainingSet DATA =
      new TrainingSet(
          new Dataset("small", examples(TRAINING + VALIDATION, 7), examples(50, 8)),
          new Split(
              IntStream.range(0, TRAINING).toArray(),
              IntStream.range(TRAINING, TRAINING + VALIDATION).toArray()));

  /** The training that {@code settings} of the key {@code training} describe. */
  static SmallTraining of(String settings, EngineFactory engines, int workers) {
    String yaml =
        """
        seed: 5
        network:
          layers:
            - dense: {units: 20, activation: relu}
            - dropout: {rate: 0.3}
            - dense: {units: 3, activation: softmax}
          loss: categorical_crossentropy
        training: {batchSize: 23, shards: 16, %s}
        """
            .formatted(settings);
    return new SmallTraining(Configuration.read("small.yaml", yaml, List.of()), engines, workers);
  }

  /** Each class brightens its own third of the image. */
  private static Examples examples(int count, long seed) {
    Shape shape = new Shape(6, 6, 1);
    byte[][] pixels = new byte[count][shape.size()];
    byte[] labels = new byte[count];
    CounterRandom random = new CounterRandom(seed);
    for (int i = 0; i < count; i++) {
      labels[i] = (byte) random.nextInt(3);
      for (int p = 0; p < shape.size(); p++) {
        boolean bright = p * 3 / shape.size() == labels[i];
        pixels[i][p] = (byte) (random.nextInt(128) + (bright ? 100 : 0));
      }
    }
    return new Examples(shape, 3, pixels, labels);
  }

  static SparkConf conf() {
    return new SparkConf(false)
        .set("spark.driver.host", "127.0.0.1")
        .set("spark.driver.bindAddress", "127.0.0.1");
  }

  Network network() {
    return configuration.network(DATA.training().shape(), DATA.training().classes());
  }

  /** The network place of {@code coordinator}, whose workers are no tasks of Spark. */
  CoordinatorServer serve(SharedMemoryCoordinator coordinator, SparkConf conf) {
    return serve(coordinator, conf, new ThreadTasks());
  }

  CoordinatorServer serve(SharedMemoryCoordinator coordinator, SparkConf conf, WorkerTasks tasks) {
    return new CoordinatorServer(coordinator, conf, configuration.workerLoss(), tasks);
  }

  SharedMemoryCoordinator coordinator() {
    return new SharedMemoryCoordinator(
        configuration.plan(),
        network(),
        order(),
        workers,
        TrainingState.start(
            configuration.plan(), network(), network().initialParameters(configuration.seed())),
        true,
        true);
  }

  private BatchOrder order() {
    return new BatchOrder(
        DATA.split().training(),
        configuration.plan().shards(),
        configuration.plan().batchSize(),
        configuration.seed());
  }

  Worker worker(int rank) {
    TrainingPlan plan = configuration.plan();
    return new Worker(
        plan, network(), engines, DATA, order(), rank, workers, plan.shards(rank, workers));
  }

  RemoteCoordinator remote(Invitation invitation) {
    return new RemoteCoordinator(invitation, conf(), configuration.plan(), network(), workers);
  }

  /** Trains in shared memory. */
  TrainingResult here() {
    SharedMemoryCoordinator coordinator = coordinator();
    run(coordinator);
    return coordinator.result();
  }

  /** Trains over sockets. */
  TrainingResult overNetwork(SparkConf conf) {
    SharedMemoryCoordinator coordinator = coordinator();
    try (CoordinatorServer server = serve(coordinator, conf)) {
      run(remote(server.invitation()));
      return coordinator.result();
    }
  }

  /** Runs the first attempt of one worker to its end. */
  static void run(Worker worker, Coordinator coordinator) {
    try {
      worker.run(coordinator, 0);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Runs all workers to their end, each again when it fails, as Spark would. */
  void run(Coordinator coordinator) {
    runFrom(coordinator, 0);
  }

  /** The same, with attempts counted from {@code firstAttempt}. */
  void runFrom(Coordinator coordinator, int firstAttempt) {
    ExecutorService threads = Executors.newFixedThreadPool(workers);
    try {
      List<Future<?>> running = new ArrayList<>();
      for (int rank = 0; rank < workers; rank++) {
        Worker worker = worker(rank);
        running.add(threads.submit(() -> runWithRetries(worker, coordinator, firstAttempt)));
      }
      for (Future<?> each : running) {
        each.get();
      }
    } catch (InterruptedException | ExecutionException e) {
      throw new IllegalStateException(e);
    } finally {
      threads.shutdownNow();
    }
  }

  private static void runWithRetries(Worker worker, Coordinator coordinator, int first) {
    for (int attempt = first; ; attempt++) {
      try {
        worker.run(coordinator, attempt);
        return;
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      } catch (RuntimeException e) {
        if (attempt + 1 == first + MOST_ATTEMPTS) {
          throw e;
        }
      }
    }
  }
}
