package dev.lockstep.spark.job;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lockstep.config.Configuration;
import dev.lockstep.coordinator.Progress;
import dev.lockstep.coordinator.TrainingPlan;
import dev.lockstep.data.Dataset;
import dev.lockstep.data.Examples;
import dev.lockstep.metrics.Ranking;
import dev.lockstep.spark.gang.Preflight;
import dev.lockstep.spark.gang.SelectedEngine;
import dev.lockstep.spark.gang.Slots;
import dev.lockstep.spark.gang.Training;
import dev.lockstep.spark.job.CrossValidation.Candidate;
import dev.lockstep.spark.job.TrainingJob.Place;
import dev.lockstep.spark.registry.Lease;
import dev.lockstep.spark.registry.LeaseException;
import dev.lockstep.spark.source.DatasetSource;
import dev.lockstep.spark.storage.Location;
import dev.lockstep.spark.storage.RunDirectory;
import dev.lockstep.split.Fold;
import dev.lockstep.yaml.ConfigurationException;
import dev.lockstep.yaml.Section;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CancellationException;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Trains every candidate on every split, as Spark jobs beside one another, and leaves the results
 * in a run directory.
 *
 * @param onlyFold the one split to run, from 1; all if empty
 * @param mostAtOnce so many folds run beside one another at most, at least 1
 */
public record CrossValidationJob(CrossValidation plan, OptionalInt onlyFold, int mostAtOnce) {
  /** The file in a run directory that says what is validated. */
  public static final String PLAN = "cross-validation.yaml";

  private static final Logger LOG = LoggerFactory.getLogger(CrossValidationJob.class);

  /**
   * What a cross-validation left.
   *
   * @param directory where its files lie
   * @param candidates those of which a fold is finished, in their order
   * @param ranking of the candidates that have finished the same folds, if there are two or more
   * @param unranked the candidates that have no place in it
   * @param failures folds that failed for good
   * @param complete whether every fold of every candidate is finished, without which there is no
   *     final model
   */
  public record Outcome(
      Location directory,
      List<CandidateResult> candidates,
      Optional<Ranking> ranking,
      List<Unranked> unranked,
      List<FoldFailure> failures,
      boolean complete) {}

  /**
   * Who is told how far it has come, on the thread that runs it.
   *
   * @param fold of each fold that is finished
   * @param outcome of what the folds gave, when their files are written and before a final model is
   *     trained
   * @param training ten times a second of how far the final model's training has come, if there is
   *     one
   * @param finalModel where the run on all examples lies, if there is one, when it has ended
   */
  public record Observer(
      Consumer<FoldResult> fold,
      Consumer<Outcome> outcome,
      Consumer<Progress> training,
      Consumer<Location> finalModel) {}

  /**
   * @throws ConfigurationException if there is no such fold
   */
  public CrossValidationJob {
    int splits = plan.splits().size();
    if (onlyFold.isPresent() && (onlyFold.getAsInt() < 1 || onlyFold.getAsInt() > splits)) {
      throw new ConfigurationException(
          "--only-fold is %d but must be from 1 to %d (numbers go on through the repeats)"
              .formatted(onlyFold.getAsInt(), splits));
    }
  }

  /**
   * Validates, in a new run directory.
   *
   * @param output where run directories lie, as {@link Location#of}
   * @throws ConfigurationException if the run cannot begin
   * @throws LeaseException if another process takes the run over
   * @throws StoppedException if the process is told to end, or the final model fails
   */
  public Outcome run(JavaSparkContext spark, String output, Observer observer) {
    Instant started = Instant.now();
    Dataset dataset = dataset(spark);
    int workers =
        plan.candidates().get(0).configuration().workers().orElseGet(() -> workers(spark));
    check(spark, dataset, workers);
    RunDirectory directory =
        RunDirectory.create(
            output, plan.name() + "-cv", LocalDateTime.ofInstant(started, ZoneId.systemDefault()));
    RunFiles files = new RunFiles(directory);
    ObjectNode tree = plan.tree();
    tree.put("workers", workers);
    tree.put("fingerprint", dataset.training().fingerprint());
    try (Lease lease = files.lease()) {
      files.write(PLAN, Section.write(tree));
      return run(spark, dataset, workers, files, observer, lease);
    }
  }

  /**
   * Goes on with the run that began in another process: finished folds are not repeated.
   *
   * @param directory where its files lie, {@link #planOf} among them
   * @throws ConfigurationException if its data have changed, or it cannot begin
   * @throws RunEndedException if another process has ended it meanwhile
   * @throws LeaseException if another process is at the run
   * @throws StoppedException if the process is told to end, or the final model fails
   */
  public Outcome resume(JavaSparkContext spark, Location directory, Observer observer) {
    Section recorded = section(directory);
    int workers = recorded.whole("workers", 1);
    String fingerprint = recorded.text("fingerprint");
    Dataset dataset = dataset(spark);
    String now = dataset.training().fingerprint();
    if (!now.equals(fingerprint)) {
      throw new ConfigurationException(
          "%s began with training examples of fingerprint %s but %s now has %s; validate anew without --resume"
              .formatted(directory, fingerprint, dataset.name(), now));
    }
    check(spark, dataset, workers);
    RunFiles files = new RunFiles(RunDirectory.existing(directory));
    try (Lease lease = files.lease()) {
      files.requireUnended(lease);
      return run(spark, dataset, workers, files, observer, lease);
    }
  }

  /**
   * What the run in {@code directory} validates.
   *
   * @throws ConfigurationException if there is no such run
   */
  public static CrossValidation planOf(Location directory) {
    Section section = section(directory);
    section.whole("workers", 1);
    section.text("fingerprint");
    CrossValidation plan = CrossValidation.read(section);
    section.done();
    return plan;
  }

  /** Whether the run in {@code directory} is a cross-validation. */
  public static boolean isAt(Location directory) {
    return ExistingRun.has(directory, PLAN);
  }

  private static Section section(Location directory) {
    Location file = directory.child(PLAN);
    try (InputStream in = file.open().orElse(null)) {
      if (in == null) {
        throw new ConfigurationException(
            "%s: there is no such run; --resume must name the directory of a cross-validation, which holds %s%s"
                .formatted(
                    directory,
                    PLAN,
                    ExistingRun.has(directory, ExistingRun.CONFIGURATION)
                        ? "; that of a training goes on with: lockstep train --resume " + directory
                        : ""));
      }
      return Section.parse(file.toString(), RunFiles.text(file, in));
    } catch (IOException e) {
      throw new ConfigurationException(
          "%s: cannot be read: %s".formatted(file, Location.reason(e)), e);
    }
  }

  /** One copy for all folds. */
  private Dataset dataset(JavaSparkContext spark) {
    DatasetSource source = DatasetSource.of(plan.candidates().get(0).configuration());
    return spark.isLocal() ? source.load() : source.outline();
  }

  /**
   * One a fold while folds outnumber slots. What a fold gives depends on it, so that it is the same
   * for a fold alone.
   */
  private int workers(JavaSparkContext spark) {
    if (!spark.isLocal()) {
      return 1;
    }
    TrainingPlan training = plan.candidates().get(0).configuration().plan();
    int folds = plan.splits().size() * plan.candidates().size();
    return Math.max(1, Math.min(Slots.of(spark) / folds, training.mostWorkers()));
  }

  /**
   * Makes sure that a cluster has room for the workers of a fold.
   *
   * @param settings Spark's, with its master
   * @throws ConfigurationException if they have room for fewer
   */
  public void requireRoom(SparkConf settings) {
    Configuration first = plan.candidates().get(0).configuration();
    if (first.workers().isPresent()) {
      Slots.workers(
          settings,
          first.name() + ": training.workers",
          first.workers(),
          first.plan().mostWorkers());
    }
  }

  /** On a cluster for the folds that have room now; executors that come later are not counted. */
  private void check(JavaSparkContext spark, Dataset dataset, int workers) {
    Preflight.requireNativeLibraries();
    int slots = Slots.of(spark);
    int folds = onlyFold.isPresent() ? 1 : plan.splits().size() * plan.candidates().size();
    int atOnce = Math.max(1, Math.min(Math.min(slots / workers, mostAtOnce), folds));
    for (Candidate candidate : plan.candidates()) {
      Configuration configuration = candidate.configuration();
      Training training = Training.of(configuration, dataset.untested());
      requireValidation(training);
      SelectedEngine.of(configuration.engine(), training.network());
      int examples = training.data().split().training().length;
      if (spark.isLocal()) {
        Preflight.check(configuration.plan(), training.network(), examples, workers, slots, atOnce);
      } else {
        Preflight.checkDriver(configuration.plan(), training.network(), examples, workers, atOnce);
      }
    }
    warnOfSmallClasses(dataset.training());
  }

  private static void requireValidation(Training training) {
    if (training.data().split().validation().length == 0) {
      throw new ConfigurationException(
          "nothing is held out for validation; add validation: {fraction: 0.1} to the configuration, or leave --hold-out out");
    }
  }

  /** As scikit-learn does. */
  private void warnOfSmallClasses(Examples examples) {
    if (!(plan.splits().get(0) instanceof Fold fold) || fold.select() != Fold.Select.STRATIFIED) {
      return;
    }
    int[] counts = new int[examples.classes()];
    IntStream.range(0, examples.size()).forEach(i -> counts[examples.label(i)]++);
    for (int c = 0; c < counts.length; c++) {
      if (counts[c] > 0 && counts[c] < fold.folds()) {
        LOG.warn(
            "class {} has {} training examples, fewer than the {} folds: some folds validate on none of it",
            c,
            counts[c],
            fold.folds());
      }
    }
  }

  private Outcome run(
      JavaSparkContext spark,
      Dataset dataset,
      int workers,
      RunFiles files,
      Observer observer,
      Lease lease) {
    Instant started = Instant.now();
    FoldFiles folds = FoldFiles.of(files.location());
    FoldRunner runner = new FoldRunner(spark, plan, dataset, workers, folds);
    List<FoldResult> finished = new ArrayList<>();
    List<FoldQueue.Task<FoldResult>> tasks = new ArrayList<>();
    for (Candidate candidate : plan.candidates()) {
      for (int split = 1; split <= plan.splits().size(); split++) {
        Optional<FoldResult> before = folds.read(candidate.number(), split);
        before.ifPresent(finished::add);
        if (before.isEmpty() && onlyFold.orElse(split) == split) {
          tasks.add(runner.task(candidate, split));
        }
      }
    }
    LOG.info(
        "folds to train: {}, finished before: {}, workers of each: {}",
        tasks.size(),
        finished.size(),
        workers);
    List<FoldFailure> failures;
    try {
      failures =
          new FoldQueue(() -> Slots.of(spark), workers, mostAtOnce)
              .run(tasks, observer.fold().andThen(finished::add), lease.lost());
    } catch (CancellationException e) {
      throw new StoppedException(
          "%d of %d folds are finished and kept; to go on from there: lockstep cross-validate --resume %s"
              .formatted(
                  finished.size(),
                  plan.candidates().size() * plan.splits().size(),
                  files.location()),
          e);
    }
    check(lease);
    Optional<CrossValidationResults> results =
        CrossValidationResults.of(plan, workers, finished, failures);
    Outcome outcome = outcome(files.location(), results, failures);
    if (results.isPresent()) {
      results.get().write(files, folds);
      new CrossValidationReport(results.get(), folds, dataset, spark.master(), started)
          .write(files);
    }
    observer.outcome().accept(outcome);
    if (outcome.complete()) {
      if (plan.finalModel()) {
        CandidateResult chosen = results.get().chosen().orElseThrow();
        Location model =
            trainFinalModel(spark, files.location(), chosen, observer.training(), lease);
        observer.finalModel().accept(model);
      }
      check(lease);
      files.write(Manifest.NAME, manifest(spark, dataset, workers, started, files.written()));
      lease.delete();
    }
    return outcome;
  }

  private static void check(Lease lease) {
    try {
      lease.check();
    } catch (IOException e) {
      throw new UncheckedIOException(e.getMessage(), e);
    }
  }

  private static Outcome outcome(
      Location directory, Optional<CrossValidationResults> results, List<FoldFailure> failures) {
    return new Outcome(
        directory,
        results.map(CrossValidationResults::candidates).orElse(List.of()),
        results.flatMap(CrossValidationResults::ranking),
        results.map(CrossValidationResults::unranked).orElse(List.of()),
        failures,
        results.map(CrossValidationResults::complete).orElse(false));
  }

  /** Trains it if it is not there, or goes on with what a stopped run has left of it. */
  private Location trainFinalModel(
      JavaSparkContext spark,
      Location directory,
      CandidateResult chosen,
      Consumer<Progress> observer,
      Lease lease) {
    Configuration configuration =
        onCluster(spark, plan.finalConfiguration(chosen.candidate(), chosen.epochs()));
    Location place = directory.child("final");
    ExistingRun begun = new ExistingRun(place, configuration);
    if (begun.hasEnded()) {
      return place;
    }
    LOG.info("training the final model on all examples for {} epochs", chosen.epochs());
    try {
      new TrainingJob(
              configuration, begun.hasBegun() ? new Place.Existing(place) : new Place.NewAt(place))
          .run(spark, observer, lease.lost());
      return place;
    } catch (RunEndedException e) {
      return place;
    } catch (LeaseException e) {
      throw e;
    } catch (RuntimeException e) {
      throw new StoppedException(
          "every fold is finished; to go on with the final model: lockstep cross-validate --resume "
              + directory,
          e instanceof StoppedException stopped ? stopped.failure() : e);
    }
  }

  /** There, a training must be told how many workers it has. */
  private static Configuration onCluster(JavaSparkContext spark, Configuration configuration) {
    if (spark.isLocal() || configuration.workers().isPresent()) {
      return configuration;
    }
    int workers = Math.min(Slots.of(spark), configuration.plan().mostWorkers());
    return configuration.placed(
        OptionalInt.of(workers), configuration.workerLoss(), configuration.checkpoints());
  }

  private ObjectNode manifest(
      JavaSparkContext spark, Dataset dataset, int workers, Instant started, ArrayNode files) {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    json.put("format", Manifest.FORMAT);
    json.put("name", plan.name());
    json.put("started", started.toString());
    json.put("finished", Instant.now().toString());
    json.set("versions", Manifest.versions());
    json.put("master", spark.master());
    json.put("workers", workers);
    json.put("seed", plan.candidates().get(0).configuration().seed());
    json.set("dataset", Manifest.dataset(dataset.untested()));
    json.set("files", files);
    return json;
  }
}
