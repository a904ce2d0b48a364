package dev.lockstep.spark.cluster;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.awaitility.Awaitility;

/**
 * Programs of a Spark installation as processes of this machine. All of them, and what they
 * started, end with it. System properties: {@code lockstep.jvm.opens}, Java's options that Spark
 * needs, and {@code lockstep.cluster.jar} for what submits, which then has an archive of classes
 * too.
 */
final class SparkProcesses implements AutoCloseable {
  static final String HOST = "127.0.0.1";

  private static final String CLUSTER_JAR = "lockstep.cluster.jar";

  /** The configuration of the README's training. */
  static final String EXAMPLE =
      Path.of("../conf/mnist-mlp.yaml").toAbsolutePath().normalize().toString();

  /** Several processes share a core, and one more thread that collects garbage helps none. */
  private static final List<String> COLLECTOR = List.of("-XX:+UseSerialGC");

  /** Most live for seconds, in which the optimising compiler takes more than it gives. */
  private static final List<String> BRIEF = with(COLLECTOR, "-XX:TieredStopAtLevel=1");

  /** The same as one option of Spark's. */
  static final String BRIEF_EXECUTOR = quoted(BRIEF);

  private final Path home;
  private final Path directory;
  private final Map<String, String> environment;
  private final List<String> properties;
  private final List<Process> processes = new ArrayList<>();

  /**
   * None yet.
   *
   * @param home the installation, a directory with {@code jars}
   * @param directory their current directory, with a log of each
   * @param environment what they see beside this process' own; {@code HADOOP_CONF_DIR} joins the
   *     class path, as Spark's own scripts have it
   * @param properties of Java, {@code key=value}
   */
  SparkProcesses(
      Path home, Path directory, Map<String, String> environment, List<String> properties) {
    this.home = home.toAbsolutePath();
    this.directory = directory;
    this.environment = environment;
    this.properties = properties;
  }

  private List<String> classPath() {
    return withHadoop(List.of(home.resolve("jars") + "/*"));
  }

  private List<String> withHadoop(List<String> jars) {
    String configuration = environment.get("HADOOP_CONF_DIR");
    return configuration == null ? jars : with(jars, configuration);
  }

  /** The installation that the build makes: system property {@code lockstep.spark.home}. */
  static Path builtHome() {
    return Path.of(System.getProperty("lockstep.spark.home"));
  }

  Path home() {
    return home;
  }

  /** The program's jar that the build makes: system property {@code lockstep.cluster.jar}. */
  static String clusterJar() {
    return Path.of(System.getProperty(CLUSTER_JAR)).toAbsolutePath().toString();
  }

  /**
   * Starts {@code main} and calls its log {@code name}; from the archive of a training's classes,
   * of which it shares most, where there is one.
   */
  Process start(String name, String main, List<String> arguments) {
    return System.getProperty(CLUSTER_JAR) == null
        ? start(name, BRIEF, classPath(), main, arguments)
        : start(name, archived(BRIEF), archivedClassPath(), main, arguments);
  }

  private Process start(
      String name,
      List<String> options,
      List<String> classPath,
      String main,
      List<String> arguments) {
    // A shell in the background lets its children ignore SIGINT, which env takes back.
    List<String> command = new ArrayList<>(List.of("env", "--default-signal=INT"));
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(Arrays.asList(System.getProperty("lockstep.jvm.opens").split(" ")));
    properties.forEach(property -> command.add("-D" + property));
    command.addAll(options);
    command.addAll(List.of("-Xmx1g", "-cp", String.join(File.pathSeparator, classPath), main));
    command.addAll(arguments);
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("SPARK_HOME", home.toString());
    builder.environment().put("SPARK_SCALA_VERSION", "2.12");
    builder.environment().put("SPARK_LOCAL_IP", HOST);
    builder.environment().putAll(environment);
    builder.directory(directory.toFile()).redirectOutput(log(name).toFile());
    try {
      Process process = builder.start();
      processes.add(process);
      return process;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Starts {@code lockstep} by spark-submit.
   *
   * @param jar what spark-submit is told to be the program's: {@link #clusterJar}, which the driver
   *     serves to its executors, or {@code local:} with it, which they find
   * @param options of spark-submit beside the settings
   * @param settings of Spark, {@code key=value}; the later of two counts
   * @param arguments of the program
   */
  Process submit(
      String name,
      String jar,
      List<String> options,
      List<String> settings,
      List<String> arguments) {
    return submit(name, java(settings), classPath(), jar, options, settings, arguments);
  }

  /**
   * As {@link #submit}, with the program's jar on the class path of every process and its classes
   * in an archive, so that no executor copies the jar and each starts in two thirds of the time.
   */
  Process submitArchived(
      String name, List<String> options, List<String> settings, List<String> arguments) {
    return submitOnClassPath(
        name, archived(java(settings)), archivedClassPath(), options, settings, arguments);
  }

  private List<String> archived(List<String> java) {
    return with(java, "-XX:SharedArchiveFile=" + archive());
  }

  /** That of the archive, as a worker puts together that of an executor. */
  private List<String> jars() {
    return List.of(clusterJar(), home.resolve("conf").toString(), home.resolve("jars") + "/*");
  }

  /**
   * An archive is for the class paths that begin with its own, in which no directory may have
   * files.
   */
  private List<String> archivedClassPath() {
    return withHadoop(jars());
  }

  private Process submitOnClassPath(
      String name,
      List<String> java,
      List<String> classPath,
      List<String> options,
      List<String> settings,
      List<String> arguments) {
    return submit(
        name,
        java,
        classPath,
        "spark-internal",
        options,
        with(settings, "spark.executor.extraClassPath=" + clusterJar()),
        arguments);
  }

  private static List<String> with(List<String> all, String more) {
    return Stream.concat(all.stream(), Stream.of(more)).toList();
  }

  /** Makes a file. */
  interface Making {
    void at(Path unfinished) throws Exception;
  }

  /** A file beside the cluster jar; the first test process to need it makes it for all. */
  static Path shared(String suffix, Making making) throws Exception {
    Path made = Path.of(clusterJar() + suffix);
    try (FileChannel file =
            FileChannel.open(
                Path.of(made + ".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock alone = file.lock()) {
      if (!Files.exists(made)
          || isNewer(Path.of(clusterJar()), made)
          || isNewer(Path.of(EXAMPLE), made)) {
        Path unfinished = Path.of(made + ".part");
        Files.deleteIfExists(unfinished);
        making.at(unfinished);
        Files.move(unfinished, made, StandardCopyOption.REPLACE_EXISTING);
      }
      return made;
    }
  }

  /** The archive of a training's classes. */
  private Path archive() {
    try {
      return shared(".jsa", this::archiveClasses);
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  private static boolean isNewer(Path file, Path other) throws IOException {
    return Files.getLastModifiedTime(file).compareTo(Files.getLastModifiedTime(other)) > 0;
  }

  private void archiveClasses(Path archive) throws InterruptedException {
    Process training =
        submitOnClassPath(
            "classes",
            with(BRIEF, "-XX:ArchiveClassesAtExit=" + archive),
            jars(),
            List.of("--master", "local[2]"),
            List.of(),
            List.of(
                "train",
                "--config",
                EXAMPLE,
                "--set",
                "training.epochs=1",
                "--output",
                directory.resolve("classes").toString()));
    if (training.waitFor() != 0 || !Files.exists(archive)) {
      throw new IllegalStateException("no classes were archived: " + output("classes"));
    }
  }

  /** Java's options for a driver and its executors. Only the optimising compiler makes AES fast. */
  private static List<String> java(List<String> settings) {
    return settings.contains("spark.network.crypto.enabled=true") ? COLLECTOR : BRIEF;
  }

  /** As Spark takes options of Java, which may have spaces. */
  private static String quoted(List<String> options) {
    return options.stream().map("\"%s\""::formatted).collect(Collectors.joining(" "));
  }

  private Process submit(
      String name,
      List<String> java,
      List<String> classPath,
      String jar,
      List<String> options,
      List<String> settings,
      List<String> arguments) {
    List<String> all = new ArrayList<>(options);
    Stream.concat(
            Stream.of(
                "spark.ui.enabled=false",
                "spark.executor.memory=1g",
                "spark.executor.extraJavaOptions=%s -Dorg.bytedeco.javacpp.maxbytes=1g -Dorg.bytedeco.javacpp.maxphysicalbytes=3g"
                    .formatted(quoted(java))),
            settings.stream())
        .forEach(setting -> all.addAll(List.of("--conf", setting)));
    all.addAll(List.of("--class", "dev.lockstep.spark.cli.Main", jar));
    all.addAll(arguments);
    return start(name, java, classPath, "org.apache.spark.deploy.SparkSubmit", all);
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
