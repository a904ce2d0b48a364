package dev.lockstep.spark.job;

import dev.lockstep.report.Span;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.IntFunction;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerJobEnd;
import org.apache.spark.scheduler.SparkListenerJobStart;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.scheduler.TaskInfo;
import scala.collection.JavaConverters;

/**
 * When and where each worker of one Spark job ran, every attempt, as Spark tells it. Safe for use
 * by many threads.
 */
final class WorkerSpans extends SparkListener {
  /** Spark tells it some milliseconds later; a report without a timeline is better than a wait. */
  private static final long PATIENCE_MILLIS = 1000;

  private final String group;
  private final IntFunction<String> lanes;
  private final Instant origin;
  private final Set<Integer> jobs = new HashSet<>();
  private final Set<Integer> stages = new HashSet<>();
  private final Map<Integer, List<Span>> spansByRank = new TreeMap<>();
  private final CountDownLatch ended = new CountDownLatch(1);

  /**
   * Those of the job of Spark's group {@code group}.
   *
   * @param lanes what the row of the worker of this rank is called
   * @param origin where time begins
   */
  WorkerSpans(String group, IntFunction<String> lanes, Instant origin) {
    this.group = group;
    this.lanes = lanes;
    this.origin = origin;
  }

  @Override
  public synchronized void onJobStart(SparkListenerJobStart start) {
    if (start.properties() != null
        && group.equals(start.properties().getProperty("spark.jobGroup.id"))) {
      jobs.add(start.jobId());
      JavaConverters.seqAsJavaList(start.stageIds()).forEach(id -> stages.add((Integer) id));
    }
  }

  @Override
  public synchronized void onTaskEnd(SparkListenerTaskEnd end) {
    if (stages.contains(end.stageId())) {
      TaskInfo task = end.taskInfo();
      spansByRank.computeIfAbsent(task.index(), rank -> new ArrayList<>()).add(span(task));
    }
  }

  @Override
  public synchronized void onJobEnd(SparkListenerJobEnd end) {
    if (jobs.contains(end.jobId())) {
      ended.countDown();
    }
  }

  private Span span(TaskInfo task) {
    double begin = seconds(task.launchTime());
    return new Span(
        lanes.apply(task.index()),
        "%s, executor %s".formatted(task.host(), task.executorId()),
        task.attemptNumber(),
        begin,
        Math.max(begin, seconds(task.finishTime())),
        task.successful() ? "done" : task.killed() ? "killed" : "failed");
  }

  private double seconds(long epochMillis) {
    return Math.max(0, epochMillis - origin.toEpochMilli()) / 1e3;
  }

  /** All of them, by worker and attempt, once the job has ended. */
  List<Span> await() {
    try {
      if (!ended.await(PATIENCE_MILLIS, TimeUnit.MILLISECONDS)) {
        return List.of();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return List.of();
    }
    synchronized (this) {
      return spansByRank.values().stream().flatMap(List::stream).toList();
    }
  }
}
