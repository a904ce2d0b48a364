package dev.lockstep.spark.cli;

import dev.lockstep.config.Configuration;
import dev.lockstep.metrics.Metric;
import dev.lockstep.metrics.Ranking;
import dev.lockstep.spark.job.CandidateResult;
import dev.lockstep.spark.job.CrossValidation;
import dev.lockstep.spark.job.CrossValidation.Candidate;
import dev.lockstep.spark.job.CrossValidationJob;
import dev.lockstep.spark.job.CrossValidationJob.Observer;
import dev.lockstep.spark.job.CrossValidationJob.Outcome;
import dev.lockstep.spark.job.ExistingRun;
import dev.lockstep.spark.job.FoldFailure;
import dev.lockstep.spark.job.ScoreTables;
import dev.lockstep.spark.job.Unranked;
import dev.lockstep.spark.storage.Location;
import dev.lockstep.split.Fold;
import dev.lockstep.split.Validation;
import dev.lockstep.yaml.ConfigurationException;
import dev.lockstep.yaml.Section;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.Callable;
import org.apache.spark.api.java.JavaSparkContext;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code lockstep cross-validate}. */
@Command(
    name = "cross-validate",
    header = "Trains on several splits of the training examples, and compares configurations so.",
    description = {
      "",
      "Folds run beside one another, as many as there are slots for. Prints a line a fold, a table"
          + " with mean, standard deviation and 95%% interval, with --grid a ranking, and last the run"
          + " directory. In it:",
      "  cross-validation.json  the results, in the shape of scikit-learn's cross_validate",
      "  report.html            curves with the folds as a band, confusion matrix, timeline, worst examples",
      "  accuracy.png, loss.png the curves alone",
      "  predictions.csv        a prediction of each example by a model that did not learn from it",
      "  grid.json              with --grid: the ranking, and the results of every candidate",
      "  configuration.yaml     the configuration (of the chosen candidate, with the first split)",
      "  report.json            the report's data, from which lockstep report makes it again",
      "  folds/                 each finished fold's results, predictions and TensorBoard event file",
      "  final/                 with --final-model: the run on all examples",
      "  manifest.json          versions, seed, checksums; written last",
      "With --grid, cross-validation.json, predictions.csv and configuration.yaml are those of the"
          + " chosen candidate, and missing if none could be chosen. Test examples are not looked at,"
          + " save by the final model.",
      ""
    },
    footer = {
      "",
      "Examples:",
      "  lockstep cross-validate --config conf/mnist-mlp.yaml --folds 5 --stratified",
      "  lockstep cross-validate --config conf/mnist-mlp.yaml --repeats 3 --only-fold 8",
      "  lockstep cross-validate --config conf/mnist-mlp.yaml --hold-out"
          + " --grid network=mlp-512,lenet",
      "  lockstep cross-validate --resume runs/mnist-mlp-cv-20261123-181502"
    })
final class CrossValidateCommand implements Callable<Integer> {
  private static final int DONE = 0;
  private static final int FAILED = 1;
  private static final String DEFAULT_OUTPUT = "runs";

  /** The others say what is validated, and a run goes on with what it began as. */
  private static final Set<String> WITH_RESUME =
      Set.of("--resume", "--only-fold", "--jobs", "--master", "--stacktrace");

  @Spec private CommandSpec spec;
  @Mixin private SparkOptions spark;

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = "The configuration, a YAML file. Needed unless a run is resumed.")
  private String config;

  @Option(
      names = "--folds",
      paramLabel = "K",
      description =
          "Into how many folds the training examples are parted; each validates once. They take the"
              + " place of the configuration's validation. Default: 5.")
  private Integer folds;

  @Option(
      names = "--repeats",
      paramLabel = "N",
      description = "How often, each time with another shuffle. Default: 1.")
  private Integer repeats;

  @Option(
      names = "--shuffle",
      description =
          "Draw the folds by the seed; otherwise neighbours make up a fold. Always so with"
              + " --stratified or more than one repeat.")
  private boolean shuffle;

  @Option(
      names = "--stratified",
      description =
          "Draw the folds by the seed within each class, so that each has its share. Implies"
              + " --shuffle, which scikit-learn's StratifiedKFold does not.")
  private boolean stratified;

  @Option(
      names = "--hold-out",
      description = "Instead of folds, the one split that the configuration's validation says.")
  private boolean holdOut;

  @Option(
      names = "--only-fold",
      paramLabel = "N",
      description =
          "Run only this fold; its numbers are those that it has beside the others. Numbers go on"
              + " through the repeats: of 5 folds, 8 is the third of the second repeat.")
  private Integer onlyFold;

  @Option(
      names = "--grid",
      paramLabel = "KEY=V1,V2...",
      description =
          "Compare candidates, one for each value; may be repeated, for all combinations."
              + " --grid training.optimizer.learningRate=0.0003,0.001. Those that lack a fold which"
              + " others have finished are not ranked.")
  private List<String> grid = new ArrayList<>();

  @Option(
      names = "--metric",
      paramLabel = "NAME",
      description =
          "What ranks candidates: accuracy, loss, recall, precision, f1 or mse. Default: accuracy.")
  private String metric;

  @Option(
      names = "--final-model",
      description =
          "When every fold is finished, train the (chosen) configuration on all training examples, for"
              + " the median of the epochs whose parameters the folds were scored with, without early"
              + " stopping. Not with --only-fold, nor after a fold failed: then --resume does it.")
  private boolean finalModel;

  @Option(
      names = "--set",
      paramLabel = "KEY=VALUE",
      description = "Puts a value over the file's; may be repeated.")
  private List<String> overrides = new ArrayList<>();

  @Option(
      names = "--workers",
      paramLabel = "N",
      description =
          "How many workers train each fold: short for --set training.workers=N. Default: one, or on"
              + " one machine with more slots than folds, the slots shared out among the folds.")
  private Integer workers;

  @Option(
      names = "--jobs",
      paramLabel = "N",
      description =
          "So many folds run beside one another at most. Default: as many as there are slots for.")
  private Integer jobs;

  @Option(
      names = "--output",
      paramLabel = "DIRECTORY",
      description = "Where the run's directory is made. Default: " + DEFAULT_OUTPUT + ".")
  private String output;

  @Option(
      names = "--resume",
      paramLabel = "RUN",
      description = "Goes on with the run in this directory. Finished folds are not repeated.")
  private String resume;

  @Override
  public Integer call() {
    if (resume != null) {
      return resume();
    }
    if (config == null) {
      throw new ParameterException(
          spec.commandLine(),
          "--config is missing: it names the configuration; or --resume, which names a run");
    }
    String parent = output == null ? DEFAULT_OUTPUT : output;
    SparkOptions.requireLastingOutput(parent);
    CrossValidation plan = plan();
    CrossValidationJob job = job(plan);
    try (JavaSparkContext context = open(job);
        TrainingDisplay training = display()) {
      return end(job.run(context, parent, observer(plan, training)), plan);
    }
  }

  private int resume() {
    for (ArgSpec given : spec.commandLine().getParseResult().matchedArgs()) {
      String name = given instanceof OptionSpec option ? option.longestName() : "";
      if (!WITH_RESUME.contains(name)) {
        throw new ParameterException(
            spec.commandLine(),
            name + " cannot be used with --resume: a run goes on as what it was begun");
      }
    }
    Location directory = Location.of(resume);
    CrossValidation plan = CrossValidationJob.planOf(directory);
    ExistingRun.requireUnended(directory);
    CrossValidationJob job = job(plan);
    try (JavaSparkContext context = open(job);
        TrainingDisplay training = display()) {
      return end(job.resume(context, directory, observer(plan, training)), plan);
    }
  }

  private JavaSparkContext open(CrossValidationJob job) {
    return spark.openFair("lockstep cross-validate " + job.plan().name(), job::requireRoom);
  }

  private CrossValidationJob job(CrossValidation plan) {
    return new CrossValidationJob(
        plan,
        onlyFold == null ? OptionalInt.empty() : OptionalInt.of(onlyFold),
        atLeast("--jobs", jobs, Integer.MAX_VALUE, 1));
  }

  private CrossValidation plan() {
    if (workers != null) {
      overrides.add("training.workers=" + workers);
    }
    Optional<List<Validation>> splits = holdOut ? noFolds() : Optional.of(folds());
    List<Candidate> candidates = new ArrayList<>();
    for (List<String> settings : Grid.candidates(grid)) {
      List<String> all = new ArrayList<>(overrides);
      all.addAll(settings);
      Configuration configuration =
          ConfigurationFile.read(config, all, splits.map(given -> given.get(0)));
      candidates.add(new Candidate(candidates.size() + 1, settings, configuration));
    }
    Configuration first = candidates.get(0).configuration();
    return new CrossValidation(
        first.name(),
        splits.orElseGet(() -> List.of(first.validation())),
        candidates,
        metric(),
        finalModel);
  }

  private Optional<List<Validation>> noFolds() {
    if (folds != null || repeats != null || shuffle || stratified) {
      throw new ParameterException(
          spec.commandLine(),
          "--hold-out is the one split that the configuration says; leave --folds, --repeats, --shuffle and --stratified out");
    }
    return Optional.empty();
  }

  private List<Validation> folds() {
    int count = atLeast("--folds", folds, 5, 2);
    int times = atLeast("--repeats", repeats, 1, 1);
    if ((long) count * times > CrossValidation.MOST_SPLITS) {
      throw new ConfigurationException(
          "--folds %d and --repeats %d are %d splits, but there can be at most %d"
              .formatted(count, times, (long) count * times, CrossValidation.MOST_SPLITS));
    }
    Fold.Select drawn = shuffle || times > 1 ? Fold.Select.SHUFFLED : Fold.Select.ORDERED;
    return CrossValidation.folds(count, times, stratified ? Fold.Select.STRATIFIED : drawn);
  }

  private static int atLeast(String option, Integer given, int otherwise, int least) {
    if (given != null && given < least) {
      throw new ConfigurationException(
          "%s is %d but must be at least %d".formatted(option, given, least));
    }
    return given == null ? otherwise : given;
  }

  private Metric metric() {
    List<String> words = Arrays.stream(Metric.values()).map(Metric::word).toList();
    if (metric != null && !words.contains(metric)) {
      throw new ConfigurationException(
          "--metric is '%s' but must be one of %s%s"
              .formatted(metric, String.join(", ", words), Section.suggestion(metric, words)));
    }
    return metric == null ? Metric.ACCURACY : Metric.values()[words.indexOf(metric)];
  }

  private TrainingDisplay display() {
    return TrainingDisplay.of(spec.commandLine().getOut());
  }

  private Observer observer(CrossValidation plan, TrainingDisplay training) {
    PrintWriter out = spec.commandLine().getOut();
    return new Observer(
        fold -> out.println(FoldTables.line(fold, plan)),
        outcome -> print(outcome, plan),
        training,
        model -> out.printf("%nfinal model, trained on all examples: %s%n", model));
  }

  private void print(Outcome outcome, CrossValidation plan) {
    PrintWriter out = spec.commandLine().getOut();
    PrintWriter err = spec.commandLine().getErr();
    for (CandidateResult result : outcome.candidates()) {
      out.println();
      if (plan.candidates().size() > 1) {
        out.printf(
            "candidate %d: %s%n",
            result.candidate().number(), String.join(" ", result.candidate().settings()));
      }
      FoldTables.lines(ScoreTables.folds(result)).forEach(out::println);
    }
    outcome.ranking().ifPresent(ranking -> print(ranking, plan, outcome.candidates()));
    for (Unranked each : outcome.unranked()) {
      err.printf(
          "warning: candidate %d is not ranked, for it has no result of fold %s, which others have%n",
          each.candidate(),
          String.join(", ", each.missing().stream().map(String::valueOf).toList()));
    }
    if (plan.candidates().size() > 1 && outcome.ranking().isEmpty()) {
      err.println("warning: no candidate is chosen, for no two have finished the same folds");
    }
    for (FoldFailure failure : outcome.failures()) {
      err.printf("%s failed for good: %s%n", failure.name(), failure.reason());
    }
  }

  /** The last lines, and the exit code. */
  private int end(Outcome outcome, CrossValidation plan) {
    PrintWriter out = spec.commandLine().getOut();
    PrintWriter err = spec.commandLine().getErr();
    out.println();
    out.println(outcome.directory());
    if (plan.finalModel() && !outcome.complete()) {
      err.printf(
          "no final model is trained before every fold is finished; 'lockstep cross-validate --resume %s' runs the others%n",
          outcome.directory());
    }
    if (!outcome.failures().isEmpty()) {
      err.printf(
          "%d folds failed; when the cause is removed, 'lockstep cross-validate --resume %s' runs them again%n",
          outcome.failures().size(), outcome.directory());
    }
    return outcome.failures().isEmpty() ? DONE : FAILED;
  }

  private void print(Ranking ranking, CrossValidation plan, List<CandidateResult> results) {
    PrintWriter out = spec.commandLine().getOut();
    PrintWriter err = spec.commandLine().getErr();
    out.println();
    FoldTables.lines(ScoreTables.ranking(ranking, plan.metric(), results)).forEach(out::println);
    if (ranking.places().get(0).estimate().count() == 1) {
      out.printf("* chosen: the best on the one split (candidate %d)%n", ranking.chosen());
      err.println(
          "warning: one split cannot tell whether candidates differ by more than chance; more folds can");
      return;
    }
    out.printf(
        "* chosen: the smallest model within one standard error of the best (candidate %d)%n",
        ranking.chosen());
    List<String> close =
        ranking.places().stream()
            .skip(1)
            .filter(place -> place.againstBest().insignificant())
            .map(place -> Integer.toString(place.candidate()))
            .toList();
    if (!close.isEmpty()) {
      err.printf(
          "warning: by a corrected resampled t-test, the difference between the best candidate and %s is not significant (p >= 0.05)%n",
          (close.size() == 1 ? "candidate " : "candidates ") + String.join(", ", close));
    }
  }
}
