package dev.lockstep.spark.job;

import dev.lockstep.config.WorkerLoss;
import dev.lockstep.spark.gang.Slots;
import java.time.Duration;
import java.util.Collection;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerJobEnd;
import org.apache.spark.scheduler.SparkListenerJobStart;
import org.apache.spark.scheduler.SparkListenerStageSubmitted;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.scheduler.SparkListenerTaskStart;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sees to it that nobody waits for Spark's jobs without a word: whoever waits longer than 10 s
 * hears what is missing, once a wait, and jobs of which no task runs, because no slot comes free,
 * are given up after a timeout. Jobs with running tasks go on as long as their executors live.
 */
final class JobWatch extends SparkListener {
  private static final Logger LOG = LoggerFactory.getLogger(JobWatch.class);
  private static final long GLANCE_MILLIS = 100;

  /** The local property by which Spark's events name the watch. */
  private static final String PROPERTY = "lockstep.job";

  private final JavaSparkContext spark;
  private final String what;
  private final Duration timeout;
  private final String id = UUID.randomUUID().toString();
  private final Set<Integer> jobs = ConcurrentHashMap.newKeySet();
  private final Set<Integer> stages = ConcurrentHashMap.newKeySet();
  private final Map<Long, String> running = new ConcurrentHashMap<>();
  private final long started = System.nanoTime();

  private volatile long idleSince = System.nanoTime();
  private volatile IllegalStateException givenUp;

  /** Whether it was said where tasks run. Belongs to the thread that looks, as does the next. */
  private boolean saidWhereItRuns;

  /** The {@link #idleSince} of the wait without a task that was said last. */
  private long saidIdleSince;

  private JobWatch(JavaSparkContext spark, String what, Duration timeout) {
    this.spark = spark;
    this.what = what;
    this.timeout = timeout;
  }

  /**
   * What {@code action} gives, which runs Spark jobs from the calling thread.
   *
   * @param what is waited for, in words
   * @param timeout how long there may be no running task
   * @throws IllegalStateException if there was none for so long
   */
  static <T> T run(JavaSparkContext spark, String what, Duration timeout, Supplier<T> action) {
    JobWatch watch = new JobWatch(spark, what, timeout);
    Thread looking = new Thread(watch::lookAgainAndAgain, "lockstep-job-watch");
    looking.setDaemon(true);
    spark.sc().addSparkListener(watch);
    spark.setLocalProperty(PROPERTY, watch.id);
    looking.start();
    try {
      return action.get();
    } catch (Throwable e) {
      if (watch.givenUp != null) {
        throw watch.givenUp;
      }
      throw e;
    } finally {
      looking.interrupt();
      spark.setLocalProperty(PROPERTY, null);
      spark.sc().removeSparkListener(watch);
    }
  }

  @Override
  public void onJobStart(SparkListenerJobStart start) {
    if (start.properties() != null && id.equals(start.properties().getProperty(PROPERTY))) {
      idleSince = System.nanoTime();
      jobs.add(start.jobId());
    }
  }

  @Override
  public void onJobEnd(SparkListenerJobEnd end) {
    jobs.remove(end.jobId());
  }

  @Override
  public void onStageSubmitted(SparkListenerStageSubmitted submitted) {
    if (submitted.properties() != null && id.equals(submitted.properties().getProperty(PROPERTY))) {
      stages.add(submitted.stageInfo().stageId());
    }
  }

  @Override
  public void onTaskStart(SparkListenerTaskStart start) {
    if (stages.contains(start.stageId())) {
      running.put(
          start.taskInfo().taskId(),
          "%s (executor %s)".formatted(start.taskInfo().host(), start.taskInfo().executorId()));
    }
  }

  @Override
  public void onTaskEnd(SparkListenerTaskEnd end) {
    if (running.remove(end.taskInfo().taskId()) != null) {
      idleSince = System.nanoTime();
    }
  }

  private void lookAgainAndAgain() {
    try {
      while (true) {
        Thread.sleep(GLANCE_MILLIS);
        look();
      }
    } catch (InterruptedException e) {
      // The action has ended.
    }
  }

  private void look() {
    if (jobs.isEmpty()) {
      return;
    }
    Collection<String> places = running.values();
    if (!places.isEmpty()) {
      sayWhereItRuns(places);
      return;
    }
    long since = idleSince;
    Duration idle = Duration.ofNanos(System.nanoTime() - since);
    if (idle.compareTo(timeout) > 0) {
      giveUp();
    } else if (idle.compareTo(WorkerLoss.patience(timeout)) > 0 && saidIdleSince != since) {
      saidIdleSince = since;
      LOG.warn(
          "waiting since {} s for {}: none of its tasks runs; {}; giving up in {} s",
          idle.toSeconds(),
          what,
          slots(),
          timeout.minus(idle).toSeconds());
    }
  }

  private void sayWhereItRuns(Collection<String> places) {
    Duration waited = Duration.ofNanos(System.nanoTime() - started);
    if (!saidWhereItRuns && waited.compareTo(WorkerLoss.patience(timeout)) > 0) {
      saidWhereItRuns = true;
      LOG.warn(
          "waiting since {} s for {}: {} of its tasks run, on {}; it goes on as long as they live",
          waited.toSeconds(),
          what,
          places.size(),
          places.stream().collect(Collectors.toCollection(TreeSet::new)));
    }
  }

  private void giveUp() {
    if (givenUp == null) {
      givenUp =
          new IllegalStateException(
              "%s was given up: none of its tasks has run for %d s; %s"
                  .formatted(what, timeout.toSeconds(), slots()));
      jobs.forEach(job -> spark.sc().cancelJob(job, givenUp.getMessage()));
    }
  }

  private String slots() {
    return "they share slots for %s with whatever else runs on the cluster"
        .formatted(Slots.inWords(spark.sc()));
  }
}
