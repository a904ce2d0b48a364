package dev.lockstep.spark.cli;

import dev.lockstep.spark.gang.Notice;
import dev.lockstep.spark.storage.Location;
import dev.lockstep.spark.storage.TimeSetting;
import dev.lockstep.yaml.ConfigurationException;
import dev.lockstep.yaml.Section;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkException;
import org.apache.spark.api.java.JavaSparkContext;
import picocli.CommandLine.Option;
import scala.Tuple2;

/** Where a command's Spark runs. */
final class SparkOptions {
  /** So begins the name that Spark gives an application to which no cluster gave one. */
  private static final String UNREGISTERED = "spark-application-";

  private static final long MEBIBYTE = 1 << 20;

  /** One and a half times what Spark reserves for itself, in MiB. */
  private static final long LEAST_HEAP = 450;

  private static final String MASTER = "spark.master";
  private static final String STANDALONE = "spark://";
  private static final String LOOPBACK = "127.0.0.1";

  private static final List<String> OWN_SETTINGS =
      Stream.concat(Stream.of("spark.lockstep.port"), TimeSetting.keys().stream()).toList();

  /** Spark's 4 are few for a worker whose task is as long as the training. */
  private static final String MOST_FAILURES = "32";

  @Option(
      names = "--master",
      paramLabel = "URL",
      description = {
        "Where Spark runs: local[N] for N slots in this process, local[*] for as many as there are"
            + " processors, local[N,F] to run a worker that fails again, up to F times.",
        "Default: spark-submit's, else local[*,4]."
      })
  private String master;

  /**
   * Starts Spark.
   *
   * @param name what Spark's pages call the application
   * @throws ConfigurationException if the master is not one
   * @throws IllegalStateException if the cluster does not take the application
   */
  JavaSparkContext open(String name) {
    return open(name, settings -> {});
  }

  /**
   * As the other.
   *
   * @param check of the settings, before a cluster is asked for anything
   */
  JavaSparkContext open(String name, Consumer<SparkConf> check) {
    return open(new SparkConf(), name, check);
  }

  /** As the other, for jobs beside one another, each of which gets its share of the slots. */
  JavaSparkContext openFair(String name, Consumer<SparkConf> check) {
    return open(new SparkConf().setIfMissing("spark.scheduler.mode", "FAIR"), name, check);
  }

  private JavaSparkContext open(SparkConf given, String name, Consumer<SparkConf> check) {
    SparkConf settings = settings(given, name);
    if (isLocal(settings.get(MASTER))) {
      return start(settings);
    }
    check.accept(settings);
    return startOnCluster(settings);
  }

  /**
   * Spark waits in silence for a cluster, and where it gives up returns a context that is stopped.
   */
  private static JavaSparkContext startOnCluster(SparkConf settings) {
    String cluster = settings.get(MASTER);
    try (Notice unused = Notice.after(SparkOptions.class, () -> awaited(cluster))) {
      JavaSparkContext spark = start(settings);
      if (spark.sc().isStopped() || spark.sc().applicationId().startsWith(UNREGISTERED)) {
        throw new IllegalStateException(
            "the cluster %s did not take the application: see Spark's log above; check --master, and that the cluster runs and can be reached from here"
                .formatted(cluster));
      }
      return spark;
    }
  }

  /** What Spark refuses is a mistake of the user's. */
  private static JavaSparkContext start(SparkConf settings) {
    requireHeap();
    try {
      return new JavaSparkContext(settings);
    } catch (IllegalArgumentException e) {
      throw new ConfigurationException("Spark refuses a setting: " + e.getMessage(), e);
    } catch (Exception e) { // Scala throws checked ones that it does not declare.
      if (e instanceof SparkException && e.getMessage().startsWith("Could not parse Master URL")) {
        throw new ConfigurationException(
            "--master is '%s' but this installation of Spark has nothing for it; YARN and Kubernetes are reached with deploy/yarn/submit and deploy/kubernetes/submit"
                .formatted(settings.get(MASTER)),
            e);
      }
      throw e;
    }
  }

  /** Spark itself would end with a stack trace. */
  private static void requireHeap() {
    long heap = Runtime.getRuntime().maxMemory() / MEBIBYTE;
    if (heap < LEAST_HEAP) {
      throw new ConfigurationException(
          "Java's heap is %d MiB but Spark needs %d; give it -Xmx512m or more (in LOCKSTEP_JAVA_OPTS, or as --driver-memory of spark-submit)"
              .formatted(heap, LEAST_HEAP));
    }
  }

  private static String awaited(String cluster) {
    return "the cluster %s: it has not taken the application; %s"
        .formatted(cluster, untilWhen(cluster));
  }

  private static String untilWhen(String cluster) {
    if (cluster.equals("yarn")) {
      return "Spark gives up when YARN turns it down or stays silent for long"
          + " (yarn.resourcemanager.connect.max-wait.ms), and waits in its queue until there is room";
    }
    if (cluster.startsWith("k8s://")) {
      return "Spark gives up when the API server leaves its requests unanswered"
          + " (spark.kubernetes.driver.requestTimeout, and retries)";
    }
    return "Spark gives up after 60 s";
  }

  /** Puts our own settings beside {@code given} ones, which win; {@code --master} wins over all. */
  SparkConf settings(SparkConf given, String name) {
    SparkConf settings = given.clone();
    if (master != null) {
      settings.set(MASTER, master);
    }
    settings.setIfMissing(MASTER, "local[*,4]");
    settings.setIfMissing("spark.app.name", name);
    settings.setIfMissing("spark.ui.showConsoleProgress", "false");
    requireOwnSettings(settings);
    String chosen = settings.get(MASTER);
    requireMaster(chosen);
    if (isLocal(chosen)) {
      settings.setIfMissing("spark.driver.host", LOOPBACK);
      settings.setIfMissing("spark.driver.bindAddress", LOOPBACK);
    } else {
      settings.setIfMissing("spark.task.maxFailures", MOST_FAILURES);
    }
    return settings;
  }

  /**
   * Refuses a relative {@code output} when the driver runs on the cluster ({@code --deploy-mode
   * cluster}): its current directory goes with its container.
   *
   * @throws ConfigurationException if results would be lost so
   */
  static void requireLastingOutput(String output) {
    requireLasting("--output", output, "runs");
  }

  /** Refuses a relative {@code registry} in the same way. */
  static void requireLastingRegistry(String registry) {
    requireLasting("retrain.registry", registry, "models");
  }

  private static void requireLasting(String key, String path, String example) {
    boolean onCluster = new SparkConf().get("spark.submit.deployMode", "client").equals("cluster");
    if (onCluster && Location.isRelative(path)) {
      throw new ConfigurationException(
          "%s is '%s', in the current directory of the driver, which goes with its container (--deploy-mode cluster); give it a path that stays, such as hdfs://<host>/%s"
              .formatted(key, path, example));
    }
  }

  private static boolean isLocal(String master) {
    return master.equals("local") || master.startsWith("local[");
  }

  private static void requireOwnSettings(SparkConf settings) {
    for (Tuple2<String, String> setting : settings.getAllWithPrefix("spark.lockstep.")) {
      String key = "spark.lockstep." + setting._1();
      if (!OWN_SETTINGS.contains(key)) {
        throw new ConfigurationException(
            "%s is not a setting; known are %s%s"
                .formatted(
                    key, String.join(", ", OWN_SETTINGS), Section.suggestion(key, OWN_SETTINGS)));
      }
    }
    for (TimeSetting each : TimeSetting.values()) {
      var unused = each.value(settings);
    }
  }

  private static void requireMaster(String master) {
    String slots = "([1-9][0-9]{0,3}|\\*)";
    boolean known =
        master.matches("local|local\\[" + slots + "(, *[1-9][0-9]{0,3})?\\]|yarn")
            || master.contains("://")
            || master.startsWith("local-cluster[");
    if (!known) {
      throw new ConfigurationException(
          "--master is '%s' but must be local[N], local[*], local[N,F], or the URL of a cluster"
              .formatted(master));
    }
    if (master.startsWith(STANDALONE)) {
      for (String address : master.substring(STANDALONE.length()).split(",")) {
        requireHost(master, address.replaceFirst(":\\d*$", ""));
      }
    }
  }

  /** Spark itself would look for it for a minute. */
  private static void requireHost(String master, String host) {
    try (Notice unused =
        Notice.after(
            SparkOptions.class,
            () -> "the address of '%s', as the system's resolver has it".formatted(host))) {
      InetAddress unusedAddress = InetAddress.getByName(host);
    } catch (UnknownHostException e) {
      throw new ConfigurationException(
          "--master is '%s' but there is no host '%s'".formatted(master, host), e);
    }
  }
}
