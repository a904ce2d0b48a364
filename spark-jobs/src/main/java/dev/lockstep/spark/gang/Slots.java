package dev.lockstep.spark.gang;

import dev.lockstep.yaml.ConfigurationException;
import java.util.OptionalInt;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkContext;
import org.apache.spark.api.java.JavaSparkContext;

/** How many tasks can run at once. */
public final class Slots {
  private static final String MOST_CORES = "spark.cores.max";
  private static final String EXECUTORS = "spark.executor.instances";
  private static final String CORES = "spark.executor.cores";

  private Slots() {}

  /** All slots; {@code defaultParallelism} is a setting and may be any number. */
  public static int of(JavaSparkContext spark) {
    return Math.max(1, now(spark.sc()));
  }

  private static int now(SparkContext spark) {
    return spark.maxNumConcurrentTasks(spark.resourceProfileManager().defaultResourceProfile());
  }

  /** How much room there is now, for messages: {@code 2 tasks on 1 executors}. */
  public static String inWords(SparkContext spark) {
    return spark.isLocal()
        ? "%d tasks".formatted(now(spark))
        : "%d tasks on %d executors".formatted(now(spark), spark.getExecutorIds().size());
  }

  /**
   * How many workers a gang on a cluster has: {@code given}, or else as many as the application,
   * once all of its executors have come, has slots.
   *
   * @param settings the application's, with its master
   * @param name what errors call the setting that gives the number
   * @param most that the training can have
   * @throws ConfigurationException if the settings do not say how many slots there will be and
   *     nothing is given, or more is given than there will be
   */
  public static int workers(SparkConf settings, String name, OptionalInt given, int most) {
    OptionalInt asked = asked(settings);
    if (given.isEmpty() && asked.isEmpty()) {
      throw new ConfigurationException(
          "%s is missing; on a cluster (%s) it must say how many workers there are, one for each core of the executors, where Spark's settings do not: %s of a standalone cluster, %s and %s of another, without dynamic allocation"
              .formatted(name, settings.get("spark.master"), MOST_CORES, EXECUTORS, CORES));
    }
    if (given.isPresent() && asked.isPresent() && given.getAsInt() > asked.getAsInt()) {
      throw new ConfigurationException(
          "%s is %d but the application asks %s for room for %d tasks at once (%s), and the workers wait for one another; ask for more (LOCKSTEP_WORKERS of deploy/*/submit), or use at most %d workers"
              .formatted(
                  name,
                  given.getAsInt(),
                  settings.get("spark.master"),
                  asked.getAsInt(),
                  standalone(settings) ? MOST_CORES : EXECUTORS + ", " + CORES,
                  asked.getAsInt()));
    }
    return given.orElseGet(() -> Math.min(asked.getAsInt(), most));
  }

  /** How many slots the application will have, where that is fixed. */
  private static OptionalInt asked(SparkConf settings) {
    int cpus = settings.getInt("spark.task.cpus", 1);
    int cores = settings.getInt(CORES, 1);
    if (settings.getBoolean("spark.dynamicAllocation.enabled", false)) {
      return OptionalInt.empty();
    }
    if (standalone(settings) && settings.contains(MOST_CORES)) {
      int most = settings.getInt(MOST_CORES, 1);
      return OptionalInt.of(settings.contains(CORES) ? most / cores * (cores / cpus) : most / cpus);
    }
    return !standalone(settings) && settings.contains(EXECUTORS)
        ? OptionalInt.of(settings.getInt(EXECUTORS, 1) * (cores / cpus))
        : OptionalInt.empty();
  }

  private static boolean standalone(SparkConf settings) {
    return settings.get("spark.master").startsWith("spark://");
  }
}
