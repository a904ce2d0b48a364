package dev.lockstep.spark.job;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lockstep.config.Configuration;
import dev.lockstep.coordinator.Progress;
import dev.lockstep.coordinator.TrainingPlan;
import dev.lockstep.coordinator.TrainingResult;
import dev.lockstep.data.Dataset;
import dev.lockstep.data.Examples;
import dev.lockstep.metrics.EpochRecord;
import dev.lockstep.metrics.Ranking;
import dev.lockstep.spark.gang.Gang;
import dev.lockstep.spark.gang.Preflight;
import dev.lockstep.spark.gang.SelectedEngine;
import dev.lockstep.spark.gang.Training;
import dev.lockstep.spark.job.CrossValidation.Candidate;
import dev.lockstep.spark.job.TrainingJob.Place;
import dev.lockstep.spark.source.DatasetSource;
import dev.lockstep.spark.storage.Location;
import dev.lockstep.spark.storage.RunDirectory;
import dev.lockstep.split.Fold;
import dev.lockstep.yaml.ConfigurationException;
import dev.lockstep.yaml.Section;
import java.io.IOException;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.apache.spark.api.java.JavaSparkContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Trains every candidate on every split, as Spark jobs beside one another, and leaves the results
 * in a run directory.
 *
 * @param output where run directories lie, as {@link Location#of}
 */
public record CrossValidationJob(CrossValidation plan, String output) {
  /** The file in a run directory that says what is validated. */
  public static final String PLAN = "cross-validation.yaml";

  private static final Logger LOG = LoggerFactory.getLogger(CrossValidationJob.class);
  private static final String POOL = "spark.scheduler.pool";

  /**
   * What a cross-validation left.
   *
   * @param directory where its files lie
   * @param candidates those of which a fold is finished, in their order
   * @param ranking if there are several candidates and all folds of each are finished
   * @param failures folds that failed for good
   * @param finalModel where the model that was trained on all examples lies, if one was
   */
  public record Outcome(
      Location directory,
      List<CandidateResult> candidates,
      Optional<Ranking> ranking,
      List<Failure> failures,
      Optional<Location> finalModel) {}

  /**
   * A fold that failed for good.
   *
   * @param name of the fold
   * @param reason in one line
   */
  public record Failure(String name, String reason) {}

  /**
   * Validates, in a new run directory.
   *
   * @param onlyFold the one split to run, from 1; all if empty
   * @param observer is told of each fold that is finished
   * @throws ConfigurationException if the run cannot begin
   * @throws java.util.concurrent.CancellationException if the process is told to end
   */
  public Outcome run(JavaSparkContext spark, OptionalInt onlyFold, Consumer<FoldResult> observer) {
    requireSplit(onlyFold);
    Running running = prepare(spark, OptionalInt.empty());
    RunDirectory directory =
        RunDirectory.create(
            output,
            plan.name() + "-cv",
            LocalDateTime.ofInstant(running.started(), ZoneId.systemDefault()));
    RunFiles files = new RunFiles(directory);
    ObjectNode tree = plan.tree();
    tree.put("workers", running.workers());
    tree.put("fingerprint", running.dataset().training().fingerprint());
    files.write(PLAN, Section.write(tree));
    return running.run(files, onlyFold, observer);
  }

  private void requireSplit(OptionalInt onlyFold) {
    if (onlyFold.isPresent()
        && (onlyFold.getAsInt() < 1 || onlyFold.getAsInt() > plan.splits().size())) {
      throw new ConfigurationException(
          "--only-fold is %d but must be from 1 to %d (folds are numbered on through the repeats)"
              .formatted(onlyFold.getAsInt(), plan.splits().size()));
    }
  }

  private Running prepare(JavaSparkContext spark, OptionalInt recordedWorkers) {
    Preflight.requireNativeLibraries();
    Configuration first = plan.candidates().get(0).configuration();
    Dataset dataset = untested(DatasetSource.of(first).load());
    warnOfSmallClasses(dataset.training());
    int workers = recordedWorkers.orElseGet(() -> workers(spark, first));
    int slots = Slots.of(spark);
    for (Candidate candidate : plan.candidates()) {
      Configuration configuration = candidate.configuration();
      Training training = Training.of(configuration, dataset);
      int examples = training.data().split().training().length;
      requireValidation(training);
      SelectedEngine.of(configuration.engine(), training.network());
      if (spark.isLocal()) {
        int beside = Math.max(1, Math.min(slots / workers, plan.splits().size()));
        Preflight.check(configuration.plan(), training.network(), examples, workers, slots, beside);
      } else {
        Preflight.checkDriver(configuration.plan(), training.network(), examples, workers);
      }
    }
    return new Running(plan, spark, dataset, workers, Instant.now());
  }

  /** Test examples are looked at once, at the end, and not to choose a model. */
  private static Dataset untested(Dataset dataset) {
    return new Dataset(dataset.name(), dataset.training(), dataset.test().select(new int[0]));
  }

  private static void requireValidation(Training training) {
    if (training.data().split().validation().length == 0) {
      throw new ConfigurationException(
          "nothing is held out for validation; add validation: {fraction: 0.1} to the configuration, or leave --hold-out out");
    }
  }

  /** One a fold while folds outnumber slots; their numbers depend on it, and so it never varies. */
  private int workers(JavaSparkContext spark, Configuration configuration) {
    if (configuration.workers().isPresent() || !spark.isLocal()) {
      return configuration.workers().orElse(1);
    }
    int folds = plan.splits().size() * plan.candidates().size();
    TrainingPlan training = configuration.plan();
    int most = Math.min(training.shards(), training.microBatches().orElse(training.shards()));
    return Math.max(1, Math.min(Slots.of(spark) / folds, most));
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

  /**
   * Goes on with a run that began in another process: finished folds are not repeated.
   *
   * @param directory where its files lie
   * @throws ConfigurationException if there is no such run, or its data have changed
   */
  public static Outcome resume(
      JavaSparkContext spark,
      Location directory,
      OptionalInt onlyFold,
      Consumer<FoldResult> observer) {
    Section section = section(directory);
    int workers = section.whole("workers", 1);
    String fingerprint = section.text("fingerprint");
    CrossValidation plan = CrossValidation.read(section);
    section.done();
    CrossValidationJob job = new CrossValidationJob(plan, "");
    job.requireSplit(onlyFold);
    Running running = job.prepare(spark, OptionalInt.of(workers));
    String now = running.dataset().training().fingerprint();
    if (!now.equals(fingerprint)) {
      throw new ConfigurationException(
          "%s began with training examples of fingerprint %s but %s now has %s; validate anew without --resume"
              .formatted(directory, fingerprint, running.dataset().name(), now));
    }
    return running.run(new RunFiles(RunDirectory.existing(directory)), onlyFold, observer);
  }

  /**
   * What the run in {@code directory} validates.
   *
   * @throws ConfigurationException if there is no such run
   */
  public static CrossValidation planOf(Location directory) {
    return CrossValidation.read(section(directory));
  }

  private static Section section(Location directory) {
    Location file = directory.child(PLAN);
    try (var in = file.open().orElse(null)) {
      if (in == null) {
        throw new ConfigurationException(
            "%s: there is no such run; --resume must name the directory of a cross-validation, which holds %s"
                .formatted(directory, PLAN));
      }
      String text = new String(in.readNBytes(64 << 20), java.nio.charset.StandardCharsets.UTF_8);
      return Section.parse(file.toString(), text);
    } catch (IOException e) {
      throw new ConfigurationException(
          "%s: cannot be read: %s".formatted(file, Location.reason(e)), e);
    }
  }

  /** All that the folds need, checked. */
  private record Running(
      CrossValidation plan, JavaSparkContext spark, Dataset dataset, int workers, Instant started) {

    private record Key(int candidate, int split) {}

    Outcome run(RunFiles files, OptionalInt onlyFold, Consumer<FoldResult> observer) {
      FoldFiles foldFiles = FoldFiles.of(files.location());
      Map<Key, FoldResult> finished = new HashMap<>();
      List<FoldQueue.Task<FoldResult>> tasks = new ArrayList<>();
      for (Candidate candidate : plan.candidates()) {
        for (int split = 1; split <= plan.splits().size(); split++) {
          Key key = new Key(candidate.number(), split);
          Optional<FoldResult> before = foldFiles.read(candidate.number(), split);
          before.ifPresent(result -> finished.put(key, result));
          if (before.isEmpty() && onlyFold.orElse(split) == split) {
            tasks.add(task(candidate, split, foldFiles));
          }
        }
      }
      LOG.info(
          "{} folds to train, {} finished before; workers a fold: {}",
          tasks.size(),
          finished.size(),
          workers);
      List<Failure> failures =
          new FoldQueue(() -> Slots.of(spark), workers)
                  .run(
                      tasks,
                      result -> {
                        finished.put(new Key(result.candidate(), result.split()), result);
                        observer.accept(result);
                      })
                  .stream()
                  .map(failed -> new Failure(failed.name(), FoldQueue.reason(failed.cause())))
                  .toList();
      return end(files, foldFiles, results(finished), failures);
    }

    private List<CandidateResult> results(Map<Key, FoldResult> finished) {
      return plan.candidates().stream()
          .map(
              candidate ->
                  new CandidateResult(
                      candidate,
                      finished.values().stream()
                          .filter(fold -> fold.candidate() == candidate.number())
                          .sorted(Comparator.comparingInt(FoldResult::split))
                          .toList()))
          .filter(result -> !result.folds().isEmpty())
          .toList();
    }

    private Outcome end(
        RunFiles files,
        FoldFiles foldFiles,
        List<CandidateResult> results,
        List<Failure> failures) {
      Optional<Ranking> ranking = ranking(results);
      Optional<Location> finalModel = Optional.empty();
      if (!results.isEmpty()) {
        CandidateResult chosen = chosen(results, ranking);
        boolean complete = chosen.folds().size() == plan.splits().size();
        write(files, foldFiles, chosen, results, ranking, failures);
        if (plan.finalModel() && complete && (ranking.isPresent() || results.size() == 1)) {
          finalModel = Optional.of(trainFinalModel(files.location(), chosen));
        }
      }
      boolean whole =
          results.size() == plan.candidates().size()
              && results.stream().allMatch(each -> each.folds().size() == plan.splits().size());
      if (whole) {
        files.write(Manifest.NAME, manifest(files.written()));
      }
      return new Outcome(files.location(), results, ranking, failures, finalModel);
    }

    /** Only candidates with the same splits can be compared. */
    private Optional<Ranking> ranking(List<CandidateResult> results) {
      boolean comparable =
          results.size() > 1
              && results.stream()
                      .map(each -> each.folds().stream().map(FoldResult::split).toList())
                      .distinct()
                      .count()
                  == 1;
      return comparable
          ? Optional.of(
              Ranking.of(
                  plan.metric(),
                  results.stream()
                      .map(
                          each ->
                              new Ranking.Entry(
                                  each.candidate().number(),
                                  each.validation(plan.metric()),
                                  each.folds().get(0).parameters()))
                      .toList(),
                  results.get(0).validationToTraining()))
          : Optional.empty();
    }

    private static CandidateResult chosen(
        List<CandidateResult> results, Optional<Ranking> ranking) {
      return results.stream()
          .filter(each -> ranking.isEmpty() || each.candidate().number() == ranking.get().chosen())
          .findFirst()
          .orElseThrow();
    }

    private void write(
        RunFiles files,
        FoldFiles foldFiles,
        CandidateResult chosen,
        List<CandidateResult> results,
        Optional<Ranking> ranking,
        List<Failure> failures) {
      files.write(
          ExistingRun.CONFIGURATION, Section.write(chosen.candidate().configuration().resolved()));
      ObjectNode json = chosen.toJson();
      json.put("name", plan.name());
      json.put("seed", chosen.candidate().configuration().seed());
      json.put("splits", plan.splits().size());
      json.put("workers", workers);
      ArrayNode failed = json.putArray("failed");
      failures.forEach(
          each -> failed.addObject().put("fold", each.name()).put("reason", each.reason()));
      files.write("cross-validation.json", json);
      files.write("predictions.csv", foldFiles.predictions(chosen.folds()));
      if (plan.candidates().size() > 1) {
        files.write("grid.json", grid(results, ranking));
      }
    }

    private ObjectNode grid(List<CandidateResult> results, Optional<Ranking> ranking) {
      ObjectNode json = JsonNodeFactory.instance.objectNode();
      json.put("metric", plan.metric().word());
      ranking.ifPresent(
          ranked -> {
            json.put("chosen", ranked.chosen());
            ArrayNode places = json.putArray("ranking");
            for (Ranking.Place place : ranked.places()) {
              ObjectNode each = places.addObject().put("candidate", place.candidate());
              each.setAll(place.estimate().toJson());
              each.put("parameters", place.parameters());
              each.put("withinOneStandardError", place.withinOneStandardError());
              each.put("p", place.againstBest().p());
            }
          });
      ArrayNode candidates = json.putArray("candidates");
      results.forEach(each -> candidates.add(each.toJson()));
      return json;
    }

    /** Trains it, or what a run that was stopped has left of it. */
    private Location trainFinalModel(Location directory, CandidateResult chosen) {
      Configuration configuration = plan.finalConfiguration(chosen.candidate(), chosen.epochs());
      Location place = directory.child("final");
      ExistingRun begun = new ExistingRun(place, configuration);
      if (begun.hasEnded()) {
        return place;
      }
      LOG.info(
          "training the final model on all {} examples for {} epochs",
          dataset.training().size(),
          chosen.epochs());
      return new TrainingJob(
              configuration, begun.hasBegun() ? new Place.Existing(place) : new Place.NewAt(place))
          .run(spark, progress -> {})
          .directory();
    }

    private ObjectNode manifest(ArrayNode files) {
      ObjectNode json = JsonNodeFactory.instance.objectNode();
      json.put("format", Manifest.FORMAT);
      json.put("name", plan.name());
      json.put("started", started.toString());
      json.put("finished", Instant.now().toString());
      json.set("versions", Manifest.versions());
      json.put("master", spark.master());
      json.put("workers", workers);
      json.put("seed", plan.candidates().get(0).configuration().seed());
      json.set("dataset", Manifest.dataset(dataset));
      json.set("files", files);
      return json;
    }

    private FoldQueue.Task<FoldResult> task(Candidate candidate, int split, FoldFiles files) {
      String name =
          "%sfold %d/%d"
              .formatted(
                  plan.candidates().size() > 1 ? "candidate " + candidate.number() + ", " : "",
                  split,
                  plan.splits().size());
      return new FoldQueue.Task<>(name, () -> fold(candidate, split, name, files));
    }

    /** Runs on a thread of its own, whose jobs then have a pool and a group of their own. */
    private FoldResult fold(Candidate candidate, int split, String name, FoldFiles files)
        throws IOException {
      Instant begun = Instant.now();
      Configuration configuration = plan.configuration(candidate, split);
      Training training = Training.of(configuration, dataset);
      String described = "%s of %s".formatted(name, plan.name());
      spark.setLocalProperty(POOL, name);
      Gang gang = Gang.of(training, workers);
      long before = System.nanoTime();
      TrainingResult result =
          new WatchedGang(
                  spark,
                  gang,
                  () -> gang.run(spark),
                  "%s: train with %d workers".formatted(described, workers))
              .run(new EpochLog(name));
      double seconds = seconds(before);
      spark.setJobGroup(described, described + ": score", true);
      FoldScoring.Scores scores =
          FoldScoring.of(configuration, dataset.classes(), workers).run(spark, result.parameters());
      FoldResult fold =
          new FoldResult(
              candidate.number(),
              split,
              plan.repeat(split),
              begun,
              seconds,
              scores.validationSeconds(),
              result.epoch(),
              training.network().layout().length(),
              scores.training(),
              scores.validation(),
              result.history().toJson());
      files.write(fold, scores.predictions());
      return fold;
    }

    private static double seconds(long before) {
      return (double) (System.nanoTime() - before) / TimeUnit.SECONDS.toNanos(1);
    }
  }

  /** Says of each epoch how it went. */
  private static final class EpochLog implements Consumer<Progress> {
    private final String name;
    private int said;

    EpochLog(String name) {
      this.name = name;
    }

    @Override
    public void accept(Progress progress) {
      while (said < progress.finished().size()) {
        EpochRecord epoch = progress.finished().get(said++);
        LOG.info(
            "{}: epoch {}/{}, loss {}, validation accuracy {}",
            name,
            epoch.epoch(),
            progress.epochs(),
            "%.4f".formatted(epoch.trainingLoss()),
            "%.4f".formatted(epoch.validation().accuracy()));
      }
    }
  }
}
