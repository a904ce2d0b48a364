package dev.lockstep.spark.cluster;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.awaitility.Awaitility;

/**
 * A Spark cluster, with Spark's own authentication, of a master and workers, as processes of this
 * machine, started from Spark's jars alone. All of its processes end with it.
 */
final class StandaloneCluster implements AutoCloseable {
  private static final String HOST = "127.0.0.1";
  private static final List<String> SECURITY =
      List.of("spark.authenticate=true", "spark.authenticate.secret=known to this test");
  private static final String SCHEDULER = "org.apache.spark.deploy.";

  private final Path home = Path.of(System.getProperty("lockstep.spark.home")).toAbsolutePath();
  private final Path directory;
  private final int port;
  private final List<Process> processes = new ArrayList<>();
  private final List<Process> workers = new ArrayList<>();

  /**
   * Starts a cluster of {@code size} workers, each with its own address of this machine and {@code
   * cores} cores, that writes its files below {@code directory}.
   */
  StandaloneCluster(Path directory, int size, int cores) {
    this.directory = directory;
    this.port = freePort();
    start(
        "master",
        SCHEDULER + "master.Master",
        List.of("--host", HOST, "--port", "" + port, "--webui-port", "0"));
    await("master", "I have been elected leader");
    for (int i = 0; i < size; i++) {
      String name = "worker-" + i;
      Path work = directory.resolve(name);
      workers.add(
          start(
              name,
              SCHEDULER + "worker.Worker",
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
      await(name, "Successfully registered with master");
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

  String master() {
    return "spark://" + HOST + ":" + port;
  }

  /**
   * Starts {@code lockstep} by spark-submit.
   *
   * @param settings of Spark, {@code key=value}
   * @param arguments of the program
   */
  Process submit(String name, String master, List<String> settings, List<String> arguments) {
    List<String> all = new ArrayList<>(List.of("--master", master));
    Stream.concat(
            Stream.of(
                "spark.ui.enabled=false",
                "spark.driver.host=" + HOST,
                "spark.driver.bindAddress=" + HOST,
                "spark.executor.memory=1g",
                "spark.executor.extraJavaOptions=-Dorg.bytedeco.javacpp.maxbytes=1g"
                    + " -Dorg.bytedeco.javacpp.maxphysicalbytes=3g"),
            settings.stream())
        .forEach(setting -> all.addAll(List.of("--conf", setting)));
    all.addAll(List.of("--class", "dev.lockstep.spark.cli.Main"));
    all.add(Path.of(System.getProperty("lockstep.cluster.jar")).toAbsolutePath().toString());
    all.addAll(arguments);
    return start(name, SCHEDULER + "SparkSubmit", all);
  }

  private Process start(String name, String main, List<String> arguments) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(Arrays.asList(System.getProperty("lockstep.jvm.opens").split(" ")));
    SECURITY.forEach(setting -> command.add("-D" + setting));
    command.addAll(List.of("-Xmx1g", "-cp", home.resolve("jars") + "/*", main));
    command.addAll(arguments);
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("SPARK_HOME", home.toString());
    builder.environment().put("SPARK_SCALA_VERSION", "2.12");
    builder.environment().put("SPARK_LOCAL_IP", HOST);
    builder.directory(directory.toFile()).redirectOutput(log(name).toFile());
    try {
      Process process = builder.start();
      processes.add(process);
      return process;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Path log(String name) {
    return directory.resolve(name + ".log");
  }

  /** What the process that was started as {@code name} has printed so far. */
  String output(String name) {
    try {
      return Files.readString(log(name));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Waits until the process that was started as {@code name} has printed {@code text}. */
  void await(String name, String text) {
    Awaitility.await()
        .alias("'%s' in %s".formatted(text, log(name)))
        .atMost(Duration.ofMinutes(2))
        .until(() -> output(name).contains(text));
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

  @Override
  public void close() {
    List<ProcessHandle> all =
        processes.stream()
            .flatMap(process -> Stream.concat(process.descendants(), Stream.of(process.toHandle())))
            .toList();
    all.forEach(ProcessHandle::destroyForcibly);
    all.forEach(process -> process.onExit().join());
  }
}
