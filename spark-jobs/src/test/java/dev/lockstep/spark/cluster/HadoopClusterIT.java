package dev.lockstep.spark.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lockstep.spark.cli.SmallMnist;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.hadoop.fs.FileStatus;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
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

  // Checkpoints of a run on HDFS, and --resume from them, belong here.
  @ParameterizedTest
  @ValueSource(strings = {"client", "cluster"})
  void yarnGivesTheBitsOfTwoThreads(String mode) throws Exception {
    String shipped = directory.resolve(CONFIGURATION).toString();

    Process training =
        mode.equals("client")
            ? cluster.submit(mode, mode, List.of(), arguments(shipped, output(mode)))
            : cluster.submit(
                mode, mode, List.of("--files", shipped), arguments(CONFIGURATION, output(mode)));

    int code = training.waitFor();
    assertThat(code).as(cluster.output(mode) + cluster.containers()).isZero();
    assertThat(names(run(mode)))
        .contains("configuration.yaml", "history.csv", "history.json", "manifest.json");
    assertThat(read(run(mode), "model.zip")).isEqualTo(expected);
    assertThat(new ObjectMapper().readTree(read(run(mode), "metrics.json")))
        .isEqualTo(new ObjectMapper().readTree(read(run("local"), "metrics.json")));
  }
}
