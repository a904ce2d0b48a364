package dev.lockstep.spark.gang;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.spark.SparkContext;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.scheduler.SparkListenerTaskStart;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which executors run which tasks, so that an executor that hangs can be replaced long before Spark
 * notices it. Safe for use by many threads.
 */
final class TaskExecutors extends SparkListener {
  private static final Logger LOG = LoggerFactory.getLogger(TaskExecutors.class);

  private final SparkContext spark;
  private final Map<Long, String> executors = new ConcurrentHashMap<>();

  TaskExecutors(SparkContext spark) {
    this.spark = spark;
  }

  @Override
  public void onTaskStart(SparkListenerTaskStart start) {
    executors.put(start.taskInfo().taskId(), start.taskInfo().executorId());
  }

  @Override
  public void onTaskEnd(SparkListenerTaskEnd end) {
    executors.remove(end.taskInfo().taskId());
  }

  /** Has the cluster kill the executor of {@code task}; Spark then runs the task elsewhere. */
  void replace(long task) {
    String executor = executors.get(task);
    if (executor == null) {
      return;
    }
    LOG.warn("executor {} does not answer any more; asking the cluster to replace it", executor);
    if (!spark.killAndReplaceExecutor(executor)) {
      LOG.warn(
          "the cluster does not replace executor {}; Spark gives it up by itself after spark.network.timeout",
          executor);
    }
  }
}
