package dev.lockstep.spark.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lockstep.random.CounterRandom;
import dev.lockstep.spark.Signal;
import dev.lockstep.spark.cli.SmallMnist;
import dev.lockstep.spark.source.ParquetFile;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.FileUtil;
import org.apache.parquet.example.data.Group;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Training on YARN, with the data set and the results on HDFS. */
@Timeout(value = 4, unit = TimeUnit.MINUTES)
class HadoopClusterIT {
  private static final org.apache.hadoop.fs.Path DATA =
      new org.apache.hadoop.fs.Path("/data/small");
  private static final String CONFIGURATION = "small.yaml";
  private static final String NOT_TAKEN =
      "waiting since 10 s for the cluster %s: it has not taken the application; ";

  /** The program's jar where it needs not be brought. */
  private static final String EVERYWHERE = "local:" + SparkProcesses.clusterJar();

  @TempDir private static Path directory;
  private static HadoopCluster cluster;

  /** The model of {@code local[2]}. */
  private static byte[] expected;

  @BeforeAll
  static void trainHere() throws Exception {
    cluster = new HadoopCluster(directory);
    Path local = SmallMnist.write(Files.createDirectory(directory.resolve("small")));
    SmallMnist.configuration(directory, cluster.uri(DATA.toString()));
    cluster.fileSystem().mkdirs(DATA.getParent());
    cluster.fileSystem().copyFromLocalFile(new org.apache.hadoop.fs.Path(local.toUri()), DATA);
    Process training =
        cluster.submitHere(
            "local", arguments(directory.resolve(CONFIGURATION).toString(), output("local")));
    assertThat(training.waitFor()).as(cluster.output("local")).isZero();
    expected = read(run("local"), "model.zip");
  }

  @AfterAll
  static void end() {
    if (cluster != null) {
      cluster.close();
    }
  }

  private static String output(String name) {
    return cluster.uri("/runs/" + name);
  }

  private static List<String> arguments(String configuration, String output) {
    return List.of(
        "train",
        "--config",
        configuration,
        "--set",
        "training.epochs=1",
        "--set",
        "training.checkpoints={everyEpochs: 1, everySteps: 7, keep: 4}",
        "--workers",
        "2",
        "--output",
        output);
  }

  /** The one run below {@code /runs/name} on HDFS. */
  private static org.apache.hadoop.fs.Path run(String name) throws IOException {
    FileStatus[] runs =
        cluster.fileSystem().listStatus(new org.apache.hadoop.fs.Path("/runs/" + name));
    assertThat(runs).hasSize(1);
    return runs[0].getPath();
  }

  private static byte[] read(org.apache.hadoop.fs.Path run, String file) throws IOException {
    try (InputStream in = cluster.fileSystem().open(new org.apache.hadoop.fs.Path(run, file))) {
      return in.readAllBytes();
    }
  }

  private static List<String> names(org.apache.hadoop.fs.Path run) throws IOException {
    return Arrays.stream(cluster.fileSystem().listStatus(run))
        .map(file -> file.getPath().getName())
        .toList();
  }

  @ParameterizedTest
  @ValueSource(strings = {"client", "cluster"})
  void yarnGivesTheBitsOfTwoThreads(String mode) throws Exception {
    String shipped = directory.resolve(CONFIGURATION).toString();

    Process training =
        mode.equals("client")
            ? cluster.submit(
                mode,
                mode,
                SparkProcesses.clusterJar(),
                List.of(),
                arguments(shipped, output(mode)))
            : cluster.submit(
                mode,
                mode,
                SparkProcesses.clusterJar(),
                List.of("--files", shipped),
                arguments(CONFIGURATION, output(mode)));

    int code = training.waitFor();
    assertThat(code).as(cluster.output(mode) + cluster.containers()).isZero();
    assertThat(names(run(mode)))
        .contains("configuration.yaml", "history.csv", "history.json", "manifest.json");
    assertThat(names(checkpoints(run(mode)))).isNotEmpty();
    assertThat(read(run(mode), "model.zip")).isEqualTo(expected);
    assertThat(new ObjectMapper().readTree(read(run(mode), "metrics.json")))
        .isEqualTo(new ObjectMapper().readTree(read(run("local"), "metrics.json")));
    assertThat(new HashSet<>(OpenedFiles.tasks(DATA + "/train-images-idx3-ubyte")))
        .as("the tasks of both executors read the images")
        .hasSizeGreaterThanOrEqualTo(2);
  }

  @Test
  void aRunThatWasKilledGoesOnFromItsCheckpointOnHdfs() throws Exception {
    org.apache.hadoop.fs.Path killed = new org.apache.hadoop.fs.Path("/runs/killed/run");
    copyWithoutResults(run("local"), killed);
    String newest = newest(checkpoints(killed));

    Process resuming =
        cluster.submit(
            "resumed",
            "client",
            EVERYWHERE,
            List.of(),
            List.of("train", "--resume", cluster.uri(killed.toString())));

    int code = resuming.waitFor();
    assertThat(code).as(cluster.output("resumed") + cluster.containers()).isZero();
    assertThat(read(killed, "model.zip")).isEqualTo(expected);
    assertThat(cluster.output("resumed")).contains(newest);
  }

  @Test
  void anApplicationForWhichYarnHasNoRoomSaysSoAndIsTakenWhenThereIs() throws Exception {
    // Two application masters of this size are more than there is.
    List<String> large = List.of("--conf", "spark.yarn.am.memory=7g");
    List<String> arguments =
        arguments(directory.resolve(CONFIGURATION).toString(), output("waiting"));
    Process first = cluster.submit("first", "client", EVERYWHERE, large, arguments);
    cluster.await("first", "Application report for");
    cluster.await("first", "has started running");

    Process second = cluster.submit("second", "client", EVERYWHERE, large, arguments);
    cluster.await("second", NOT_TAKEN.formatted("yarn"));
    assertThat(cluster.output("second")).doesNotContain("has started running");
    Signal.send("INT", first.toHandle());
    assertThat(first.waitFor()).isEqualTo(130);

    cluster.await("second", "has started running");
    Signal.send("INT", second.toHandle());
    assertThat(second.waitFor()).isEqualTo(130);
  }

  @Test
  void aResourceManagerThatDoesNotAnswerIsNamedAndCtrlCEndsTheWait() throws Exception {
    try (ServerSocket mute = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        SparkProcesses processes = cluster.elsewhere("127.0.0.1:" + mute.getLocalPort())) {
      Process training =
          processes.submit(
              "mute",
              EVERYWHERE,
              List.of("--master", "yarn", "--num-executors", "2"),
              List.of(),
              List.of("train", "--config", SparkProcesses.EXAMPLE));
      processes.await("mute", NOT_TAKEN.formatted("yarn"));

      Signal.send("INT", training.toHandle());

      assertThat(training.waitFor()).isEqualTo(130);
    }
  }

  private static org.apache.hadoop.fs.Path checkpoints(org.apache.hadoop.fs.Path run) {
    return new org.apache.hadoop.fs.Path(run, "checkpoints");
  }

  private static String newest(org.apache.hadoop.fs.Path checkpoints) throws IOException {
    return names(checkpoints).stream()
        .filter(name -> name.startsWith("epoch-"))
        .max(Comparator.naturalOrder())
        .orElseThrow();
  }

  private static void copyWithoutResults(
      org.apache.hadoop.fs.Path run, org.apache.hadoop.fs.Path copy) throws IOException {
    FileSystem hdfs = cluster.fileSystem();
    hdfs.mkdirs(copy);
    for (String name : List.of("configuration.yaml", "checkpoints")) {
      FileUtil.copy(
          hdfs,
          new org.apache.hadoop.fs.Path(run, name),
          hdfs,
          new org.apache.hadoop.fs.Path(copy, name),
          false,
          hdfs.getConf());
    }
  }

  @Test
  void parquetOnHdfsIsReadByTheExecutors() throws Exception {
    Path table = Files.createDirectory(directory.resolve("table"));
    List<Consumer<Group>> rows = new ArrayList<>();
    CounterRandom random = new CounterRandom(5);
    for (int i = 0; i < 600; i++) {
      double x = random.nextInt(1000) / 500.0 - 1;
      double y = random.nextInt(1000) / 500.0 - 1;
      rows.add(
          row -> {
            row.add("label", x * y > 0 ? 1.0 : 0.0);
            ParquetFile.addArray(row, "point", x, y);
          });
    }
    ParquetFile file =
        ParquetFile.of(
            "required double label; optional group point (LIST) { repeated group list { optional double element; } }");
    file.write(table.resolve("part-00000.parquet"), rows.subList(0, 300));
    file.write(table.resolve("part-00001.parquet"), rows.subList(300, 600));
    cluster
        .fileSystem()
        .copyFromLocalFile(
            new org.apache.hadoop.fs.Path(table.toUri()),
            new org.apache.hadoop.fs.Path("/data/table"));
    String configuration =
        Files.writeString(
                directory.resolve("table.yaml"),
                """
                dataset: {parquet: '%s', features: point, label: label}
                network:
                  layers:
                    - dense: {units: 8, activation: tanh}
                    - dense: {units: 2, activation: softmax}
                  loss: categorical_crossentropy
                validation: {fraction: 0.2}
                training: {batchSize: 20, shards: 8}
                """
                    .formatted(cluster.uri("/data/table")))
            .toString();
    Process here =
        cluster.submitHere("table-local", arguments(configuration, output("table-local")));
    assertThat(here.waitFor()).as(cluster.output("table-local")).isZero();

    Process training =
        cluster.submit(
            "table", "client", EVERYWHERE, List.of(), arguments(configuration, output("table")));

    int code = training.waitFor();
    assertThat(code).as(cluster.output("table") + cluster.containers()).isZero();
    assertThat(read(run("table"), "model.zip")).isEqualTo(read(run("table-local"), "model.zip"));
    for (String part : List.of("part-00000", "part-00001")) {
      assertThat(new HashSet<>(OpenedFiles.tasks("/data/table/" + part + ".parquet")))
          .as("the tasks of both executors read " + part)
          .hasSizeGreaterThanOrEqualTo(2);
    }
  }
}
