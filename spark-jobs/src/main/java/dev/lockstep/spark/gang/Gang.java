package dev.lockstep.spark.gang;

import dev.lockstep.config.WorkerLoss;
import dev.lockstep.coordinator.CheckpointSchedule;
import dev.lockstep.coordinator.Directive.Finish;
import dev.lockstep.coordinator.Progress;
import dev.lockstep.coordinator.RunAbortedException;
import dev.lockstep.coordinator.SharedMemoryCoordinator;
import dev.lockstep.coordinator.TrainingResult;
import dev.lockstep.coordinator.TrainingState;
import dev.lockstep.data.BatchOrder;
import dev.lockstep.spark.transport.CoordinatorServer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.apache.spark.SparkEnv;
import org.apache.spark.SparkException;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The N workers of one training, as one Spark job of N long tasks over the RDD of the shards, of
 * which each task's partition holds its worker's own. In the driver's own JVM ({@code --master
 * local[...]}) they share the coordinator's memory; on a cluster they reach it over the network.
 *
 * <p>Safe for use by many threads.
 */
public final class Gang {
  private static final Logger LOG = LoggerFactory.getLogger(Gang.class);
  private static final long GLANCE_MILLIS = 200;

  /** The gangs of this JVM: what a task, which Spark has serialised, finds its gang by. */
  private static final Map<String, Gang> GANGS = new ConcurrentHashMap<>();

  private final String id = UUID.randomUUID().toString();
  private final Training training;
  private final BatchOrder order;
  private final int size;
  private final WorkerLoss workerLoss;
  private final SharedMemoryCoordinator coordinator;

  private Gang(Training training, int size, TrainingState start) {
    this.training = training;
    this.order = training.order();
    this.size = size;
    this.workerLoss = training.recipe().map(TrainingRecipe::workerLoss).orElse(WorkerLoss.DEFAULT);
    this.coordinator =
        new SharedMemoryCoordinator(
            training.plan(),
            training.network(),
            order,
            size,
            start,
            training.data().split().validation().length > 0,
            training.data().test().size() > 0);
  }

  /** The gang that will train as {@code training} says, not yet running. */
  public static Gang of(Training training, int size) {
    return startingFrom(
        TrainingState.start(training.plan(), training.network(), training.initialParameters()),
        training,
        size);
  }

  /** The gang that will go on with {@code training} from {@code state}, not yet running. */
  public static Gang startingFrom(TrainingState state, Training training, int size) {
    return new Gang(training, size, state);
  }

  /**
   * Has the training's state written as {@link SharedMemoryCoordinator#checkpoint} says; to be
   * called before {@link #run}.
   */
  public void checkpoint(
      CheckpointSchedule schedule, Executor executor, Consumer<TrainingState> writer) {
    coordinator.checkpoint(schedule, executor, writer);
  }

  /**
   * Where a run that has failed has come to, as {@link SharedMemoryCoordinator#lastState} says.
   *
   * @throws InterruptedException if the thread was interrupted while an update was under way
   */
  public Optional<TrainingState> lastState() throws InterruptedException {
    return coordinator.lastState();
  }

  /**
   * Runs the workers until training ends.
   *
   * @throws RunAbortedException if it fails, with the first worker's error as cause
   */
  public TrainingResult run(JavaSparkContext spark) {
    GangTasks tasks = new GangTasks(spark.sc(), id, coordinator, workerLoss);
    spark.sc().addSparkListener(tasks);
    spark.setLocalProperty(GangTasks.PROPERTY, id);
    try (GangMetrics unused =
        GangMetrics.register(coordinator, SparkEnv.get().metricsSystem(), patience())) {
      if (spark.isLocal()) {
        runHere(spark, tasks);
      } else {
        runOnExecutors(spark, tasks);
      }
      return coordinator.result();
    } catch (RuntimeException e) {
      coordinator.abort(e);
      throw e;
    } catch (Exception e) {
      coordinator.abort(e);
      return coordinator.result();
    } finally {
      spark.setLocalProperty(GangTasks.PROPERTY, null);
      spark.sc().removeSparkListener(tasks);
    }
  }

  /** Partition r holds the numbers of the shards that the worker of rank r owns. */
  JavaRDD<Integer> shards(JavaSparkContext spark) {
    List<int[]> owned =
        IntStream.range(0, size).mapToObj(rank -> training.plan().shards(rank, size)).toList();
    return spark.parallelize(owned, size).flatMap(shards -> Arrays.stream(shards).iterator());
  }

  private void runHere(JavaSparkContext spark, GangTasks tasks) throws Exception {
    Roll roll =
        new Roll(
            workerLoss, tasks, coordinator::state, System::nanoTime, LOG::warn, coordinator::abort);
    GANGS.put(id, this);
    try {
      String gang = id;
      await(
          shards(spark).foreachPartitionAsync(shards -> work(gang, own(shards))),
          tasks,
          roll::check);
    } finally {
      GANGS.remove(id);
    }
  }

  private void runOnExecutors(JavaSparkContext spark, GangTasks tasks) throws Exception {
    try (CoordinatorServer server =
        new CoordinatorServer(coordinator, spark.getConf(), workerLoss, tasks)) {
      await(
          shards(spark).foreachPartitionAsync(RemoteWorker.of(training, size, server.invitation())),
          tasks,
          () -> {});
    }
  }

  private Duration patience() {
    return WorkerLoss.patience(workerLoss.workerTimeout());
  }

  /**
   * Waits until all workers have left. When the run is over, or has failed, those that hang, or are
   * to be run again and get no slot, would never do so: they have 10 s (or half of a shorter
   * workerTimeout).
   */
  private void await(Future<Void> job, GangTasks tasks, Runnable glance) throws Exception {
    Duration grace = patience();
    long overSince = 0;
    while (true) {
      try {
        job.get(GLANCE_MILLIS, TimeUnit.MILLISECONDS);
        return;
      } catch (TimeoutException e) {
        glance.run();
        boolean failed = coordinator.failure().isPresent();
        if (failed || coordinator.state().directive() instanceof Finish) {
          overSince = overSince == 0 ? System.nanoTime() : overSince;
          if (System.nanoTime() - overSince > grace.toNanos()) {
            LOG.warn(
                "{}, but after {} s workers have not left: {}; their tasks are cancelled",
                failed ? "training ends before its time" : "training is over",
                grace.toSeconds(),
                tasks.remaining());
            job.cancel(true);
            return;
          }
        }
      } catch (CancellationException e) {
        return;
      } catch (ExecutionException e) {
        throw e.getCause() instanceof Exception cause ? cause : e;
      }
    }
  }

  /** How far the training has come. */
  public Progress progress() {
    return coordinator.progress();
  }

  /** Ends the training; {@link #run} then throws, with {@code cause}. */
  public void abort(Throwable cause) {
    coordinator.abort(cause);
  }

  /** The shards of a task's partition. */
  static int[] own(Iterator<Integer> partition) {
    List<Integer> shards = new ArrayList<>();
    partition.forEachRemaining(shards::add);
    return shards.stream().mapToInt(Integer::intValue).toArray();
  }

  /** What one Spark task does. */
  private static void work(String id, int[] shards) throws SparkException, InterruptedException {
    TaskContext task = TaskContext.get();
    int rank = task.partitionId();
    Gang gang = GANGS.get(id);
    if (gang == null) {
      throw new SparkException(
          "the gang of the worker of rank %d has gone from this JVM".formatted(rank));
    }
    if (task.attemptNumber() > 0) {
      LOG.warn(
          "worker of rank {} is back at step {}: attempt {} in this process",
          rank,
          gang.coordinator.state().step(),
          task.taskAttemptId());
    }
    try {
      gang.training
          .worker(gang.order, rank, gang.size, shards)
          .run(gang.coordinator, task.taskAttemptId());
    } catch (RunAbortedException e) {
      LOG.debug("worker of rank {} ends: {}", rank, e.getMessage());
    } catch (OutOfMemoryError e) {
      throw TaskMemory.exhausted("worker of rank " + rank, e);
    }
  }
}
