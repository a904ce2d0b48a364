package dev.lockstep.spark.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.lockstep.metrics.Metric;
import dev.lockstep.spark.LogLines;
import dev.lockstep.spark.source.ParquetFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.parquet.example.data.Group;
import org.apache.spark.SparkContext;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerJobEnd;
import org.apache.spark.scheduler.SparkListenerJobStart;
import org.apache.spark.scheduler.SparkListenerStageSubmitted;
import org.apache.spark.scheduler.SparkListenerTaskStart;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Cross-validation from the command line to files and back. */
class CrossValidateCommandTest {
  private static final JsonMapper JSON = new JsonMapper();
  private static final int FOLDS = 4;
  private static final String LISTENERS = "spark.extraListeners";

  @TempDir static Path directory;

  private static Path configuration;
  private static Invocation validated;
  private static Path run;

  @BeforeAll
  static void validate() throws IOException {
    configuration = SmallMnist.configuration(SmallMnist.write(directory));
    validated = crossValidate("--folds", "4", "--stratified");
    run = Path.of(validated.lastLine());
  }

  @AfterEach
  void leaveSparkAlone() {
    System.clearProperty(LISTENERS);
  }

  private static Invocation crossValidate(String... more) {
    List<String> arguments =
        new ArrayList<>(
            List.of(
                "cross-validate",
                "--config",
                configuration.toString(),
                "--master",
                "local[2]",
                "--output",
                directory.resolve("runs").toString()));
    arguments.addAll(List.of(more));
    return Invocation.of(arguments.toArray(String[]::new));
  }

  private static Invocation resume(Path directory, String... more) {
    List<String> arguments =
        new ArrayList<>(
            List.of("cross-validate", "--resume", directory.toString(), "--master", "local[2]"));
    arguments.addAll(List.of(more));
    return Invocation.of(arguments.toArray(String[]::new));
  }

  private static JsonNode json(Path file) throws IOException {
    return JSON.readTree(file.toFile());
  }

  private static JsonNode fold(Path run, int fold) throws IOException {
    return json(run.resolve("folds/candidate-1-fold-%d.json".formatted(fold)));
  }

  private static String predictions(Path run, int fold) throws IOException {
    return Files.readString(run.resolve("folds/candidate-1-fold-%d.csv".formatted(fold)));
  }

  @Test
  void printsALineAFoldThenTheTableAndAtLastTheRunDirectory() {
    assertThat(validated.exitCode()).as(validated.err()).isZero();
    assertThat(validated.err()).isEmpty();
    assertThat(validated.out().subList(0, FOLDS))
        .allMatch(
            line ->
                line.matches(
                    "fold [1-4]/4 - [\\d.]+ s - loss [\\d.]+ - accuracy [\\d.]+ - val_loss [\\d.]+ - val_accuracy [\\d.]+"));
    assertThat(validated.out())
        .anyMatch(line -> line.matches("\\s*fold +repeat +fit s +score s +accuracy +loss .*"))
        .anyMatch(line -> line.matches("\\s*mean( +[\\d.]+){6}"))
        .anyMatch(line -> line.matches("95% from( +[\\d.]+){6}"));
    assertThat(run.getFileName().toString()).startsWith("small-cv-");
  }

  @Test
  void resultsHaveTheShapeOfScikitLearnsCrossValidate() throws IOException {
    JsonNode results = json(run.resolve("cross-validation.json"));

    for (String name : List.of("fit_time", "score_time")) {
      assertThat(results.path("results").path(name)).hasSize(FOLDS);
    }
    for (Metric metric : Metric.values()) {
      JsonNode values = results.path("results").path("test_" + metric.word());
      assertThat(values).hasSize(FOLDS);
      assertThat(results.path("results").path("train_" + metric.word())).hasSize(FOLDS);
      double mean = IntStream.range(0, FOLDS).mapToDouble(i -> values.get(i).asDouble()).sum() / 4;
      JsonNode summary = results.path("summary").path("test_" + metric.word());
      assertThat(summary.path("mean").asDouble()).isCloseTo(mean, within(1e-12));
      assertThat(summary.path("lower").asDouble()).isLessThan(mean);
      assertThat(summary.path("upper").asDouble()).isGreaterThan(mean);
    }
    assertThat(results.path("failed")).isEmpty();
    assertThat(run.resolve("manifest.json")).exists();
  }

  /** The last epoch's, measured by the workers, are those of the predictions, measured after. */
  @Test
  void aFoldsMetricsAreThoseThatItsTrainingEndedWith() throws IOException {
    for (int fold = 1; fold <= FOLDS; fold++) {
      JsonNode result = fold(run, fold);
      JsonNode losses = result.path("history").path("val_loss");
      assertThat(result.path("test").path("loss").asDouble())
          .isEqualTo(losses.get(losses.size() - 1).asDouble());
    }
  }

  @Test
  void everyExampleIsPredictedOnceByAModelThatDidNotLearnFromIt() throws IOException {
    List<String> lines = Files.readAllLines(run.resolve("predictions.csv"));
    JsonNode confusion = json(run.resolve("cross-validation.json")).path("confusion");
    long[][] counted = new long[10][10];

    assertThat(lines.get(0)).startsWith("repeat,fold,example,label,class,probability_0,");
    assertThat(lines).hasSize(1 + SmallMnist.TRAINING);
    for (int i = 0; i < SmallMnist.TRAINING; i++) {
      String[] cells = lines.get(i + 1).split(",");
      assertThat(cells[2]).isEqualTo(Integer.toString(i));
      assertThat(Stream.of(cells).skip(5).mapToDouble(Double::parseDouble).sum())
          .isCloseTo(1, within(1e-5));
      counted[Integer.parseInt(cells[3])][Integer.parseInt(cells[4])]++;
    }
    assertThat(JSON.<JsonNode>valueToTree(counted)).hasToString(confusion.toString());
  }

  @Test
  void theReportShowsEveryFoldItsTimeAndTheMistakesOfAll() throws IOException {
    JsonNode reported = json(run.resolve("report.json")).at("/runs/0");
    JsonNode results = json(run.resolve("cross-validation.json"));
    List<String> names = IntStream.rangeClosed(1, FOLDS).mapToObj(i -> "fold " + i + "/4").toList();

    assertThat(run.resolve("report.html")).isNotEmptyFile();
    assertThat(run.resolve("accuracy.png")).isNotEmptyFile();
    assertThat(reported.path("curves").findValuesAsText("name")).isEqualTo(names);
    assertThat(reported.path("curves"))
        .allMatch(curves -> curves.at("/history/epochs/0/validation").isObject());
    assertThat(reported.at("/metrics/validation/confusion")).isEqualTo(results.path("confusion"));
    assertThat(reported.at("/metrics/validation/examples").asInt()).isEqualTo(SmallMnist.TRAINING);
    assertThat(reported.path("timeline").findValuesAsText("lane")).isEqualTo(names);
    assertThat(reported.at("/environment/network").asText()).contains("25,450 parameters");
    assertThat(reported.at("/environment/engine").asText()).isEqualTo("fused");
    assertThat(reported.at("/environment/machine").asText())
        .matches(".+, \\d+ cores?, [\\d.]+ GiB of memory");
    assertThat(reported.path("worst"))
        .isNotEmpty()
        .allMatch(wrong -> !wrong.path("label").equals(wrong.path("predicted")));
    for (int fold = 1; fold <= FOLDS; fold++) {
      assertThat(
              run.resolve("folds/candidate-1-fold-%d/events.out.tfevents.lockstep".formatted(fold)))
          .isNotEmptyFile();
    }
  }

  /** Of the report's own figures: those of the results, with all their digits. */
  @Test
  void theReportHasTheScoresOfEveryFoldAndTheirMean() throws IOException {
    JsonNode table = json(run.resolve("report.json")).at("/runs/0/tables/0");
    JsonNode results = json(run.resolve("cross-validation.json"));
    int accuracy = List.of("fold", "repeat", "fit s", "score s", "accuracy").size() - 1;

    assertThat(table.path("columns").get(accuracy).asText()).isEqualTo("accuracy");
    assertThat(table.path("rows")).hasSize(FOLDS + 4);
    for (int fold = 0; fold < FOLDS; fold++) {
      assertThat(table.path("rows").get(fold).get(accuracy).asText())
          .isEqualTo(results.at("/results/test_accuracy").get(fold).asText());
    }
    assertThat(table.path("rows").get(FOLDS).get(0).asText()).isEqualTo("mean");
    for (String name : List.of("mean", "std", "lower", "upper")) {
      int row = FOLDS + List.of("mean", "std", "lower", "upper").indexOf(name);
      assertThat(table.path("rows").get(row).get(accuracy).asText())
          .isEqualTo(results.at("/summary/test_accuracy/" + name).asText());
    }
  }

  @Test
  void aFoldWithTwoWorkersHasTheMetricsThatItsTrainingEndedWith() throws IOException {
    Invocation shared =
        crossValidate("--folds", "4", "--stratified", "--only-fold", "2", "--workers", "2");
    JsonNode result = fold(Path.of(shared.lastLine()), 2);
    JsonNode losses = result.path("history").path("val_loss");

    assertThat(shared.exitCode()).as(shared.err()).isZero();
    assertThat(result.path("test").path("loss").asDouble())
        .isEqualTo(losses.get(losses.size() - 1).asDouble());
  }

  @Test
  void aFoldAloneHasTheNumbersThatItHasBesideTheOthers() throws IOException {
    Invocation alone = crossValidate("--folds", "4", "--stratified", "--only-fold", "3");
    Path other = Path.of(alone.lastLine());

    assertThat(alone.exitCode()).as(alone.err()).isZero();
    assertThat(fold(other, 3).path("test")).isEqualTo(fold(run, 3).path("test"));
    assertThat(fold(other, 3).path("train")).isEqualTo(fold(run, 3).path("train"));
    assertThat(predictions(other, 3)).isEqualTo(predictions(run, 3));
    assertThat(other.resolve("folds/candidate-1-fold-1.json")).doesNotExist();
    assertThat(other.resolve("manifest.json")).doesNotExist();
  }

  @Test
  void theSameSeedGivesTheSameMembershipAndTheSameBits() throws IOException {
    Path again = Path.of(crossValidate("--folds", "4", "--stratified").lastLine());

    assertThat(Files.readString(again.resolve("predictions.csv")))
        .isEqualTo(Files.readString(run.resolve("predictions.csv")));
    for (int fold = 1; fold <= FOLDS; fold++) {
      assertThat(fold(again, fold).path("test")).isEqualTo(fold(run, fold).path("test"));
    }
  }

  @Test
  void finishedFoldsAreNotRepeated() throws IOException {
    Path begun =
        Path.of(crossValidate("--folds", "4", "--stratified", "--only-fold", "2").lastLine());
    byte[] second = Files.readAllBytes(begun.resolve("folds/candidate-1-fold-2.json"));

    Invocation resumed = resume(begun);

    assertThat(resumed.exitCode()).as(resumed.err()).isZero();
    assertThat(resumed.out().stream().filter(line -> line.startsWith("fold "))).hasSize(3);
    assertThat(begun.resolve("folds/candidate-1-fold-2.json")).hasBinaryContent(second);
    assertThat(Files.readString(begun.resolve("predictions.csv")))
        .isEqualTo(Files.readString(run.resolve("predictions.csv")));
    assertThat(begun.resolve("manifest.json")).exists();
  }

  @Test
  void theHoldOutOfTheConfigurationIsTheOneSplit() throws IOException {
    Invocation held = crossValidate("--hold-out");
    Path other = Path.of(held.lastLine());

    assertThat(held.exitCode()).as(held.err()).isZero();
    assertThat(fold(other, 1).path("test").path("examples").asInt())
        .isEqualTo(SmallMnist.VALIDATION);
    assertThat(json(other.resolve("cross-validation.json")).at("/summary/test_loss/std").isNull())
        .isTrue();
  }

  @Test
  void repeatsShuffleAnewAndCoverEveryExampleEach() throws IOException {
    Invocation repeated = crossValidate("--folds", "2", "--repeats", "2");
    List<String> lines =
        Files.readAllLines(Path.of(repeated.lastLine()).resolve("predictions.csv"));
    Map<String, List<String>> folds = new TreeMap<>();
    lines.stream()
        .skip(1)
        .map(line -> line.split(","))
        .forEach(cells -> folds.computeIfAbsent(cells[1], f -> new ArrayList<>()).add(cells[2]));

    assertThat(repeated.exitCode()).as(repeated.err()).isZero();
    assertThat(lines).hasSize(1 + 2 * SmallMnist.TRAINING);
    assertThat(folds).containsOnlyKeys("1", "2", "3", "4");
    assertThat(folds.get("1")).isNotEqualTo(folds.get("3"));
  }

  @Test
  void candidatesAreRankedAndTheFinalModelIsTrainedAsTheChosenOne() throws IOException {
    Invocation compared =
        crossValidate(
            "--folds",
            "3",
            "--shuffle",
            "--grid",
            "training.optimizer.learningRate=0.00001,0.001",
            "--final-model");
    Path other = Path.of(compared.lastLine());
    JsonNode grid = json(other.resolve("grid.json"));

    assertThat(compared.exitCode()).as(compared.err()).isZero();
    assertThat(grid.path("chosen").asInt()).isEqualTo(2);
    assertThat(grid.at("/ranking/0/candidate").asInt()).isEqualTo(2);
    assertThat(grid.at("/ranking/1/p").asDouble()).isBetween(0.0, 0.05);
    assertThat(compared.out()).anyMatch(line -> line.contains("learningRate=0.001"));
    assertThat(json(other.resolve("cross-validation.json")).path("candidate").asInt()).isEqualTo(2);
    assertThat(json(other.resolve("final/manifest.json")).at("/result/epochs").asInt())
        .isEqualTo(2);
    assertThat(other.resolve("final/model.zip")).exists();
    assertThat(json(other.resolve("report.json")).path("runs"))
        .extracting(reported -> reported.path("name").asText())
        .containsExactly(
            "candidate 2: training.optimizer.learningRate=0.001",
            "candidate 1: training.optimizer.learningRate=1.0E-5");
    JsonNode ranking = json(other.resolve("report.json")).at("/tables/0");
    assertThat(ranking.path("title").asText()).isEqualTo("Ranking");
    assertThat(ranking.at("/rows/0/0").asText()).isEqualTo("1*");
    assertThat(ranking.at("/rows/0/1").asText()).isEqualTo("2");
    assertThat(ranking.at("/rows/1/6").asText()).isEqualTo(grid.at("/ranking/1/p").asText());
  }

  /** No gain is great enough, so that each fold stops after its second epoch with its first. */
  @Test
  void theFinalModelIsTrainedForTheEpochsThatTheFoldsChose() throws IOException {
    Invocation stopped =
        crossValidate(
            "--folds",
            "2",
            "--final-model",
            "--set",
            "training.epochs=6",
            "--set",
            "training.earlyStopping={patience: 1, minDelta: 100, restoreBestWeights: true}");
    Path other = Path.of(stopped.lastLine());

    assertThat(stopped.exitCode()).as(stopped.err()).isZero();
    assertThat(json(other.resolve("cross-validation.json")).path("epoch").toString())
        .isEqualTo("[1,1]");
    assertThat(json(other.resolve("final/history.json")).path("epoch").toString()).isEqualTo("[1]");
    assertThat(stopped.out())
        .anyMatch(line -> line.startsWith("Epoch 1/1 - "))
        .contains("final model, trained on all examples: " + other + "/final");
  }

  @Test
  void oneSplitRanksCandidatesButDoesNotTellThemApart() throws IOException {
    Invocation compared = crossValidate("--hold-out", "--grid", "training.batchSize=50,51");
    JsonNode grid = json(Path.of(compared.lastLine()).resolve("grid.json"));

    assertThat(compared.exitCode()).as(compared.err()).isZero();
    assertThat(compared.out())
        .anyMatch(line -> line.startsWith("* chosen: the best on the one split (candidate "))
        .anyMatch(
            line -> line.matches("\\s*2 +[12] +[\\d.]+ +- +\\d+ +- +-  training.batchSize=5."))
        .noneMatch(line -> line.contains("within one standard error"));
    assertThat(compared.err())
        .contains("one split cannot tell whether candidates differ by more than chance")
        .doesNotContain("significant");
    assertThat(grid.at("/ranking/1/p").isNull()).isTrue();
  }

  @Test
  void aCandidateThatDivergedIsNotSaidToBeAsGoodAsTheBest() {
    Invocation compared =
        crossValidate(
            "--folds",
            "2",
            "--metric",
            "loss",
            "--grid",
            "training.optimizer={name: adam},{name: sgd, learningRate: 1.0e30}");

    assertThat(compared.exitCode()).as(compared.err()).isZero();
    assertThat(compared.out())
        .anyMatch(line -> line.matches("\\s*2 +2 +- +- +\\d+ +no +-  training.optimizer=.*"));
    assertThat(compared.err()).doesNotContain("not significant");
  }

  @Test
  void candidatesThatDoNotDifferSignificantlyAreNamed() {
    Invocation compared =
        crossValidate("--folds", "2", "--grid", "training.batchSize=50,51", "--metric", "f1");

    assertThat(compared.exitCode()).as(compared.err()).isZero();
    assertThat(compared.err())
        .containsPattern("best candidate and candidate [12] is not significant");
  }

  /** Cancels every job of one fold. */
  public static final class Saboteur extends SparkListener {
    @Override
    public void onJobStart(SparkListenerJobStart start) {
      String description = start.properties().getProperty("spark.job.description", "");
      if (description.startsWith("fold 2/3 ")) {
        SparkContext.getOrCreate().cancelJob(start.jobId());
      }
    }
  }

  /** Cancels every job of one fold of one candidate. */
  public static final class SaboteurOfACandidate extends SparkListener {
    @Override
    public void onJobStart(SparkListenerJobStart start) {
      String description = start.properties().getProperty("spark.job.description", "");
      if (description.startsWith("candidate 1, fold 2/2 ")) {
        SparkContext.getOrCreate().cancelJob(start.jobId());
      }
    }
  }

  @Test
  void aFailedFoldOfOneCandidateLeavesTheOthersRanked() throws IOException {
    System.setProperty(LISTENERS, SaboteurOfACandidate.class.getName());
    Invocation failing =
        crossValidate(
            "--folds", "2", "--grid", "training.optimizer.learningRate=0.002,0.00001,0.001");
    System.clearProperty(LISTENERS);
    Path other = Path.of(failing.lastLine());
    JsonNode grid = json(other.resolve("grid.json"));

    assertThat(failing.exitCode()).isEqualTo(1);
    assertThat(failing.err())
        .contains("candidate 1 is not ranked, for it has no result of fold 2, which others have");
    assertThat(grid.path("chosen").asInt()).isEqualTo(3);
    assertThat(grid.at("/ranking").findValuesAsText("candidate")).containsExactly("3", "2");
    assertThat(grid.at("/unranked").toString()).isEqualTo("[{\"candidate\":1,\"missing\":[2]}]");
    assertThat(json(other.resolve("cross-validation.json")).path("candidate").asInt()).isEqualTo(3);
    assertThat(json(other.resolve("report.json")).path("runs"))
        .extracting(reported -> reported.path("name").asText().substring(0, 11))
        .containsExactly("candidate 3", "candidate 2", "candidate 1");
  }

  @Test
  void whereNoCandidateCouldBeChosenNoneIsWrittenAsChosen() throws IOException {
    System.setProperty(LISTENERS, SaboteurOfACandidate.class.getName());
    Invocation failing =
        crossValidate("--folds", "2", "--grid", "training.batchSize=50,51", "--final-model");
    System.clearProperty(LISTENERS);
    Path other = Path.of(failing.lastLine());

    assertThat(failing.exitCode()).isEqualTo(1);
    assertThat(failing.err())
        .contains("no candidate is chosen, for no two have finished the same folds")
        .contains("no final model is trained before every fold is finished");
    assertThat(json(other.resolve("grid.json")).has("chosen")).isFalse();
    assertThat(other.toFile().list())
        .contains("grid.json", "report.html")
        .doesNotContain("cross-validation.json", "predictions.csv", "configuration.yaml", "final");

    Invocation resumed = resume(other);

    assertThat(resumed.exitCode()).as(resumed.err()).isZero();
    assertThat(other.resolve("predictions.csv")).exists();
    assertThat(other.resolve("final/model.zip")).exists();
  }

  /** Cancels every job of the final model's training. */
  public static final class SaboteurOfTheFinalModel extends SparkListener {
    @Override
    public void onJobStart(SparkListenerJobStart start) {
      String description = start.properties().getProperty("spark.job.description", "");
      if (description.startsWith("train small ")) {
        SparkContext.getOrCreate().cancelJob(start.jobId());
      }
    }
  }

  @Test
  void aFinalModelThatFailsTakesNoResultsWithIt() throws IOException {
    System.setProperty(LISTENERS, SaboteurOfTheFinalModel.class.getName());
    Invocation failing = crossValidate("--folds", "2", "--final-model");
    System.clearProperty(LISTENERS);

    assertThat(failing.exitCode()).isEqualTo(1);
    assertThat(failing.out()).anyMatch(line -> line.matches("\\s*mean( +[\\d.]+){6}"));
    assertThat(failing.err())
        .contains("to go on with the final model: lockstep cross-validate --resume ")
        .doesNotContain("lockstep train");
    Path other =
        Path.of(failing.err().lines().reduce((a, b) -> b).orElseThrow().split("--resume ")[1]);
    assertThat(other.resolve("cross-validation.json")).exists();
    assertThat(other.resolve("manifest.json")).doesNotExist();

    Invocation resumed = resume(other);

    assertThat(resumed.exitCode()).as(resumed.err()).isZero();
    assertThat(resumed.lastLine()).isEqualTo(other.toString());
    assertThat(other.resolve("final/model.zip")).exists();
    assertThat(other.resolve("manifest.json")).exists();
  }

  @Test
  void aFoldThatFailsForGoodIsReportedAndTheRestFinishes() throws IOException {
    System.setProperty(LISTENERS, Saboteur.class.getName());
    Invocation failing = crossValidate("--folds", "3");
    Path other = Path.of(failing.lastLine());
    System.clearProperty(LISTENERS);

    assertThat(failing.exitCode()).isEqualTo(1);
    assertThat(failing.err()).contains("fold 2/3 failed for good: ").doesNotContain("\tat ");
    assertThat(json(other.resolve("cross-validation.json")).path("fold").toString())
        .isEqualTo("[1,3]");
    assertThat(json(other.resolve("cross-validation.json")).at("/failed/0/fold").asText())
        .isEqualTo("fold 2/3");
    assertThat(other.resolve("manifest.json")).doesNotExist();

    assertThat(resume(other).exitCode()).isZero();
    assertThat(other.resolve("manifest.json")).exists();
  }

  /** Cancels the first job of one fold when its worker runs. */
  public static final class SaboteurOfTheFirstAttempt extends SparkListener {
    private final AtomicInteger cancelled = new AtomicInteger();

    @Override
    public void onStageSubmitted(SparkListenerStageSubmitted submitted) {
      String description = submitted.properties().getProperty("spark.job.description", "");
      if (description.startsWith("fold 2/3 ")) {
        cancelled.compareAndSet(0, 1 + submitted.stageInfo().stageId());
      }
    }

    @Override
    public void onTaskStart(SparkListenerTaskStart start) {
      if (cancelled.get() == 1 + start.stageId()) {
        SparkContext.getOrCreate().cancelStage(start.stageId());
      }
    }
  }

  @Test
  void aFoldThatFailsOnceIsRunAgainAndBothAttemptsAreInTheTimeline() throws IOException {
    System.setProperty(LISTENERS, SaboteurOfTheFirstAttempt.class.getName());

    // Long enough that the task is still under way when it is cancelled.
    Invocation validated = crossValidate("--folds", "3", "--set", "training.epochs=60");

    assertThat(validated.exitCode()).as(validated.err()).isZero();
    JsonNode timeline =
        json(Path.of(validated.lastLine()).resolve("report.json")).at("/runs/0/timeline");
    assertThat(timeline)
        .filteredOn(span -> span.path("lane").asText().equals("fold 2/3"))
        .extracting(span -> span.path("outcome").asText())
        .containsExactly("killed", "done");
    assertThat(timeline).hasSize(4);
  }

  /** Which jobs run at once, and what Spark's pages call them. */
  public static final class Witness extends SparkListener {
    static final Map<Integer, String> RUNNING = new ConcurrentHashMap<>();
    static final Map<String, String> POOLS = new ConcurrentHashMap<>();
    static volatile int most;

    @Override
    public void onJobStart(SparkListenerJobStart start) {
      String description = start.properties().getProperty("spark.job.description", "");
      RUNNING.put(start.jobId(), description);
      POOLS.put(description, start.properties().getProperty("spark.scheduler.pool", ""));
      most = Math.max(most, RUNNING.size());
    }

    @Override
    public void onJobEnd(SparkListenerJobEnd end) {
      RUNNING.remove(end.jobId());
    }
  }

  @Test
  void foldsRunBesideOneAnotherEachInAPoolOfItsOwn() {
    System.setProperty(LISTENERS, Witness.class.getName());
    Invocation parallel = crossValidate("--folds", "4", "--set", "training.epochs=4");

    assertThat(parallel.exitCode()).as(parallel.err()).isZero();
    assertThat(Witness.most).isEqualTo(2);
    assertThat(Witness.POOLS)
        .containsEntry("fold 3/4 of small: train with 1 worker", "fold 3/4")
        .containsEntry("fold 3/4 of small: score", "fold 3/4");
  }

  @Test
  void aResumedRunStaysWhatItWas() {
    Invocation changed = resume(run, "--folds", "3");

    assertThat(changed.exitCode()).isEqualTo(2);
    assertThat(changed.err())
        .contains("--folds cannot be used with --resume: a run goes on as what it was begun");
  }

  @Test
  void stratifiedFoldsHaveEachClassInEqualParts() throws IOException {
    Map<String, int[]> counts = new TreeMap<>();
    Files.readAllLines(run.resolve("predictions.csv")).stream()
        .skip(1)
        .map(line -> line.split(","))
        .forEach(
            cells ->
                counts
                    .computeIfAbsent(cells[3], c -> new int[FOLDS])[
                    Integer.parseInt(cells[1]) - 1]++);

    assertThat(counts).hasSize(10);
    for (int[] ofClass : counts.values()) {
      assertThat(
              Arrays.stream(ofClass).max().orElseThrow()
                  - Arrays.stream(ofClass).min().orElseThrow())
          .isLessThanOrEqualTo(1);
    }
  }

  @Test
  void ofAClassWithFewerExamplesThanFoldsAWarningIsGiven() throws IOException {
    List<Consumer<Group>> rows = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      double x = i;
      double label = i < 3 ? 1 : 0;
      rows.add(row -> row.append("x", x / 40).append("label", label));
    }
    Path table = directory.resolve("rare.parquet");
    ParquetFile.of("required double x; required double label;").write(table, rows);
    Path rare =
        Files.writeString(
            directory.resolve("rare.yaml"),
            """
            dataset: {parquet: '%s', features: x, label: label}
            network: {layers: [{dense: {units: 2, activation: softmax}}], loss: categorical_crossentropy}
            training: {batchSize: 5, epochs: 1, shards: 8}
            """
                .formatted(table));

    try (LogLines log = LogLines.open()) {
      Invocation validated =
          Invocation.of(
              "cross-validate",
              "--config",
              rare.toString(),
              "--master",
              "local[2]",
              "--output",
              directory.resolve("rare").toString(),
              "--folds",
              "4",
              "--stratified");

      assertThat(validated.exitCode()).as(validated.err()).isZero();
      assertThat(log.with("training examples, fewer than"))
          .containsExactly(
              "class 1 has 3 training examples, fewer than the 4 folds: some folds validate on none of it");
    }
  }

  @Test
  void whoeverWaitedForARunThatAnotherEndedMeanwhileLeavesItAsItIs() throws Exception {
    Path waited = Files.createDirectory(directory.resolve("waited"));
    Files.copy(run.resolve("cross-validation.yaml"), waited.resolve("cross-validation.yaml"));

    Invocation resumed = OtherProcess.endsTheRunBefore(waited, () -> resume(waited));

    assertThat(resumed.exitCode()).as(resumed.err()).isZero();
    assertThat(resumed.out())
        .containsExactly("the run has ended already; nothing is left to do", waited.toString());
    assertThat(waited.toFile().list())
        .containsExactlyInAnyOrder("cross-validation.yaml", "manifest.json");
  }
}
