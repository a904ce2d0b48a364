package dev.lockstep.benchmarks.suite;

import dev.lockstep.benchmarks.contender.EngineAlone;
import dev.lockstep.benchmarks.contender.Lockstep;
import dev.lockstep.benchmarks.contender.Run;
import dev.lockstep.benchmarks.contender.SparkJobPerStep;
import dev.lockstep.benchmarks.contender.Task;
import dev.lockstep.benchmarks.measure.Entry;
import dev.lockstep.benchmarks.measure.Interleaved;
import dev.lockstep.benchmarks.measure.Series;
import dev.lockstep.benchmarks.measure.Table;
import dev.lockstep.config.EngineChoice;
import dev.lockstep.coordinator.Averaging.Gradients;
import dev.lockstep.coordinator.RoundSummary;
import dev.lockstep.spark.cluster.StandaloneCluster;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;

/** What a round costs over the network, beside a Spark job a step on the same cluster. */
final class Cluster implements Suite {
  private static final int WORKERS = 2;
  private static final int BATCH = 128;
  private static final int BATCHES = 400;
  private static final int FEWER = 40;
  private static final int MEBIBYTE = 1 << 20;

  @Override
  public String name() {
    return "cluster";
  }

  @Override
  public String title() {
    return "A round over the network: mlp-512, batches of 128, averaged at every step, a standalone"
        + " cluster of two executors with a core each, authenticated";
  }

  @Override
  public int slots() {
    return WORKERS;
  }

  @Override
  public int measurements() {
    return 5;
  }

  /** Processes of this machine with the class path of this one. */
  @Override
  public Platform open() {
    StandaloneCluster cluster;
    List<Path> classPath =
        Stream.of(System.getProperty("java.class.path").split(File.pathSeparator))
            .map(entry -> Path.of(entry).toAbsolutePath())
            .toList();
    try {
      Path directory = Files.createTempDirectory("lockstep-cluster");
      cluster = new StandaloneCluster(home(directory, classPath), directory, WORKERS, 1);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    String classes =
        classPath.stream()
            .filter(Files::isDirectory)
            .map(Path::toString)
            .collect(Collectors.joining(File.pathSeparator));
    SparkConf conf =
        Platform.settings(cluster.master())
            .set("spark.driver.host", "127.0.0.1")
            .set("spark.executor.memory", "1g")
            .set("spark.executor.extraClassPath", classes)
            .set(
                "spark.executor.extraJavaOptions",
                "-Dorg.bytedeco.javacpp.maxbytes=1g -Dorg.bytedeco.javacpp.maxphysicalbytes=3g");
    StandaloneCluster.SECURITY.forEach(
        setting -> conf.set(setting.split("=", 2)[0], setting.split("=", 2)[1]));
    return new Platform(new JavaSparkContext(conf), cluster::close);
  }

  /** A Spark installation below {@code directory} that has the jars of {@code classPath}. */
  private static Path home(Path directory, List<Path> classPath) throws IOException {
    Path home = directory.resolve("spark");
    Path jars = Files.createDirectories(home.resolve("jars"));
    for (Path entry : classPath) {
      if (Files.isRegularFile(entry)) {
        Files.createSymbolicLink(jars.resolve(entry.getFileName()), entry);
      }
    }
    return home;
  }

  @Override
  public List<Entry> entries(JavaSparkContext spark, Tasks tasks, int measurements) {
    Task task = tasks.reproducible(Tasks.MLP, BATCHES);
    return List.of(
        Entry.of(
            new EngineAlone(EngineChoice.FUSED),
            tasks.batches(Tasks.MLP, BATCHES, "training.batchSize=" + BATCH / WORKERS),
            measurements),
        Entry.of(
            new Lockstep(spark, EngineChoice.FUSED, new Gradients(), WORKERS), task, measurements),
        Entry.of(
            new SparkJobPerStep(spark, WORKERS),
            tasks.reproducible(Tasks.MLP, FEWER),
            measurements));
  }

  /** The engine first, then the others, which are held against it. */
  @Override
  public Table table(List<Series> measured) {
    Series engine = measured.get(0);
    Series lockstep = measured.get(1);
    Series job = measured.get(2);
    double alone = engine.spread(run -> stepMillis(run, BATCH / WORKERS)).median();
    return new Table(
        List.of(
            "contender",
            "a step, ms",
            "above the engine's time, ms",
            "resident size of a worker's process, MiB"),
        List.of(
            row(engine, run -> stepMillis(run, BATCH / WORKERS), alone),
            row(lockstep, Cluster::roundMillis, alone),
            row(job, run -> stepMillis(run, BATCH), alone)),
        List.of(
            Interleaved.note(measured),
            "The engine's time is that of one worker's 64 examples on one thread. A step of Lockstep"
                + " is a round, parameters to parameters, median over the rounds of a training.",
            job.contender().note(),
            "Resident is what the system counts (VmRSS) of the executor that holds the most, after the"
                + " training and a collection of garbage: one worker, with Java, Spark, the natives"
                + " and all of MNIST.",
            "Executors, driver and coordinator share the cores of this machine."));
  }

  private static List<String> row(Series series, ToDoubleFunction<Run> millis, double alone) {
    return List.of(
        series.contender().name(),
        series.spread(millis).text("%.2f"),
        series.spread(run -> millis.applyAsDouble(run) - alone).text("%.2f"),
        series.spread(Cluster::mebibytes).text("%,.0f"));
  }

  private static double mebibytes(Run run) {
    return run.resident().map(size -> (double) size.bytes() / MEBIBYTE).orElse(Double.NaN);
  }

  private static double stepMillis(Run run, int batch) {
    return 1e3 * batch / run.examplesPerSecond();
  }

  private static double roundMillis(Run run) {
    return run.rounds().map(RoundSummary::roundMillis).orElse(Double.NaN);
  }
}
