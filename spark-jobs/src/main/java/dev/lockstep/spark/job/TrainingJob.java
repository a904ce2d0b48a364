package dev.lockstep.spark.job;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lockstep.config.Configuration;
import dev.lockstep.coordinator.Averaging.Gradients;
import dev.lockstep.coordinator.Progress;
import dev.lockstep.coordinator.RunAbortedException;
import dev.lockstep.coordinator.TrainingPlan;
import dev.lockstep.coordinator.TrainingResult;
import dev.lockstep.coordinator.TrainingState;
import dev.lockstep.coordinator.WireFormat;
import dev.lockstep.data.Dataset;
import dev.lockstep.metrics.Metrics;
import dev.lockstep.model.ModelArchive;
import dev.lockstep.model.ModelDescription;
import dev.lockstep.network.Network;
import dev.lockstep.network.Segment;
import dev.lockstep.report.Span;
import dev.lockstep.spark.gang.Gang;
import dev.lockstep.spark.gang.Preflight;
import dev.lockstep.spark.gang.SelectedEngine;
import dev.lockstep.spark.gang.Slots;
import dev.lockstep.spark.gang.Training;
import dev.lockstep.spark.registry.Lease;
import dev.lockstep.spark.registry.LeaseException;
import dev.lockstep.spark.source.DatasetSource;
import dev.lockstep.spark.storage.Location;
import dev.lockstep.spark.storage.RunDirectory;
import dev.lockstep.yaml.ConfigurationException;
import dev.lockstep.yaml.Section;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Trains as a configuration says and leaves the results in a run directory.
 *
 * @param initial the model from whose parameters training starts; if empty, from the network's own
 */
public record TrainingJob(Configuration configuration, Place place, Optional<ModelFile> initial) {
  private static final Logger LOG = LoggerFactory.getLogger(TrainingJob.class);

  /** A training from the network's own initial parameters. */
  public TrainingJob(Configuration configuration, Place place) {
    this(configuration, place, Optional.empty());
  }

  /** Which run directory. */
  public sealed interface Place {
    /**
     * A new one.
     *
     * @param output where run directories lie, as {@link Location#of}
     */
    record NewIn(String output) implements Place {}

    /**
     * This one, which is made if it is not there.
     *
     * @param directory where its files will lie
     */
    record NewAt(Location directory) implements Place {}

    /**
     * That of a run that began in another process, which goes on from its newest checkpoint.
     *
     * @param directory where its files lie
     */
    record Existing(Location directory) implements Place {}
  }

  /**
   * What a training left.
   *
   * @param directory where its files lie
   * @param dataset what it learned from and was tested on; on a cluster, the outline of that
   */
  public record Outcome(Location directory, TrainingResult result, Dataset dataset) {}

  /**
   * Trains. The run directory holds the configuration from the start, checkpoints from the first
   * on, and everything else, the manifest last, at the end: one without {@code manifest.json} is of
   * a run that did not end.
   *
   * @param observer is told ten times a second, and once at the end, how far the training has come
   * @throws ConfigurationException if the run cannot begin
   * @throws RunEndedException if it has ended, in another process
   * @throws LeaseException if another process is at the run
   * @throws StoppedException if it fails, or the process is told to end, after a checkpoint
   * @throws RunAbortedException if it does so before any
   */
  public Outcome run(JavaSparkContext spark, Consumer<Progress> observer) {
    return run(spark, observer, new CompletableFuture<>());
  }

  /**
   * As the other, for a training that is part of something greater.
   *
   * @param lost once it is completed, the training ends with that
   */
  Outcome run(
      JavaSparkContext spark, Consumer<Progress> observer, CompletableFuture<LeaseException> lost) {
    Instant started = Instant.now();
    Prepared prepared = prepare(spark);
    RunFiles files = new RunFiles(directory(started));
    try (Lease lease = files.lease()) {
      files.requireUnended(lease);
      Outcome outcome = run(spark, observer, started, prepared, files, lease, lost);
      lease.delete();
      return outcome;
    } catch (IOException e) {
      throw new UncheckedIOException(e.getMessage(), e);
    }
  }

  private Outcome run(
      JavaSparkContext spark,
      Consumer<Progress> observer,
      Instant started,
      Prepared prepared,
      RunFiles files,
      Lease lease,
      CompletableFuture<LeaseException> lost)
      throws IOException {
    Checkpoints checkpoints = new Checkpoints(files.location(), configuration, prepared, lease);
    Optional<TrainingState> start = start(checkpoints);
    Configuration placed =
        configuration.placed(
            OptionalInt.of(prepared.workers()),
            configuration.workerLoss(),
            configuration.checkpoints());
    files.write(ExistingRun.CONFIGURATION, Section.write(placed.resolved()));
    LOG.info("{}", prepared);

    String group = "lockstep-" + UUID.randomUUID();
    WorkerSpans spans = new WorkerSpans(group, rank -> "worker " + rank, started);
    spark.sc().addSparkListener(spans);
    CompletableFuture<LeaseException> stop = lease.lost().applyToEither(lost, each -> each);
    TrainingResult result;
    List<Span> timeline;
    try {
      result = train(spark, group, prepared, checkpoints, start, observer, files.location(), stop);
      timeline = spans.await();
    } finally {
      spark.sc().removeSparkListener(spans);
    }
    warnOfDivergence(result);
    try {
      writeResults(spark, placed, prepared, files, lease, started, result, timeline);
    } catch (IOException | UncheckedIOException e) {
      throw unwritten(files.location(), e);
    }
    return new Outcome(files.location(), result, prepared.dataset());
  }

  /** It can be mended: a run goes on from its newest checkpoint, which is near its end. */
  private RuntimeException unwritten(Location run, Exception e) {
    RuntimeException failure =
        e instanceof UncheckedIOException unchecked
            ? unchecked
            : new UncheckedIOException(e.getMessage(), (IOException) e);
    return configuration.checkpoints().isEmpty()
        ? failure
        : new StoppedException(
            "training has come to its end, but not all of its results are written; when that is mended: lockstep train --resume "
                + run,
            failure);
  }

  private void writeResults(
      JavaSparkContext spark,
      Configuration placed,
      Prepared prepared,
      RunFiles files,
      Lease lease,
      Instant started,
      TrainingResult result,
      List<Span> timeline)
      throws IOException {
    lease.check();
    files.write("history.json", result.history().toJson());
    files.write("history.csv", result.history().toCsv());
    files.write("metrics.json", metrics(result));
    ModelArchive model = model(prepared, result);
    files.write(ModelFile.NAME, model::write);
    new TrainingReport(placed, prepared, spark.master(), started, result, timeline)
        .write(files, WorstExamples.of(spark, files.location(), configuration, prepared));
    Manifest manifest = new Manifest(configuration, prepared, spark.master(), started, result);
    lease.check();
    files.write(Manifest.NAME, manifest.toJson(Instant.now(), files.written()));
  }

  private Optional<TrainingState> start(Checkpoints checkpoints) {
    if (!(place instanceof Place.Existing existing)) {
      return Optional.empty();
    }
    Optional<TrainingState> start = checkpoints.newest();
    if (start.isEmpty()) {
      LOG.warn("{} has no checkpoint yet and begins anew", existing.directory());
    }
    return start;
  }

  private TrainingResult train(
      JavaSparkContext spark,
      String group,
      Prepared prepared,
      Checkpoints checkpoints,
      Optional<TrainingState> start,
      Consumer<Progress> observer,
      Location run,
      CompletableFuture<LeaseException> stop) {
    Gang gang =
        start
            .map(state -> Gang.startingFrom(state, prepared.training(), prepared.workers()))
            .orElseGet(() -> Gang.of(prepared.training(), prepared.workers()));
    CompletableFuture<Void> unused = stop.thenAccept(gang::abort);
    Optional<CheckpointedGang> checkpointed =
        configuration
            .checkpoints()
            .map(
                schedule ->
                    new CheckpointedGang(
                        gang, checkpoints, schedule, start.map(TrainingState::position), run));
    Supplier<TrainingResult> work =
        () -> checkpointed.map(kept -> kept.run(spark)).orElseGet(() -> gang.run(spark));
    try {
      return new WatchedGang(spark, gang, work, description(prepared), group).run(observer);
    } catch (RunAbortedException e) {
      throw e.getCause() instanceof LeaseException lost ? lost : e;
    }
  }

  /** All that a training needs, checked. */
  record Prepared(Training training, SelectedEngine engine, int workers) {
    Network network() {
      return training.network();
    }

    Dataset dataset() {
      return training.data().dataset();
    }

    @Override
    public String toString() {
      return "%s (%,d parameters, engine %s) on %s (%,d training, %,d validation, %,d test examples), workers: %d"
          .formatted(
              network().name(),
              network().layout().length(),
              engine.name(),
              dataset().name(),
              training.data().split().training().length,
              training.data().split().validation().length,
              dataset().test().size(),
              workers);
    }
  }

  private Prepared prepare(JavaSparkContext spark) {
    Preflight.requireNativeLibraries();
    Training training =
        warm(spark.isLocal() ? Training.of(configuration) : Training.outlined(configuration));
    Network network = training.network();
    int examples = training.data().split().training().length;
    int workers;
    if (spark.isLocal()) {
      int slots = Slots.of(spark);
      workers = configuration.workers().orElse(Math.min(slots, configuration.plan().mostWorkers()));
      Preflight.check(configuration.plan(), network, examples, workers, slots);
      sayThatThereIsNoWire();
    } else {
      workers = workersOnCluster(spark.getConf());
      Preflight.checkDriver(configuration.plan(), network, examples, workers);
    }
    warnOfBatchStatistics(network, workers);
    SelectedEngine engine = SelectedEngine.of(configuration.engine(), network);
    return new Prepared(training, engine, workers);
  }

  private Training warm(Training cold) {
    if (initial.isEmpty()) {
      return cold;
    }
    Network network = cold.network();
    Network other =
        initial.get().open(network.input(), OptionalInt.of(network.classes())).network();
    if (!network.dl4j().toJson().equals(other.dl4j().toJson())) {
      throw new ConfigurationException(
          "%s: training cannot start from the parameters of %s, which is another network (%s, %,d parameters, not %s, %,d); start from scratch, or use that network"
              .formatted(
                  configuration.name(),
                  initial.get().name(),
                  other.name(),
                  other.layout().length(),
                  network.name(),
                  network.layout().length()));
    }
    return cold.startingFrom(
        initial.get().open(network.input(), OptionalInt.of(network.classes())).parameters());
  }

  /** A configuration may well be tried in one JVM before it goes to a cluster. */
  private void sayThatThereIsNoWire() {
    WireFormat wire = configuration.plan().averaging().wire();
    if (wire != WireFormat.FLOAT32) {
      LOG.warn(
          "training.averaging.wire is {}, but workers in one JVM send nothing over a wire: gradients"
              + " stay float32 here",
          wire.word());
    }
  }

  /** What another number of workers would change, over and above a last bit. */
  private void warnOfBatchStatistics(Network network, int workers) {
    TrainingPlan plan = configuration.plan();
    boolean perWorker =
        plan.averaging() instanceof Gradients && plan.microBatches().isEmpty() && workers > 1;
    if (perWorker && network.layout().segments().stream().anyMatch(Segment::statistic)) {
      LOG.warn(
          "network {} has batch normalisation, whose mean and variance are here those of a worker's part"
              + " of the batch: another number of workers than {} is another training;"
              + " training.microBatches: {} makes it the same for every number",
          network.name(),
          workers,
          workers);
    }
  }

  /** A training that has diverged ends as any other, but whoever started it is told. */
  private static void warnOfDivergence(TrainingResult result) {
    result.history().epochs().stream()
        .filter(epoch -> !Double.isFinite(epoch.trainingLoss()))
        .findFirst()
        .ifPresent(
            epoch ->
                LOG.warn(
                    "the training loss is {} since epoch {}: the training has diverged; try a smaller"
                        + " learningRate, or clipValue",
                    epoch.trainingLoss(),
                    epoch.epoch()));
  }

  /**
   * How many workers train on a cluster.
   *
   * @param settings Spark's, with its master
   * @throws ConfigurationException if neither they nor the configuration say it, or it is more than
   *     they have room for
   */
  public int workersOnCluster(SparkConf settings) {
    return Slots.workers(
        settings,
        configuration.name() + ": training.workers",
        configuration.workers(),
        configuration.plan().mostWorkers());
  }

  private RunDirectory directory(Instant started) {
    if (place instanceof Place.Existing existing) {
      return RunDirectory.existing(existing.directory());
    }
    if (place instanceof Place.NewAt newAt) {
      return RunDirectory.at(newAt.directory());
    }
    return RunDirectory.create(
        ((Place.NewIn) place).output(),
        configuration.name(),
        LocalDateTime.ofInstant(started, ZoneId.systemDefault()));
  }

  private String description(Prepared prepared) {
    return "train %s with %d workers".formatted(configuration.name(), prepared.workers());
  }

  private static ObjectNode metrics(TrainingResult result) {
    Map<String, Metrics> parts = new LinkedHashMap<>();
    result.test().ifPresent(test -> parts.put("test", test));
    result.validation().ifPresent(validation -> parts.put("validation", validation));
    return Evaluation.toJson(parts);
  }

  private ModelArchive model(Prepared prepared, TrainingResult result) {
    return archive(
        configuration,
        prepared.network(),
        prepared.engine(),
        prepared.workers(),
        result,
        DatasetSource.of(configuration).written());
  }

  /**
   * The model that a training gave. Holds nothing that differs between two equal trainings, such as
   * the time.
   *
   * @param dataset what the model was trained on, as {@link DatasetSource#of} takes it; empty if
   *     that cannot be said
   */
  public static ModelArchive archive(
      Configuration configuration,
      Network network,
      SelectedEngine engine,
      int workers,
      TrainingResult result,
      String dataset) {
    ObjectNode created =
        JsonNodeFactory.instance
            .objectNode()
            .put("lockstep", Versions.current().lockstep())
            .put("seed", configuration.seed())
            .put("epoch", result.epoch())
            .put("shards", configuration.plan().shards())
            .put("workers", workers)
            .put("engine", engine.name())
            .put("dataset", dataset);
    return new ModelArchive(
        network.dl4j().toJson(),
        result.parameters(),
        Optional.of(
            new ModelDescription(
                configuration.network().tree(), network.input(), network.classes(), created)));
  }
}
