package dev.lockstep.spark.storage;

import dev.lockstep.yaml.ConfigurationException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkEnv;

/** A time that an operator may set, among Spark's settings. */
public enum TimeSetting {
  /** How long a file system may leave one operation unanswered. */
  STORAGE_TIMEOUT("spark.lockstep.storageTimeout", "10min"),

  /** How long after its last sign of life a process no longer counts as being at a run. */
  LEASE_TIMEOUT("spark.lockstep.leaseTimeout", "30s");

  private final String key;
  private final String otherwise;

  TimeSetting(String key, String otherwise) {
    this.key = key;
    this.otherwise = otherwise;
  }

  /** The names of all. */
  public static List<String> keys() {
    return Arrays.stream(values()).map(TimeSetting::key).toList();
  }

  /** Its name. */
  public String key() {
    return key;
  }

  /**
   * What it is set to: of the Spark that runs in this process, if one does.
   *
   * @throws ConfigurationException if that is no time of at least a second
   */
  public Duration value() {
    SparkEnv spark = SparkEnv.get();
    return value(spark == null ? new SparkConf() : spark.conf());
  }

  /**
   * What {@code conf} sets it to.
   *
   * @throws ConfigurationException if that is no time of at least a second
   */
  public Duration value(SparkConf conf) {
    try {
      Duration time = Duration.ofMillis(conf.getTimeAsMs(key, otherwise));
      if (time.toSeconds() > 0) {
        return time;
      }
    } catch (NumberFormatException e) {
      // Said below.
    }
    throw new ConfigurationException(
        "%s is '%s' but must be a time of at least 1s, such as 30s or 10min"
            .formatted(key, conf.get(key)));
  }
}
