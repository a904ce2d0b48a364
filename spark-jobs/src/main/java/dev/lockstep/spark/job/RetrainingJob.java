package dev.lockstep.spark.job;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lockstep.config.Configuration;
import dev.lockstep.config.Retraining;
import dev.lockstep.coordinator.Progress;
import dev.lockstep.data.Dataset;
import dev.lockstep.metrics.Metrics;
import dev.lockstep.metrics.PromotionGate;
import dev.lockstep.metrics.PromotionGate.Verdict;
import dev.lockstep.spark.job.RetrainingResult.Decision;
import dev.lockstep.spark.job.TrainingJob.Place;
import dev.lockstep.spark.registry.Champion;
import dev.lockstep.spark.registry.Lease;
import dev.lockstep.spark.registry.ModelRegistry;
import dev.lockstep.spark.registry.Version;
import dev.lockstep.spark.source.DatasetSource;
import dev.lockstep.spark.source.PartitionedDataset;
import dev.lockstep.spark.storage.Digest;
import dev.lockstep.spark.storage.Location;
import dev.lockstep.yaml.ConfigurationException;
import java.io.IOException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.apache.spark.api.java.JavaSparkContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One scheduled retraining, which does the right thing whoever starts it, however often: it looks
 * for new data, trains a challenger, compares it with the champion, and promotes it if the gate
 * lets it. Whatever kills it leaves the registry readable, with the champion it had, and the next
 * retraining goes on.
 */
public final class RetrainingJob {
  private static final Logger LOG = LoggerFactory.getLogger(RetrainingJob.class);

  private final Configuration configuration;
  private final Retraining retraining;
  private final ModelRegistry registry;

  /**
   * The retraining of what {@code configuration} describes.
   *
   * @throws ConfigurationException if its data set has no partitions
   */
  public RetrainingJob(Configuration configuration, Retraining retraining) {
    this.configuration = configuration;
    this.retraining = retraining;
    this.registry = new ModelRegistry(Location.of(retraining.registry()));
    if (!(DatasetSource.of(configuration) instanceof PartitionedDataset)) {
      throw new ConfigurationException(
          "%s: dataset must be {partitions: <directory>, ...} for a retraining, which looks there for new days"
              .formatted(configuration.name()));
    }
  }

  /**
   * Retrains. Holds the registry's lease from the beginning to the end.
   *
   * @param spark starts Spark, which is not needed if nothing is to be trained
   * @param observer as of {@link TrainingJob#run}
   * @throws dev.lockstep.spark.registry.LeaseException if another process has the lease, or took it
   *     because this one was silent for too long
   * @throws IOException if the registry cannot be read or written to
   */
  public RetrainingResult run(Supplier<JavaSparkContext> spark, Consumer<Progress> observer)
      throws IOException {
    try (Lease lease = Lease.take(registry.location(), retraining.leaseTimeout())) {
      registry.deleteUnfinished();
      boolean finished = finishPromotion();
      RetrainingResult decided = decide(lease, spark, observer);
      RetrainingResult result =
          finished && decided.decision() == Decision.UNCHANGED ? finishedOnly(decided) : decided;
      LOG.info("{}", result);
      return result;
    }
  }

  /**
   * Promotes a version that the gate let pass, and whose process died before it was the champion.
   */
  private boolean finishPromotion() throws IOException {
    List<Integer> numbers = registry.numbers();
    if (numbers.isEmpty()) {
      return false;
    }
    int newest = numbers.get(numbers.size() - 1);
    Optional<Version> about = registry.about(newest);
    Optional<Champion> champion = registry.champion();
    if (about.isPresent()
        && about.get().promoted()
        && about.get().lineage().parent() == sequence(champion)
        && registry.promote(newest, champion, reason(about.get()))) {
      LOG.warn("promoted version {}, whose retraining died before it could do so", newest);
      return true;
    }
    return false;
  }

  private static RetrainingResult finishedOnly(RetrainingResult unchanged) {
    return new RetrainingResult(
        Decision.PROMOTED,
        "the retraining that made version %d died before it could promote it: %s"
            .formatted(
                unchanged.version(), unchanged.about().map(RetrainingJob::reason).orElse("")),
        unchanged.partitions(),
        unchanged.data(),
        unchanged.version(),
        unchanged.about(),
        unchanged.champion());
  }

  private static long sequence(Optional<Champion> champion) {
    return champion.map(Champion::sequence).orElse(0L);
  }

  private static String reason(Version version) {
    return String.join("; ", version.reasons());
  }

  /** The data as they are now, whatever comes while they are worked on. */
  private record Snapshot(
      PartitionedDataset source, List<LocalDate> partitions, Version.Data data) {}

  private RetrainingResult decide(
      Lease lease, Supplier<JavaSparkContext> spark, Consumer<Progress> observer)
      throws IOException {
    Optional<Champion> champion = registry.champion();
    Snapshot now;
    try {
      now = snapshot();
    } catch (ConfigurationException e) {
      return dataRefused(e.getMessage(), Optional.empty(), champion);
    }
    requireSameHeldOut(now, champion);
    LOG.info(
        "data of {} partitions, {} to {}: {} training and {} test examples, fingerprint {}",
        now.partitions().size(),
        now.partitions().get(0),
        now.partitions().get(now.partitions().size() - 1),
        now.data().training(),
        now.data().test(),
        now.data().fingerprint());
    Optional<RetrainingResult> unchanged = unchanged(now, champion);
    if (unchanged.isPresent()) {
      return unchanged.get();
    }
    List<String> violations = violations(now, champion);
    if (!violations.isEmpty()) {
      return dataRefused(String.join("; ", violations), Optional.of(now), champion);
    }
    try (JavaSparkContext context = spark.get()) {
      return train(context, lease, now, champion, observer);
    }
  }

  private Snapshot snapshot() {
    PartitionedDataset source = ((PartitionedDataset) DatasetSource.of(configuration)).asOfNow();
    Dataset outline = source.outline();
    long[] classes = outline.training().classCounts();
    long[] test = outline.test().classCounts();
    Arrays.setAll(classes, c -> classes[c] + test[c]);
    return new Snapshot(
        source,
        source.partitions(),
        new Version.Data(
            fingerprint(outline),
            source.written(),
            outline.training().size(),
            outline.test().size(),
            Arrays.stream(classes).boxed().toList()));
  }

  private static String fingerprint(Dataset dataset) {
    return Digest.of(dataset.training().fingerprint() + dataset.test().fingerprint());
  }

  /** A champion that has learned from examples that are held out now would look too good. */
  private void requireSameHeldOut(Snapshot now, Optional<Champion> champion) {
    champion
        .flatMap(entry -> registry.about(entry.version()))
        .filter(
            about ->
                DatasetSource.of(about.data().source()) instanceof PartitionedDataset before
                    && !now.source().holdsOutOnlyWhat(before))
        .ifPresent(
            about -> {
              throw new ConfigurationException(
                  "%s: dataset.test is %s, but the champion, version %d of %s, was trained with %s and has learned from examples that would be held out now; leave dataset.test as it was, or name a new retrain.registry"
                      .formatted(
                          configuration.name(),
                          now.source().tree().path("test"),
                          champion.get().version(),
                          registry.location(),
                          ((PartitionedDataset) DatasetSource.of(about.data().source()))
                              .tree()
                              .path("test")));
            });
  }

  private RetrainingResult dataRefused(
      String reason, Optional<Snapshot> data, Optional<Champion> champion) {
    return new RetrainingResult(
        Decision.DATA_REFUSED,
        reason,
        data.map(Snapshot::partitions).orElse(List.of()),
        data.map(Snapshot::data),
        0,
        Optional.empty(),
        champion);
  }

  /** If the newest version stands for just these data and settings, and has had its chance. */
  private Optional<RetrainingResult> unchanged(Snapshot now, Optional<Champion> champion) {
    List<Integer> numbers = registry.numbers();
    if (numbers.isEmpty()) {
      return Optional.empty();
    }
    int newest = numbers.get(numbers.size() - 1);
    return registry
        .about(newest)
        .filter(version -> version.data().fingerprint().equals(now.data().fingerprint()))
        .filter(version -> version.lineage().configuration().equals(deciding()))
        .filter(
            version ->
                version.lineage().parent() == sequence(champion)
                    || registry.history().stream().anyMatch(entry -> entry.version() == newest))
        .map(
            version ->
                new RetrainingResult(
                    Decision.UNCHANGED,
                    unchangedSince(newest, version, champion),
                    now.partitions(),
                    Optional.of(now.data()),
                    newest,
                    Optional.of(version),
                    champion));
  }

  private static String unchangedSince(int newest, Version version, Optional<Champion> champion) {
    String unchanged = "no data are new since version %d".formatted(newest);
    if (version.promoted()) {
      return unchanged;
    }
    boolean reigns = champion.filter(entry -> entry.version() == newest).isPresent();
    return "%s, which was refused%s: %s"
        .formatted(unchanged, reigns ? " and promoted by hand" : "", reason(version));
  }

  private String deciding() {
    return Digest.of(retraining.deciding(configuration));
  }

  private List<String> violations(Snapshot now, Optional<Champion> champion) {
    Optional<long[]> before =
        champion
            .flatMap(entry -> registry.about(entry.version()))
            .map(about -> about.data().classes().stream().mapToLong(Long::longValue).toArray());
    long[] classes = now.data().classes().stream().mapToLong(Long::longValue).toArray();
    return retraining.data().violations(classes, before);
  }

  private RetrainingResult train(
      JavaSparkContext spark,
      Lease lease,
      Snapshot now,
      Optional<Champion> champion,
      Consumer<Progress> observer)
      throws IOException {
    Optional<ModelFile> reigning =
        champion.map(entry -> ModelFile.read(registry.version(entry.version()).absolute()));
    Configuration training =
        configuration
            .on(now.source().tree())
            .placed(configuration.workers(), configuration.workerLoss(), Optional.empty());
    Location unfinished = registry.unfinished(lease.fence());
    Optional<ModelFile> initial =
        reigning.filter(model -> retraining.start() == Retraining.Start.CHAMPION);
    LOG.info(
        "training a challenger from {} in {}",
        initial.map(ModelFile::name).orElse("scratch"),
        unfinished);
    TrainingJob.Outcome trained =
        new TrainingJob(training, new Place.NewAt(unfinished), initial)
            .run(spark, observer, lease.lost());
    if (!fingerprint(trained.dataset()).equals(now.data().fingerprint())) {
      return dataChanged(unfinished, now, champion);
    }
    Optional<PairedEvaluation> pair =
        reigning.map(
            model ->
                PairedEvaluation.run(
                    spark, training, ModelFile.read(unfinished.absolute()), model));
    Set<String> heldOut = Set.of(trained.dataset().test().fingerprint());
    if (pair.filter(both -> !both.fingerprints().equals(heldOut)).isPresent()) {
      return dataChanged(unfinished, now, champion);
    }
    Metrics challenger = trained.result().test().orElseThrow();
    Optional<PromotionGate.Champion> measured =
        pair.map(both -> new PromotionGate.Champion(both.second(), both.test()));
    Verdict verdict = retraining.gate().judge(challenger, measured);
    Version version =
        new Version(
            Instant.now().truncatedTo(ChronoUnit.SECONDS),
            new Version.Lineage(
                lease.fence(),
                sequence(champion),
                champion.map(Champion::version).orElse(0),
                (initial.isPresent() ? Retraining.Start.CHAMPION : Retraining.Start.SCRATCH).word(),
                deciding()),
            retraining.tree(),
            now.data(),
            verdict.promoted(),
            verdict.reasons(),
            metrics(challenger, measured));
    return publish(lease, now, champion, unfinished, version);
  }

  /** What was trained is not what the registry would say that it was trained on. */
  private RetrainingResult dataChanged(
      Location unfinished, Snapshot now, Optional<Champion> champion) throws IOException {
    unfinished.delete();
    return dataRefused(
        "the files of %s were changed while a challenger was trained on them, and so it was thrown away; deliver partitions before the retraining begins"
            .formatted(now.source().directory()),
        Optional.of(now),
        champion);
  }

  private static ObjectNode metrics(Metrics challenger, Optional<PromotionGate.Champion> champion) {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    json.set("challenger", challenger.toJson());
    champion.ifPresent(
        other -> {
          json.set("champion", other.metrics().toJson());
          json.putObject("mcNemar")
              .put("onlyChallenger", other.test().onlyFirst())
              .put("onlyChampion", other.test().onlySecond())
              .put("p", other.test().p());
        });
    return json;
  }

  private RetrainingResult publish(
      Lease lease, Snapshot now, Optional<Champion> champion, Location unfinished, Version version)
      throws IOException {
    lease.check();
    int number = registry.publish(unfinished, version);
    LOG.info("published version {}", number);
    if (!version.promoted()) {
      return result(Decision.REFUSED, reason(version), now, number, version);
    }
    lease.check();
    if (!registry.promote(number, champion, reason(version)) && !succeeds(number, champion)) {
      return result(
          Decision.REFUSED,
          "the champion was changed by hand while version %d was trained; the next retraining compares with the new one"
              .formatted(number),
          now,
          number,
          version);
    }
    return result(Decision.PROMOTED, reason(version), now, number, version);
  }

  /** The next holder of a lease that was lost just now may have promoted it. */
  private boolean succeeds(int number, Optional<Champion> parent) {
    return registry.history().stream()
        .anyMatch(entry -> entry.sequence() == sequence(parent) + 1 && entry.version() == number);
  }

  private RetrainingResult result(
      Decision decision, String reason, Snapshot now, int number, Version version) {
    return new RetrainingResult(
        decision,
        reason,
        now.partitions(),
        Optional.of(now.data()),
        number,
        Optional.of(version),
        registry.champion());
  }
}
