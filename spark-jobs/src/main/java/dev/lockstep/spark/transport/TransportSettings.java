package dev.lockstep.spark.transport;

import dev.lockstep.yaml.ConfigurationException;
import java.io.Serializable;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.apache.spark.SparkConf;

/**
 * How long coordinator and workers wait for one another. Settings of the cluster, not of the
 * learning: they are read from Spark's configuration.
 *
 * @param onWorkerLoss {@code spark.lockstep.onWorkerLoss}
 * @param connectTimeout {@code spark.lockstep.connectTimeout}: how long a worker tries to reach the
 *     coordinator
 * @param heartbeatInterval {@code spark.lockstep.heartbeatInterval}: how often a worker says that
 *     it lives
 * @param silenceTimeout {@code spark.lockstep.silenceTimeout}: after so long without a byte, worker
 *     and coordinator take each other for dead
 * @param replacementTimeout {@code spark.lockstep.replacementTimeout}: how long the run waits for a
 *     worker that is not there
 * @param port {@code spark.lockstep.port}: the coordinator's; 0 for any that is free
 */
public record TransportSettings(
    OnWorkerLoss onWorkerLoss,
    Duration connectTimeout,
    Duration heartbeatInterval,
    Duration silenceTimeout,
    Duration replacementTimeout,
    int port)
    implements Serializable {
  private static final String PREFIX = "spark.lockstep.";

  /** What becomes of the run when a worker is lost. */
  public enum OnWorkerLoss {
    /** It waits until Spark has run the worker's task again. */
    WAIT,
    /** It ends. */
    FAIL;

    String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  public TransportSettings {
    if (heartbeatInterval.multipliedBy(2).compareTo(silenceTimeout) > 0) {
      throw new ConfigurationException(
          "%ssilenceTimeout is %d ms but must be at least twice %sheartbeatInterval, %d ms, or living workers would be taken for dead"
              .formatted(PREFIX, silenceTimeout.toMillis(), PREFIX, heartbeatInterval.toMillis()));
    }
  }

  /**
   * The settings in {@code conf}.
   *
   * @throws ConfigurationException if one cannot be used
   */
  public static TransportSettings read(SparkConf conf) {
    return new TransportSettings(
        readOnWorkerLoss(conf),
        readTime(conf, "connectTimeout", "60s"),
        readTime(conf, "heartbeatInterval", "5s"),
        readTime(conf, "silenceTimeout", "60s"),
        readTime(conf, "replacementTimeout", "10min"),
        readPort(conf));
  }

  private static OnWorkerLoss readOnWorkerLoss(SparkConf conf) {
    String word = conf.get(PREFIX + "onWorkerLoss", OnWorkerLoss.WAIT.word());
    return Arrays.stream(OnWorkerLoss.values())
        .filter(each -> each.word().equals(word))
        .findFirst()
        .orElseThrow(
            () ->
                wrong(
                    "onWorkerLoss",
                    word,
                    "one of "
                        + List.of(OnWorkerLoss.values()).stream()
                            .map(OnWorkerLoss::word)
                            .toList()));
  }

  private static Duration readTime(SparkConf conf, String key, String byDefault) {
    try {
      Duration time = Duration.ofMillis(conf.getTimeAsMs(PREFIX + key, byDefault));
      if (time.isZero() || time.isNegative()) {
        throw new NumberFormatException();
      }
      return time;
    } catch (RuntimeException e) {
      throw wrong(key, conf.get(PREFIX + key), "a time above 0 such as 30s or 10min");
    }
  }

  private static int readPort(SparkConf conf) {
    String written = conf.get(PREFIX + "port", "0");
    try {
      int port = Integer.parseInt(written);
      if (port >= 0 && port <= 65535) {
        return port;
      }
    } catch (NumberFormatException e) {
      // Said below.
    }
    throw wrong("port", written, "from 0 to 65535");
  }

  private static ConfigurationException wrong(String key, String value, String rule) {
    return new ConfigurationException(
        "%s%s is '%s' but must be %s".formatted(PREFIX, key, value, rule));
  }
}
