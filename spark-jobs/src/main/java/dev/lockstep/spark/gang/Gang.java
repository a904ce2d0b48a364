package dev.lockstep.spark.gang;

import dev.lockstep.coordinator.Progress;
import dev.lockstep.coordinator.RunAbortedException;
import dev.lockstep.coordinator.SharedMemoryCoordinator;
import dev.lockstep.coordinator.TrainingResult;
import dev.lockstep.worker.Worker;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.IntStream;
import org.apache.spark.SparkException;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The N workers of one training, as one Spark job of N long tasks in the driver's own JVM ({@code
 * --master local[...]}), where they share the coordinator's memory.
 *
 * <p>Safe for use by many threads.
 */
public final class Gang {
  private static final Logger LOG = LoggerFactory.getLogger(Gang.class);

  /** The gangs of this JVM: what a task, which Spark has serialised, finds its gang by. */
  private static final Map<String, Gang> GANGS = new ConcurrentHashMap<>();

  private final String id = UUID.randomUUID().toString();
  private final Worker[] workers;
  private final SharedMemoryCoordinator coordinator;

  private Gang(Worker[] workers, SharedMemoryCoordinator coordinator) {
    this.workers = workers;
    this.coordinator = coordinator;
  }

  /** The gang that will train as {@code training} says, not yet running. */
  public static Gang of(Training training, int size) {
    SharedMemoryCoordinator coordinator =
        new SharedMemoryCoordinator(
            training.plan(),
            training.network(),
            training.order(),
            size,
            training.initialParameters(),
            training.data().split().validation().length > 0,
            training.data().test().size() > 0);
    Worker[] workers =
        IntStream.range(0, size)
            .mapToObj(rank -> training.worker(rank, size))
            .toArray(Worker[]::new);
    return new Gang(workers, coordinator);
  }

  /**
   * Runs the workers until training ends.
   *
   * @throws RunAbortedException if it fails, with the first worker's error as cause
   */
  public TrainingResult run(JavaSparkContext spark) {
    GANGS.put(id, this);
    try {
      int[] ranks = IntStream.range(0, workers.length).toArray();
      String gang = id;
      spark
          .parallelize(IntStream.of(ranks).boxed().toList(), ranks.length)
          .foreach(rank -> work(gang, rank));
      return coordinator.result();
    } catch (RuntimeException e) {
      coordinator.abort(e);
      throw e;
    } catch (Exception e) {
      coordinator.abort(e);
      return coordinator.result();
    } finally {
      GANGS.remove(id);
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

  /** What one Spark task does. */
  private static void work(String id, int rank) throws SparkException, InterruptedException {
    Gang gang = GANGS.get(id);
    if (gang == null) {
      throw new SparkException(
          "worker of rank %d runs in another JVM than its coordinator; use --master local[...]"
              .formatted(rank));
    }
    TaskContext task = TaskContext.get();
    if (task.attemptNumber() > 0) {
      LOG.warn("worker of rank {} starts again, attempt {}", rank, task.attemptNumber());
    }
    try {
      gang.workers[rank].run(gang.coordinator, task.taskAttemptId());
    } catch (RunAbortedException e) {
      LOG.debug("worker of rank {} ends: {}", rank, e.getMessage());
    } catch (RuntimeException | Error e) {
      LOG.warn(
          "worker of rank {} failed at attempt {}: {}", rank, task.attemptNumber(), e.toString());
      throw e;
    }
  }
}
