package dev.lockstep.spark.job;

import dev.lockstep.report.Span;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.IntFunction;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerJobEnd;
import org.apache.spark.scheduler.SparkListenerJobStart;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.scheduler.TaskInfo;
import scala.collection.JavaConverters;

/**
 * When and where each worker of one training ran, every attempt, as Spark tells it. Safe for use by
 * many threads.
 */
final class WorkerSpans extends SparkListener {
  /** Spark tells it some milliseconds later; a report without a timeline is better than a wait. */
  private static final long PATIENCE_MILLIS = 1000;

  private final String group;
  private final IntFunction<String> lanes;
  private final Instant origin;
  private final Set<Integer> running = new HashSet<>();
  private final Map<Integer, Integer> jobOfStage = new HashMap<>();
  private final Map<Integer, List<Attempt>> attemptsByRank = new TreeMap<>();
  private int lastJob = -1;

  private record Attempt(int job, TaskInfo task) {}

  /**
   * Those of the jobs of Spark's group {@code group}, one for each time that the training was
   * begun.
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
      lastJob = start.jobId();
      running.add(start.jobId());
      JavaConverters.seqAsJavaList(start.stageIds())
          .forEach(stage -> jobOfStage.put((Integer) stage, start.jobId()));
    }
  }

  @Override
  public synchronized void onTaskEnd(SparkListenerTaskEnd end) {
    Integer job = jobOfStage.get(end.stageId());
    if (job != null) {
      TaskInfo task = end.taskInfo();
      attemptsByRank
          .computeIfAbsent(task.index(), rank -> new ArrayList<>())
          .add(new Attempt(job, task));
    }
  }

  @Override
  public synchronized void onJobEnd(SparkListenerJobEnd end) {
    if (running.remove(end.jobId())) {
      notifyAll();
    }
  }

  private Span span(Attempt attempt) {
    TaskInfo task = attempt.task();
    double begin = seconds(task.launchTime());
    return new Span(
        lanes.apply(task.index()),
        "%s, executor %s".formatted(task.host(), task.executorId()),
        task.attemptNumber(),
        begin,
        Math.max(begin, seconds(task.finishTime())),
        outcome(attempt));
  }

  /** Workers of a training that was begun again have left before its end, by themselves or not. */
  private String outcome(Attempt attempt) {
    if (attempt.task().successful()) {
      return attempt.job() == lastJob ? "done" : "killed";
    }
    return attempt.task().killed() ? "killed" : "failed";
  }

  private double seconds(long epochMillis) {
    return Math.max(0, epochMillis - origin.toEpochMilli()) / 1e3;
  }

  /** All of them, by worker and attempt, once the last job, which gave the result, has ended. */
  synchronized List<Span> await() {
    long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(PATIENCE_MILLIS);
    try {
      while (lastJob < 0 || !running.isEmpty()) {
        long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
        if (left <= 0) {
          return List.of();
        }
        wait(left);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return List.of();
    }
    return attemptsByRank.values().stream().flatMap(List::stream).map(this::span).toList();
  }
}
