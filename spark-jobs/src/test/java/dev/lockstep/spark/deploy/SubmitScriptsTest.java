package dev.lockstep.spark.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.spark.cli.Main;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.spark.deploy.SparkSubmitArguments;
import org.apache.spark.internal.config.ConfigEntry;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;
import scala.collection.JavaConverters;

/** What {@code deploy/*}{@code /submit} hand to spark-submit, as Spark and the program read it. */
class SubmitScriptsTest {
  private static final Path DEPLOY = Path.of("../deploy").toAbsolutePath().normalize();
  private static final List<String> TRAIN =
      List.of("train", "--config", "a file.yaml", "--output", "hdfs:///runs");

  /** Settings that Spark reads by hand, and ours. */
  private static final Pattern UNREGISTERED =
      Pattern.compile(
          "spark\\.lockstep\\.port|spark\\.network\\.crypto\\.authEngineVersion"
              + "|spark\\.kubernetes\\.(driver|executor)\\.secrets\\.[a-z-]+");

  @TempDir private Path directory;
  private final Map<String, String> environment = new HashMap<>();

  /** What a script did. */
  private record Submitted(int exitCode, List<String> arguments, String messages) {}

  @BeforeEach
  void installASparkThatPrintsItsArguments() throws IOException {
    Path home = Files.createDirectories(directory.resolve("spark"));
    Path submit = Files.createDirectory(home.resolve("bin")).resolve("spark-submit");
    Files.writeString(submit, "#!/bin/sh\nprintf '%s\\n' \"$@\"\n");
    Files.setPosixFilePermissions(submit, PosixFilePermissions.fromString("rwx------"));
    Files.copy(
        DEPLOY.resolve("standalone/spark-defaults.conf"),
        Files.createDirectory(home.resolve("conf")).resolve("spark-defaults.conf"));
    environment.put("SPARK_HOME", home.toString());
    environment.put("SPARK_MASTER", "spark://master:7077");
    environment.put("HADOOP_CONF_DIR", directory.toString());
    environment.put("KUBERNETES_MASTER", "https://kubernetes:6443");
    environment.put("LOCKSTEP_IMAGE", "registry/lockstep");
    environment.put("LOCKSTEP_JAR", Files.createFile(directory.resolve("cluster.jar")).toString());
  }

  private Submitted run(String kind, List<String> arguments) throws Exception {
    List<String> command = new ArrayList<>(List.of("sh", DEPLOY.resolve(kind + "/submit") + ""));
    command.addAll(arguments);
    Path out = directory.resolve("out");
    Path err = directory.resolve("err");
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectOutput(out.toFile()).redirectError(err.toFile());
    builder.environment().keySet().removeIf(key -> key.matches("(SPARK|LOCKSTEP|HADOOP)_.*"));
    builder.environment().putAll(environment);
    int code = builder.start().waitFor();
    return new Submitted(
        code, Files.readAllLines(out), new String(Files.readAllBytes(err), StandardCharsets.UTF_8));
  }

  private SparkSubmitArguments parse(String kind, List<String> arguments) throws Exception {
    Submitted submitted = run(kind, arguments);
    assertThat(submitted.exitCode()).as(submitted.messages()).isZero();
    scala.collection.immutable.Map<String, String> seen =
        scala.collection.immutable.Map$.MODULE$.empty();
    for (String key : List.of("HADOOP_CONF_DIR", "SPARK_HOME")) {
      seen = seen.$plus(new scala.Tuple2<>(key, environment.get(key)));
    }
    return new SparkSubmitArguments(
        JavaConverters.asScalaBuffer(submitted.arguments()).toList(), seen);
  }

  private static Map<String, String> settings(SparkSubmitArguments arguments) {
    return new LinkedHashMap<>(JavaConverters.mapAsJavaMap(arguments.sparkProperties()));
  }

  @ParameterizedTest
  @CsvSource({
    "standalone, spark://master:7077, client",
    "yarn, yarn, cluster",
    "kubernetes, k8s://https://kubernetes:6443, cluster"
  })
  void sparkAndTheProgramUnderstandTheCommandLine(String kind, String master, String mode)
      throws Exception {
    environment.put("LOCKSTEP_WORKERS", "5");
    environment.put("LOCKSTEP_CORES", "2");

    SparkSubmitArguments submitted = parse(kind, TRAIN);

    assertThat(submitted.master()).isEqualTo(master);
    assertThat(submitted.deployMode()).isEqualTo(mode);
    assertThat(submitted.mainClass()).isEqualTo(Main.class.getName());
    List<String> program =
        new ArrayList<>(JavaConverters.seqAsJavaList(submitted.childArgs().toSeq()));
    assertThat(program).startsWith(TRAIN.toArray(String[]::new)).endsWith("--workers", "5");
    CommandLine.ParseResult train =
        new CommandLine(new Main()).parseArgs(program.toArray(String[]::new)).subcommand();
    assertThat(train.matchedOption("--workers").<Integer>getValue()).isEqualTo(5);
    assertThat(executors(kind, submitted)).isEqualTo(3);
    assertThat(submitted.executorCores()).isEqualTo("2");
  }

  @Test
  void aRetrainingIsToldItsWorkersToo() throws Exception {
    environment.put("LOCKSTEP_WORKERS", "5");
    List<String> retrain = List.of("retrain", "--config", "hdfs:///retrain.yaml");

    SparkSubmitArguments submitted = parse("yarn", retrain);
    List<String> program = JavaConverters.seqAsJavaList(submitted.childArgs().toSeq());

    assertThat(program).startsWith(retrain.toArray(String[]::new)).endsWith("--workers", "5");
    new CommandLine(new Main()).parseArgs(program.toArray(String[]::new));
    // On the cluster its exit code would be lost.
    assertThat(submitted.deployMode()).isEqualTo("client");
    environment.put("LOCKSTEP_DEPLOY_MODE", "cluster");
    assertThat(parse("yarn", retrain).deployMode()).isEqualTo("cluster");
  }

  @ParameterizedTest
  @ValueSource(strings = {"standalone", "yarn", "kubernetes"})
  void whatTheConfigurationOrTheRunSaysOfWorkersStandsUnlessTheUserSaysOtherwise(String kind)
      throws Exception {
    List<String> resume = List.of("train", "--resume", "hdfs:///runs/digits-20261123-181502");

    for (List<String> arguments : List.of(TRAIN, resume)) {
      SparkSubmitArguments submitted = parse(kind, arguments);

      assertThat(JavaConverters.seqAsJavaList(submitted.childArgs().toSeq()))
          .containsExactlyElementsOf(arguments);
      assertThat(executors(kind, submitted)).isEqualTo(2);
    }
    environment.put("LOCKSTEP_WORKERS", "4");
    assertThat(JavaConverters.seqAsJavaList(parse(kind, resume).childArgs().toSeq()))
        .endsWith("--workers", "4");
  }

  @ParameterizedTest
  @ValueSource(strings = {"standalone", "yarn", "kubernetes"})
  void helpNamesEveryVariableThatIsRead(String kind) throws Exception {
    environment.clear();

    Submitted helped = run(kind, List.of("--help"));

    assertThat(helped.exitCode()).isZero();
    String text = Files.readString(DEPLOY.resolve(kind + "/submit"));
    text += Files.readString(DEPLOY.resolve("cluster.sh"));
    Matcher read = Pattern.compile("\\$\\{([A-Z_]+)").matcher(text);
    while (read.find()) {
      assertThat(helped.arguments())
          .as(read.group(1))
          .anyMatch(line -> line.matches(" *" + read.group(1) + " +\\w.*"));
    }
    assertThat(helped.arguments()).noneMatch(line -> line.contains("set -"));
  }

  private static int executors(String kind, SparkSubmitArguments submitted) {
    return kind.equals("standalone")
        ? Integer.parseInt(submitted.totalExecutorCores())
            / Integer.parseInt(submitted.executorCores())
        : Integer.parseInt(submitted.numExecutors());
  }

  @ParameterizedTest
  @ValueSource(strings = {"standalone", "yarn", "kubernetes"})
  void everySettingIsOneThatSparkKnows(String kind) throws Exception {
    var unused =
        List.of(
            org.apache.spark.internal.config.package$.MODULE$,
            org.apache.spark.internal.config.UI$.MODULE$,
            org.apache.spark.internal.config.Network$.MODULE$,
            org.apache.spark.deploy.yarn.config.package$.MODULE$,
            org.apache.spark.deploy.k8s.Config$.MODULE$);

    Map<String, String> settings = settings(parse(kind, TRAIN));

    assertThat(settings).isNotEmpty();
    settings.forEach(
        (key, value) -> {
          ConfigEntry<?> entry = ConfigEntry.findEntry(key);
          if (entry == null) {
            assertThat(key).matches(UNREGISTERED);
          } else {
            assertThat(entry.valueConverter().apply(value)).as(key).isNotNull();
          }
        });
  }

  @ParameterizedTest
  @CsvSource({
    "standalone, 2048, 1024, 512",
    "yarn, 6000, 700, 300",
    "kubernetes, 1024, 4096, 2048"
  })
  void theContainerHoldsHeapArraysAndBuffers(String kind, int heap, int arrays, int direct)
      throws Exception {
    environment.put("LOCKSTEP_HEAP", "" + heap);
    environment.put("LOCKSTEP_ARRAYS", "" + arrays);
    environment.put("LOCKSTEP_DIRECT", "" + direct);

    Map<String, String> settings = settings(parse(kind, TRAIN));

    String java = settings.get("spark.executor.extraJavaOptions");
    int container =
        megabytes(settings.get("spark.executor.memory"), "(\\d+)m")
            + megabytes(settings.get("spark.executor.memoryOverhead"), "(\\d+)m");
    assertThat(settings).containsEntry("spark.executor.memory", heap + "m");
    assertThat(megabytes(java, "maxbytes=(\\d+)m")).isEqualTo(arrays);
    assertThat(megabytes(java, "MaxDirectMemorySize=(\\d+)m")).isEqualTo(direct);
    assertThat(megabytes(java, "maxphysicalbytes=(\\d+)m")).isEqualTo(container);
    assertThat(container).isGreaterThanOrEqualTo(heap + arrays + direct + 384);
  }

  private static int megabytes(String text, String pattern) {
    Matcher found = Pattern.compile(pattern).matcher(text);
    assertThat(found.find()).as("%s in %s", pattern, text).isTrue();
    return Integer.parseInt(found.group(1));
  }

  @ParameterizedTest
  @ValueSource(strings = {"standalone", "yarn", "kubernetes"})
  void authenticationIsOnAndNoSecretIsOnTheCommandLine(String kind) throws Exception {
    Submitted submitted = run(kind, TRAIN);

    assertThat(submitted.arguments())
        .contains("spark.authenticate=true", "spark.network.crypto.enabled=true")
        .noneMatch(argument -> argument.startsWith("spark.authenticate.secret="));
  }

  @Test
  void theSecretOfAStandaloneClusterIsReadFromSparksOwnFile() {
    Map<String, String> defaults =
        JavaConverters.mapAsJavaMap(
            org.apache.spark.util.Utils.getPropertiesFromFile(
                DEPLOY.resolve("standalone/spark-defaults.conf").toString()));

    assertThat(defaults)
        .containsEntry("spark.authenticate", "true")
        .containsEntry("spark.authenticate.secret", "CHANGE-ME")
        .containsEntry("spark.network.crypto.enabled", "true");
  }

  @ParameterizedTest
  @ValueSource(strings = {"standalone", "yarn", "kubernetes"})
  void whatStandsBeforeTheDashesIsForSparkAndWins(String kind) throws Exception {
    List<String> arguments = new ArrayList<>(List.of("--conf", "spark.executor.memory=7g", "--"));
    arguments.addAll(TRAIN);
    arguments.addAll(List.of("--workers", "3"));

    SparkSubmitArguments submitted = parse(kind, arguments);

    assertThat(settings(submitted)).containsEntry("spark.executor.memory", "7g");
    assertThat(JavaConverters.seqAsJavaList(submitted.childArgs().toSeq()))
        .containsExactlyElementsOf(arguments.subList(3, arguments.size()));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "standalone | SPARK_HOME        |      | SPARK_HOME is not set",
        "yarn       | SPARK_HOME        | /no  | SPARK_HOME is /no but there is no bin/spark-submit",
        "standalone | SPARK_MASTER      |      | SPARK_MASTER is not set; set it to the cluster's URL",
        "yarn       | HADOOP_CONF_DIR   |      | HADOOP_CONF_DIR is '' but must be the directory",
        "kubernetes | KUBERNETES_MASTER |      | KUBERNETES_MASTER is not set",
        "kubernetes | LOCKSTEP_IMAGE    |      | LOCKSTEP_IMAGE is not set",
        "yarn       | LOCKSTEP_JAR      | /no  | there is no /no; build it with: mvn -B -DskipTests package, or set LOCKSTEP_JAR to it",
        "yarn       | LOCKSTEP_WORKERS  | two  | LOCKSTEP_WORKERS is 'two' but must be a whole number",
        "standalone | SPARK_MASTER      | yarn | SPARK_MASTER is 'yarn' but must be the URL",
        "kubernetes | KUBERNETES_MASTER | a    | KUBERNETES_MASTER is 'a' but must be the URL",
        "yarn       | LOCKSTEP_DEPLOY_MODE | a | LOCKSTEP_DEPLOY_MODE is 'a' but must be client",
        "standalone | LOCKSTEP_HEAP     | 2g   | LOCKSTEP_HEAP is '2g' but must be a whole number above 0 (MiB)",
        "standalone | LOCKSTEP_HEAP     | 0    | LOCKSTEP_HEAP is '0' but must be a whole number"
      })
  void whatIsMissingIsSaidAndNothingIsSubmitted(
      String kind, String variable, String value, String message) throws Exception {
    environment.put(variable, value == null ? "" : value);

    Submitted submitted = run(kind, TRAIN);

    assertThat(submitted.exitCode()).isEqualTo(2);
    assertThat(submitted.messages()).contains(message);
    assertThat(submitted.arguments()).isEmpty();
  }

  @Test
  void withoutACommandNothingIsSubmitted() throws Exception {
    for (List<String> arguments : Arrays.asList(List.<String>of(), List.of("--verbose", "--"))) {
      Submitted submitted = run("yarn", arguments);

      assertThat(submitted.exitCode()).isEqualTo(2);
      assertThat(submitted.messages()).contains("the command is missing");
    }
  }
}
