package dev.lockstep.spark.gang;

import dev.lockstep.config.WorkerLoss;
import dev.lockstep.coordinator.Directive.Finish;
import dev.lockstep.coordinator.FencedException;
import dev.lockstep.coordinator.SharedMemoryCoordinator;
import dev.lockstep.spark.transport.CoordinatorLostException;
import dev.lockstep.spark.transport.WorkerTasks;
import dev.lockstep.yaml.ConfigurationException;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.spark.ExceptionFailure;
import org.apache.spark.SparkContext;
import org.apache.spark.TaskFailedReason;
import org.apache.spark.TaskKilled;
import org.apache.spark.scheduler.ExecutorProcessLost;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerStageSubmitted;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.scheduler.SparkListenerTaskStart;
import org.apache.spark.scheduler.TaskInfo;
import org.apache.spark.scheduler.cluster.CoarseGrainedSchedulerBackend;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.Option;

/**
 * The tasks of one gang, as Spark's scheduler tells of them. Knows which executor runs which
 * worker, logs every failure, and ends a run that would only fail again. Safe for use by many
 * threads.
 */
final class GangTasks extends SparkListener implements WorkerTasks {
  /** The local property by which Spark's events name the gang. */
  static final String PROPERTY = "lockstep.gang";

  private static final Logger LOG = LoggerFactory.getLogger(GangTasks.class);

  private final SparkContext spark;
  private final String gang;
  private final SharedMemoryCoordinator coordinator;
  private final WorkerLoss workerLoss;
  private final Set<Integer> stages = ConcurrentHashMap.newKeySet();
  private final Map<Long, TaskInfo> running = new ConcurrentHashMap<>();
  private final Set<Integer> succeeded = ConcurrentHashMap.newKeySet();
  private final Set<String> replaced = ConcurrentHashMap.newKeySet();

  /** The last failure of each rank; belongs to the thread of Spark's events. */
  private final Map<Integer, Failure> failures = new HashMap<>();

  GangTasks(
      SparkContext spark, String gang, SharedMemoryCoordinator coordinator, WorkerLoss workerLoss) {
    this.spark = spark;
    this.gang = gang;
    this.coordinator = coordinator;
    this.workerLoss = workerLoss;
  }

  /** An error that a worker ended with at a step. */
  private record Failure(long step, String error) {}

  @Override
  public void onStageSubmitted(SparkListenerStageSubmitted submitted) {
    if (submitted.properties() != null
        && gang.equals(submitted.properties().getProperty(PROPERTY))) {
      stages.add(submitted.stageInfo().stageId());
    }
  }

  @Override
  public void onTaskStart(SparkListenerTaskStart start) {
    if (stages.contains(start.stageId())) {
      running.put(start.taskInfo().taskId(), start.taskInfo());
    }
  }

  @Override
  public void onTaskEnd(SparkListenerTaskEnd end) {
    TaskInfo task = running.remove(end.taskInfo().taskId());
    boolean failed =
        end.reason() instanceof TaskFailedReason && !(end.reason() instanceof TaskKilled);
    boolean over =
        coordinator.failure().isPresent() || coordinator.state().directive() instanceof Finish;
    if (task != null && failed && !over) {
      failed(task, (TaskFailedReason) end.reason());
    }
    if (task != null && end.taskInfo().successful()) {
      succeeded.add(task.partitionId());
    }
  }

  /** Whether it is a second copy of a worker that has its place: nothing is lost with it. */
  private boolean standsBy(TaskInfo task) {
    return task.speculative()
        && !coordinator.hasPlace(task.partitionId(), task.taskId())
        && running.values().stream().anyMatch(each -> each.partitionId() == task.partitionId());
  }

  /** Whose task has not ended, and where it is. */
  String remaining() {
    return IntStream.range(0, coordinator.workers())
        .filter(rank -> !succeeded.contains(rank))
        .mapToObj(rank -> "rank %d, %s".formatted(rank, whereabouts(rank)))
        .collect(Collectors.joining("; "));
  }

  private void failed(TaskInfo task, TaskFailedReason reason) {
    String error = error(reason);
    if (standsBy(task)) {
      LOG.warn(
          "a speculative copy of the worker of rank {} failed, which only stood by: attempt {} on {} (executor {}): {}",
          task.partitionId(),
          task.taskId(),
          task.host(),
          task.executorId(),
          error);
      return;
    }
    long step = coordinator.stepOfLoss(task.partitionId(), task.taskId());
    String what =
        "worker of rank %d failed at step %d: attempt %d on %s (executor %s): %s"
            .formatted(
                task.partitionId(), step, task.taskId(), task.host(), task.executorId(), error);
    LOG.warn(what);
    if (workerLoss.reaction() == WorkerLoss.Reaction.FAIL) {
      coordinator.abort(
          new IllegalStateException(what + "; training.onWorkerLoss is fail, so the run ends"));
    } else if (reason instanceof ExceptionFailure exception && isOfTheWorker(exception)) {
      abortIfRepeated(task, new Failure(step, error), exception);
    }
  }

  /** What the first line of the error says, without a stack trace. */
  private static String error(TaskFailedReason reason) {
    String error =
        reason instanceof ExceptionFailure exception
            ? simpleName(exception.className()) + ": " + exception.description()
            : reason.toErrorString();
    return error.lines().findFirst().orElse(reason.getClass().getSimpleName());
  }

  private static String simpleName(String className) {
    return className.substring(className.lastIndexOf('.') + 1);
  }

  private static boolean isOfTheWorker(ExceptionFailure failure) {
    return !failure.className().equals(CoordinatorLostException.class.getName())
        && !failure.className().equals(FencedException.class.getName());
  }

  private void abortIfRepeated(TaskInfo task, Failure failure, ExceptionFailure exception) {
    if (!failure.equals(failures.put(task.partitionId(), failure))) {
      return;
    }
    String what =
        "worker of rank %d ended twice in a row at step %d with the same error, so that another attempt would too; the last on %s (executor %s): %s"
            .formatted(
                task.partitionId(),
                failure.step(),
                task.host(),
                task.executorId(),
                failure.error());
    RuntimeException cause =
        exception.className().equals(ConfigurationException.class.getName())
            ? new ConfigurationException(what)
            : new IllegalStateException(what);
    cause.setStackTrace(exception.stackTrace());
    coordinator.abort(cause);
  }

  @Override
  public void replace(long attempt) {
    TaskInfo task = running.get(attempt);
    if (task == null) {
      return;
    }
    if (!replaced.add(task.executorId())) {
      return; // Another worker of it was taken for dead before.
    }
    LOG.warn(
        "the worker on executor {} on {} is taken for dead; asking the cluster to replace the executor",
        task.executorId(),
        task.host());
    if (!spark.killAndReplaceExecutor(task.executorId())) {
      replaced.remove(task.executorId());
      LOG.warn(
          "the cluster does not replace executor {}; unless Spark gives it up by itself (spark.network.timeout), the run ends after training.replacementTimeout",
          task.executorId());
    } else if (spark.schedulerBackend() instanceof CoarseGrainedSchedulerBackend backend) {
      // As Spark does with one whose heartbeats fail to come. Otherwise it runs the task again only
      // when the process has ended, for which a standalone cluster waits some 15 s.
      backend.removeExecutor(
          task.executorId(),
          new ExecutorProcessLost("a worker on it is taken for dead", Option.empty(), true));
    }
  }

  @Override
  public boolean speculative(long attempt) {
    TaskInfo task = running.get(attempt);
    return task != null && task.speculative();
  }

  @Override
  public String whereabouts(int rank) {
    Optional<TaskInfo> task =
        running.values().stream()
            .filter(each -> each.partitionId() == rank)
            .max(Comparator.comparing(TaskInfo::taskId));
    return task.map(
            each ->
                "its task, attempt %d, runs since %d s on %s (executor %s)"
                    .formatted(
                        each.taskId(),
                        each.timeRunning(System.currentTimeMillis()) / 1000,
                        each.host(),
                        each.executorId()))
        .orElseGet(this::room);
  }

  private String room() {
    return "its task has not been started: the workers need %d tasks at once, and there is room for %s"
        .formatted(coordinator.workers(), Slots.inWords(spark));
  }
}
