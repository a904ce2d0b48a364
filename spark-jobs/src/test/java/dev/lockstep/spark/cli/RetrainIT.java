package dev.lockstep.spark.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lockstep.spark.Digits;
import dev.lockstep.spark.Signal;
import dev.lockstep.spark.job.ModelFile;
import dev.lockstep.spark.registry.Champion;
import dev.lockstep.spark.registry.ModelRegistry;
import dev.lockstep.spark.storage.HadoopConfiguration;
import dev.lockstep.spark.storage.Location;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.FileUtil;
import org.apache.hadoop.hdfs.MiniDFSCluster;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Retrainings that come at once, and such that are killed, with registries here and on HDFS. */
@Timeout(value = 15, unit = TimeUnit.MINUTES)
class RetrainIT {
  private static final LocalDate FIRST = LocalDate.of(2026, 11, 9);
  private static final int HELD = 12;
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final List<String> SMALL =
      List.of("-Xmx512m", "-Xmn160m", "-Dspark.ui.enabled=false");

  @TempDir private static Path directory;
  private static MiniDFSCluster hdfs;

  /** Options of Java for a process that is small, and soon there. */
  private static List<String> quick;

  /** Where a registry lies. */
  enum Place {
    LOCAL {
      @Override
      String of(String name) {
        return directory.resolve(name).toString();
      }
    },
    HDFS {
      @Override
      String of(String name) {
        return hdfs.getURI() + "/" + name;
      }
    };

    /** The registry {@code name} as a user writes it. */
    abstract String of(String name);
  }

  @BeforeAll
  static void startHdfsAndWriteData() throws Exception {
    // Its clients, this test among them, do not wait 400 ms for every file.
    Configuration conf = HadoopConfiguration.current();
    conf.set(MiniDFSCluster.HDFS_MINIDFS_BASEDIR, directory.resolve("hdfs").toString());
    conf.setInt("dfs.replication", 1);
    conf.setInt("dfs.namenode.metrics.logger.period.seconds", 0);
    conf.setInt("dfs.datanode.metrics.logger.period.seconds", 0);
    hdfs = new MiniDFSCluster.Builder(conf).numDataNodes(1).build();
    hdfs.waitActive();
    write("before", 1);
    write("now", 2);
    quick =
        TrainingProcess.archiveClasses(
            directory, SMALL, List.of(arguments("before", hdfs.getURI() + "/classes")));
  }

  @AfterAll
  static void stopHdfs() {
    if (hdfs != null) {
      hdfs.shutdown(true);
    }
  }

  /** The first {@code days} days of data, and a configuration that trains on them. */
  private static void write(String name, int days) throws IOException {
    Partitions partitions = new Partitions(directory.resolve(name));
    for (int day = 0; day < days; day++) {
      partitions.write(
          FIRST.plusDays(day),
          Digits.MNIST.training().select(IntStream.range(300 * day, 300 * (day + 1)).toArray()));
    }
    Files.writeString(
        directory.resolve(name + ".yaml"),
        """
        name: digits
        dataset: {partitions: '%s', classes: 10, test: {fraction: 0.2}}
        network:
          layers: [dense: {units: 10, activation: softmax}]
          loss: categorical_crossentropy
        training: {epochs: 2, batchSize: 20, shards: 4, optimizer: {name: adam, learningRate: 0.003}}
        retrain: {registry: none, leaseTimeout: 600, gate: {gain: {accuracy: -0.5}}}
        """
            .formatted(partitions.directory()));
  }

  private static String[] arguments(String name, String registry) {
    return new String[] {
      "retrain",
      "--config",
      directory.resolve(name + ".yaml").toString(),
      "--set",
      "retrain.registry=" + registry,
      "--master",
      "local[1]"
    };
  }

  private static Process start(Path err, List<String> properties, String... arguments)
      throws IOException {
    List<String> options = Stream.concat(quick.stream(), properties.stream()).toList();
    return TrainingProcess.start(err, options, List.of(arguments));
  }

  private static JsonNode summary(Process process) throws IOException {
    return JSON.readTree(process.getInputStream());
  }

  private static Location claim(String registry) {
    return Location.of(registry).child("lease").child("000001.json");
  }

  private static boolean exists(Location file) throws IOException {
    try (InputStream in = file.open().orElse(null)) {
      return in != null;
    }
  }

  @Test
  void aFortnightOnHdfs() throws Exception {
    Path here = Files.createDirectory(directory.resolve("fortnight"));
    org.apache.hadoop.fs.Path there = new org.apache.hadoop.fs.Path("/fortnight/digits");

    Map<Path, FileTime> delivered = new HashMap<>();
    NightlyRetraining.ofMnist(
            here,
            hdfs.getURI() + there.toString(),
            hdfs.getURI() + "/fortnight/models",
            () -> deliver(here.resolve("digits"), there, delivered))
        .fortnight();
  }

  /** Brings what was written since the last time to HDFS. */
  private static void deliver(
      Path here, org.apache.hadoop.fs.Path there, Map<Path, FileTime> delivered)
      throws IOException {
    List<Path> files;
    try (Stream<Path> all = Files.walk(here)) {
      files = all.filter(Files::isRegularFile).toList();
    }
    for (Path file : files) {
      FileTime written = Files.getLastModifiedTime(file);
      if (!written.equals(delivered.put(file, written))) {
        hdfs.getFileSystem()
            .copyFromLocalFile(
                false,
                true,
                new org.apache.hadoop.fs.Path(file.toUri()),
                new org.apache.hadoop.fs.Path(there, here.relativize(file).toString()));
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Place.class)
  void ofTwentyAtOnceOneTrains(Place place) throws Exception {
    String registry = place.of("twenty");
    List<Process> all = new ArrayList<>();
    try {
      for (int i = 0; i < 20; i++) {
        all.add(
            start(
                directory.resolve(place + "-" + i + ".err"),
                List.of(),
                arguments("now", registry)));
      }
      await()
          .atMost(Duration.ofMinutes(3))
          .pollInterval(Duration.ofMillis(20))
          .until(() -> exists(claim(registry)));
      long holder;
      try (InputStream in = claim(registry).open().orElseThrow()) {
        holder = JSON.readTree(in).path("pid").asLong();
      }
      // All others are to meet it.
      Signal.send("STOP", ProcessHandle.of(holder).orElseThrow());
      List<Process> others = all.stream().filter(process -> process.pid() != holder).toList();
      assertThat(others).hasSize(19);
      for (Process other : others) {
        assertThat(other.waitFor()).isEqualTo(HELD);
        assertThat(summary(other).path("decision").asText()).isEqualTo("lease_held");
      }
      Signal.send("CONT", ProcessHandle.of(holder).orElseThrow());

      Process winner =
          all.stream().filter(process -> process.pid() == holder).findFirst().orElseThrow();
      assertThat(winner.waitFor()).isZero();
      assertThat(summary(winner).path("decision").asText()).isEqualTo("promoted");
      ModelRegistry models = new ModelRegistry(Location.of(registry));
      assertThat(models.numbers()).containsExactly(1);
      assertThat(models.history()).hasSize(1);
    } finally {
      all.forEach(Process::destroyForcibly);
    }
  }

  @Test
  void whereverItIsKilledARegistryOfThisMachineIsReadableAndTheNextRunCompletes() throws Exception {
    Path registry = registryOfTheDayBefore("stepped");
    Map<Path, String> left = new LinkedHashMap<>();
    Path err = directory.resolve("stepped.err");
    int code =
        SteppedProcess.run(
            err,
            registry,
            changed -> {
              Path copy = directory.resolve("killed-%d".formatted(left.size() + 1));
              copy(registry, copy);
              left.put(copy, "killed before it changed " + registry.relativize(changed));
            },
            quick,
            arguments("now", registry.toString()));
    assertThat(code).as(Files.readString(err, UTF_8)).isZero();

    assertThat(left).hasSizeGreaterThan(12);
    for (Map.Entry<Path, String> each : left.entrySet()) {
      goOn(each.getKey().toString(), each.getValue());
    }
    goOn(registry.toString(), "not killed");
  }

  @Test
  void whereverItIsKilledARegistryOnHdfsIsReadableAndTheNextRunCompletes() throws Exception {
    Path template = registryOfTheDayBefore("template");
    Path steps = Files.createDirectory(directory.resolve("steps"));
    Process process = retrain("stepped", template, HaltingFileSystem.STEPS + "=" + steps);
    Map<String, String> left = new LinkedHashMap<>();
    for (int step = 1; isAt(steps.resolve(Integer.toString(step)), process); step++) {
      Path told = steps.resolve(Integer.toString(step));
      left.put(
          copyOnHdfs("stepped", "killed-" + step),
          "killed before it changed " + Files.readString(told, UTF_8));
      Files.delete(told);
    }
    assertThat(process.waitFor()).as(err("stepped")).isZero();
    assertThat(left).hasSizeGreaterThan(12);

    int middle = left.size() / 2;
    Process dying = retrain("dying", template, HaltingFileSystem.HALT + "=" + middle);
    assertThat(dying.waitFor()).as(err("dying")).isEqualTo(HaltingFileSystem.KILLED);
    left.put(Place.HDFS.of("dying"), err("dying"));

    for (Map.Entry<String, String> each : left.entrySet()) {
      goOn(each.getKey(), each.getValue());
    }
    goOn(Place.HDFS.of("stepped"), "not killed");
  }

  /** Whether the process has told the step before it ended. */
  private static boolean isAt(Path told, Process process) {
    await()
        .atMost(Duration.ofMinutes(2))
        .pollDelay(Duration.ZERO)
        .pollInterval(Duration.ofMillis(5))
        .until(() -> Files.exists(told) || !process.isAlive());
    return Files.exists(told);
  }

  private static String copyOnHdfs(String from, String to) throws IOException {
    FileSystem files = hdfs.getFileSystem();
    FileUtil.copy(
        files,
        new org.apache.hadoop.fs.Path("/" + from),
        files,
        new org.apache.hadoop.fs.Path("/" + to),
        false,
        files.getConf());
    return Place.HDFS.of(to);
  }

  /** A registry on this machine with one version. */
  private static Path registryOfTheDayBefore(String name) {
    Path registry = directory.resolve(name);
    Invocation first = Invocation.of(arguments("before", registry.toString()));
    assertThat(first.exitCode()).as(first.err()).isZero();
    return registry;
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> all = Files.walk(from)) {
      for (Path each : all.toList()) {
        Files.copy(each, to.resolve(from.relativize(each).toString()));
      }
    }
  }

  /**
   * Retrains in a copy of {@code template} on HDFS, which is called {@code name}.
   *
   * @param property of Java, which {@link HaltingFileSystem} reads
   */
  private static Process retrain(String name, Path template, String property) throws IOException {
    hdfs.getFileSystem()
        .copyFromLocalFile(
            new org.apache.hadoop.fs.Path(template.toUri()),
            new org.apache.hadoop.fs.Path("/" + name));
    List<String> properties =
        List.of(
            "-D" + property,
            "-Dspark.hadoop.fs.AbstractFileSystem.hdfs.impl=" + HaltingFileSystem.class.getName());
    return start(
        directory.resolve("hdfs-" + name + ".err"),
        properties,
        arguments("now", Place.HDFS.of(name)));
  }

  private static String err(String name) throws IOException {
    return Files.readString(directory.resolve("hdfs-" + name + ".err"), UTF_8);
  }

  /** Whatever has happened to the registry at {@code path}. */
  private static void goOn(String path, String told) throws Exception {
    ModelRegistry registry = new ModelRegistry(Location.of(path));
    assertThat(Invocation.of("models", "list", "--registry", path).exitCode()).as(told).isZero();
    Champion champion = registry.champion().orElseThrow();
    assertThat(champion.version()).as(told).isBetween(1, 2);
    assertThat(ModelFile.read("registry:" + path + "/champion").description()).isPresent();

    letTheLeaseExpire(Location.of(path).child("lease"));
    Invocation next = Invocation.of(arguments("now", path));

    assertThat(next.exitCode()).as(told + next.err()).isZero();
    assertThat(JSON.readTree(next.lastLine()).path("decision").asText())
        .isIn("promoted", "unchanged");
    assertThat(registry.history()).as(told).extracting(Champion::version).containsExactly(1, 2);
    assertThat(registry.about(2).orElseThrow().lineage().parentVersion()).isEqualTo(1);
    assertThat(registry.numbers()).containsExactly(1, 2);
    assertThat(Location.of(path).child("versions").directories())
        .containsExactly("000001", "000002");
  }

  /** As if its time had passed. */
  private static void letTheLeaseExpire(Location lease) throws IOException {
    String newest =
        lease.files().orElseThrow().stream()
            .map(file -> file.name())
            .filter(name -> name.endsWith(".json"))
            .reduce((a, b) -> b)
            .orElseThrow();
    String text;
    try (InputStream in = lease.child(newest).open().orElseThrow()) {
      text = new String(in.readAllBytes(), UTF_8);
    }
    String expired = text.replaceFirst("(\"expires\" : )[^,]*", "$1\"2026-01-01T00:00:00Z\"");
    lease.child(newest).write(out -> out.write(expired.getBytes(UTF_8)));
  }
}
