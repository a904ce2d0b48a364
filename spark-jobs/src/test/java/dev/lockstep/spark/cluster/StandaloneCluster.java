package dev.lockstep.spark.cluster;

import static dev.lockstep.spark.cluster.SparkProcesses.HOST;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.awaitility.Awaitility;

/**
 * A Spark cluster, with Spark's own authentication, of a master and workers, as processes of this
 * machine, started from Spark's jars. All of its processes end with it.
 */
public final class StandaloneCluster implements AutoCloseable {
  /** Of the cluster and of every application on it, {@code key=value}. */
  public static final List<String> SECURITY =
      List.of("spark.authenticate=true", "spark.authenticate.secret=known to this test");

  /** Options of Java for executors that train for seconds. */
  public static final String BRIEF = SparkProcesses.BRIEF_EXECUTOR;

  private final Path directory;
  private final SparkProcesses spark;
  private final int port;
  private final List<Process> workers = new ArrayList<>();

  /** Starts one of the installation that the build makes. */
  StandaloneCluster(Path directory, int size, int cores) {
    this(SparkProcesses.builtHome(), directory, size, cores);
  }

  /**
   * Starts a cluster of {@code size} workers, each with its own address of this machine and {@code
   * cores} cores, that writes its files below {@code directory}.
   *
   * @param home Spark's installation, a directory with {@code jars}
   */
  public StandaloneCluster(Path home, Path directory, int size, int cores) {
    this.directory = directory;
    this.spark = new SparkProcesses(home, directory, Map.of(), SECURITY);
    this.port = freePort();
    spark.start(
        "master",
        "org.apache.spark.deploy.master.Master",
        List.of("--host", HOST, "--port", "" + port, "--webui-port", "0"));
    spark.await("master", "I have been elected leader");
    for (int i = 0; i < size; i++) {
      String name = "worker-" + i;
      Path work = directory.resolve(name);
      workers.add(
          spark.start(
              name,
              "org.apache.spark.deploy.worker.Worker",
              List.of(
                  "--host",
                  "127.0.0." + (i + 1),
                  "--webui-port",
                  "0",
                  "--cores",
                  Integer.toString(cores),
                  "--memory",
                  "2g",
                  "--work-dir",
                  work.toString(),
                  master())));
      spark.await(name, "Successfully registered with master");
    }
  }

  /** A port that nobody listens on. */
  static int freePort() {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getByName(HOST))) {
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Its URL. */
  public String master() {
    return "spark://" + HOST + ":" + port;
  }

  /**
   * Starts {@code lockstep} by spark-submit, as {@link SparkProcesses#submitArchived} does.
   *
   * @param settings of Spark, {@code key=value}
   * @param arguments of the program
   */
  Process submit(String name, String master, List<String> settings, List<String> arguments) {
    return spark.submitArchived(
        name, List.of("--master", master), onThisMachine(settings), arguments);
  }

  /** As {@link #submit}, on this cluster and with the program's {@code jar}, as users have it. */
  Process submitJar(String name, String jar, List<String> settings, List<String> arguments) {
    return spark.submit(
        name, jar, List.of("--master", master()), onThisMachine(settings), arguments);
  }

  private static List<String> onThisMachine(List<String> settings) {
    return Stream.concat(
            Stream.of("spark.driver.host=" + HOST, "spark.driver.bindAddress=" + HOST),
            settings.stream())
        .toList();
  }

  /** What the process that was started as {@code name} has printed so far. */
  String output(String name) {
    return spark.output(name);
  }

  /** Waits until the process that was started as {@code name} has printed {@code text}. */
  void await(String name, String text) {
    spark.await(name, text);
  }

  /** The executors that run now, or are stopped, the oldest first. */
  List<ProcessHandle> executors() {
    return workers.stream()
        .flatMap(Process::children)
        .filter(
            child ->
                child
                    .info()
                    .commandLine()
                    .filter(line -> line.contains("CoarseGrainedExecutorBackend"))
                    .isPresent())
        .sorted(Comparator.comparing(child -> child.info().startInstant().orElseThrow()))
        .toList();
  }

  /** What each executor that there has been has printed so far. */
  List<String> executorLogs() throws IOException {
    List<String> logs = new ArrayList<>();
    try (Stream<Path> files = Files.walk(directory, 4)) {
      for (Path file : files.filter(each -> each.endsWith("stderr")).toList()) {
        logs.add(Files.readString(file));
      }
    }
    return logs;
  }

  /** Waits until none runs or is stopped, for a minute at most. */
  void awaitNoExecutor() {
    Awaitility.await()
        .alias("no executor")
        .atMost(Duration.ofMinutes(1))
        .until(() -> executors().isEmpty());
  }

  @Override
  public void close() {
    spark.close();
  }
}
