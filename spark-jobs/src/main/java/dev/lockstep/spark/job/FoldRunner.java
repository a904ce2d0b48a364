package dev.lockstep.spark.job;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lockstep.config.Configuration;
import dev.lockstep.coordinator.Progress;
import dev.lockstep.coordinator.TrainingResult;
import dev.lockstep.data.Dataset;
import dev.lockstep.metrics.EpochRecord;
import dev.lockstep.metrics.Metrics;
import dev.lockstep.report.Curves;
import dev.lockstep.report.EventFile;
import dev.lockstep.report.FirstLayer;
import dev.lockstep.report.ReportedRun;
import dev.lockstep.report.Span;
import dev.lockstep.spark.gang.Gang;
import dev.lockstep.spark.gang.Training;
import dev.lockstep.spark.job.CrossValidation.Candidate;
import dev.lockstep.yaml.Section;
import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.apache.spark.api.java.JavaSparkContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Trains a candidate on one split, scores it and writes what came of it. Safe for use by many
 * threads.
 *
 * @param dataset of all folds, just as it was loaded: while this is in use, the tasks of this JVM
 *     find it in the cache
 * @param workers of each fold
 * @param files where results go
 */
record FoldRunner(
    JavaSparkContext spark, CrossValidation plan, Dataset dataset, int workers, FoldFiles files) {
  private static final Logger LOG = LoggerFactory.getLogger(FoldRunner.class);
  private static final String POOL = "spark.scheduler.pool";
  private static final String VALIDATION = "validation";

  /** What {@link FoldQueue} runs. */
  FoldQueue.Task<FoldResult> task(Candidate candidate, int split) {
    String name = name(candidate, split);
    Begun begun = new Begun();
    return new FoldQueue.Task<>(name, () -> run(candidate, split, name, begun));
  }

  /** When a fold was begun for the first time, and its spans since; of one thread at a time. */
  private static final class Begun {
    private Instant at;
    private WorkerSpans spans;
  }

  private String name(Candidate candidate, int split) {
    String fold = "fold %d/%d".formatted(split, plan.splits().size());
    return plan.candidates().size() == 1
        ? fold
        : "candidate %d, %s".formatted(candidate.number(), fold);
  }

  /** The jobs of the calling thread get a pool and descriptions of their own. */
  private FoldResult run(Candidate candidate, int split, String name, Begun begun)
      throws IOException {
    String described = "%s of %s".formatted(name, plan.name());
    Configuration configuration = plan.configuration(candidate, split);
    Training training = Training.of(configuration, dataset.untested());
    spark.setLocalProperty(POOL, name);

    if (begun.at == null) {
      begun.at = Instant.now();
      begun.spans = new WorkerSpans(described, rank -> lane(name, rank), begun.at);
      spark.sc().addSparkListener(begun.spans);
    }
    long before = System.nanoTime();
    TrainingResult trained = train(training, name, described);
    double fitSeconds = (double) (System.nanoTime() - before) / TimeUnit.SECONDS.toNanos(1);
    List<Span> timeline = begun.spans.await();
    // Not when it failed: it may be run again, and an interrupted thread that removes a listener
    // leaves Spark unable to stop.
    spark.sc().removeSparkListener(begun.spans);

    spark.setJobGroup(described, described + ": score", true);
    FoldScoring.Scores scores =
        FoldScoring.of(configuration, dataset.classes(), workers).run(spark, trained.parameters());
    FoldResult result =
        new FoldResult(
            candidate.number(),
            split,
            plan.repeat(split),
            begun.at,
            fitSeconds,
            scores.validationSeconds(),
            trained.epoch(),
            training.network().layout().length(),
            scores.training(),
            scores.validation(),
            trained.history().toJson());
    Map<String, Metrics> metrics = Map.of(VALIDATION, scores.validation());
    ReportedRun reported =
        new ReportedRun(
            described,
            ReportFiles.classNames(dataset.classes()),
            List.of(new Curves(name, trained.history())),
            metrics,
            scores.worst(),
            FirstLayer.of(training.network(), trained.parameters()),
            timeline,
            Section.write(configuration.resolved()),
            Map.of());
    ObjectNode hyperparameters = configuration.resolved().put("network", training.network().name());
    EventFile events =
        new EventFile(begun.at, Instant.now(), hyperparameters, trained.history(), metrics);
    files.write(result, scores.predictions(), reported, events);
    return result;
  }

  /** The row of the timeline. */
  private String lane(String name, int rank) {
    return workers == 1 ? name : "%s, worker %d".formatted(name, rank);
  }

  private TrainingResult train(Training training, String name, String described) {
    Gang gang = Gang.of(training, workers);
    String description =
        "%s: train with %d worker%s".formatted(described, workers, workers == 1 ? "" : "s");
    return new WatchedGang(spark, gang, () -> gang.run(spark), description, described)
        .run(new EpochLog(name));
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
            "{}: epoch {}/{}, training loss {}, val_accuracy {}",
            name,
            epoch.epoch(),
            progress.epochs(),
            "%.4f".formatted(epoch.trainingLoss()),
            "%.4f".formatted(epoch.validation().accuracy()));
      }
    }
  }
}
