package dev.lockstep.spark.job;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lockstep.metrics.Ranking;
import dev.lockstep.spark.job.CrossValidation.Candidate;
import dev.lockstep.spark.storage.Location;
import dev.lockstep.yaml.Section;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * What the folds gave together.
 *
 * @param candidates those of which a fold is finished, in their order; at least one
 * @param failures folds that failed for good
 */
record CrossValidationResults(
    CrossValidation plan,
    int workers,
    List<CandidateResult> candidates,
    List<FoldFailure> failures) {
  private static final String RESULTS = "cross-validation.json";
  private static final String PREDICTIONS = "predictions.csv";

  /** The results of {@code finished} folds; empty if there are none. */
  static Optional<CrossValidationResults> of(
      CrossValidation plan,
      int workers,
      Collection<FoldResult> finished,
      List<FoldFailure> failures) {
    List<CandidateResult> candidates =
        plan.candidates().stream()
            .filter(each -> finished.stream().anyMatch(f -> f.candidate() == each.number()))
            .map(
                each ->
                    new CandidateResult(
                        each,
                        finished.stream()
                            .filter(fold -> fold.candidate() == each.number())
                            .sorted(Comparator.comparingInt(FoldResult::split))
                            .toList()))
            .toList();
    return candidates.isEmpty()
        ? Optional.empty()
        : Optional.of(new CrossValidationResults(plan, workers, candidates, failures));
  }

  /** Whether every fold of every candidate is finished. */
  boolean complete() {
    return candidates.size() == plan.candidates().size()
        && candidates.stream().allMatch(each -> each.folds().size() == plan.splits().size());
  }

  /** The splits that any candidate has finished, in order. */
  private List<Integer> splits() {
    return candidates.stream()
        .flatMap(each -> each.folds().stream())
        .map(FoldResult::split)
        .distinct()
        .sorted()
        .toList();
  }

  private List<Integer> missing(Candidate candidate) {
    List<Integer> missing = new ArrayList<>(splits());
    candidates.stream()
        .filter(each -> each.candidate().equals(candidate))
        .flatMap(each -> each.folds().stream())
        .forEach(fold -> missing.remove((Integer) fold.split()));
    return missing;
  }

  /** The candidates that cannot be compared, for they lack splits that others have finished. */
  List<Unranked> unranked() {
    return plan.candidates().size() == 1
        ? List.of()
        : plan.candidates().stream()
            .map(each -> new Unranked(each.number(), missing(each)))
            .filter(each -> !each.missing().isEmpty())
            .toList();
  }

  /**
   * The candidates that have finished every split that any has, in order; empty if there are not
   * two of them.
   */
  Optional<Ranking> ranking() {
    List<CandidateResult> ranked =
        candidates.stream().filter(each -> missing(each.candidate()).isEmpty()).toList();
    return ranked.size() < 2
        ? Optional.empty()
        : Optional.of(
            Ranking.of(
                plan.metric(),
                ranked.stream().map(this::entry).toList(),
                ranked.get(0).validationToTraining()));
  }

  private Ranking.Entry entry(CandidateResult result) {
    return new Ranking.Entry(
        result.candidate().number(),
        result.validation(plan.metric()),
        result.folds().get(0).parameters());
  }

  /** The one that the ranking chooses, or the only one; empty if none could be chosen. */
  Optional<CandidateResult> chosen() {
    if (plan.candidates().size() == 1) {
      return Optional.of(candidates.get(0));
    }
    Optional<Integer> chosen = ranking().map(Ranking::chosen);
    return candidates.stream()
        .filter(each -> chosen.equals(Optional.of(each.candidate().number())))
        .findFirst();
  }

  /**
   * Writes all but what each fold has written itself: of the chosen candidate its configuration,
   * results and predictions, and of several what they gave.
   */
  void write(RunFiles files, FoldFiles folds) {
    chosen()
        .ifPresentOrElse(
            chosen -> {
              files.write(
                  ExistingRun.CONFIGURATION,
                  Section.write(chosen.candidate().configuration().resolved()));
              files.write(RESULTS, json(chosen));
              files.write(PREDICTIONS, folds.predictions(chosen.folds()));
            },
            () -> removeEarlierChoice(files.location()));
    if (plan.candidates().size() > 1) {
      files.write("grid.json", grid());
    }
  }

  /** One that was made on fewer splits, before the run was resumed. */
  private static void removeEarlierChoice(Location directory) {
    try {
      for (String name : List.of(ExistingRun.CONFIGURATION, RESULTS, PREDICTIONS)) {
        directory.child(name).delete();
      }
    } catch (IOException e) {
      throw new UncheckedIOException("cannot remove an earlier choice: " + Location.reason(e), e);
    }
  }

  private ObjectNode json(CandidateResult chosen) {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    json.put("name", plan.name());
    json.put("seed", chosen.candidate().configuration().seed());
    json.put("splits", plan.splits().size());
    json.put("workers", workers);
    json.setAll(chosen.toJson());
    ArrayNode failed = json.putArray("failed");
    failures.forEach(
        each -> failed.addObject().put("fold", each.name()).put("reason", each.reason()));
    return json;
  }

  private ObjectNode grid() {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    json.put("metric", plan.metric().word());
    ranking().ifPresent(ranking -> add(ranking, json));
    ArrayNode others = json.putArray("unranked");
    for (Unranked each : unranked()) {
      ArrayNode missing = others.addObject().put("candidate", each.candidate()).putArray("missing");
      each.missing().forEach(missing::add);
    }
    ArrayNode all = json.putArray("candidates");
    candidates.forEach(each -> all.add(each.toJson()));
    return json;
  }

  private static void add(Ranking ranking, ObjectNode json) {
    json.put("chosen", ranking.chosen());
    ArrayNode places = json.putArray("ranking");
    for (Ranking.Place place : ranking.places()) {
      ObjectNode each = places.addObject().put("candidate", place.candidate());
      each.setAll(place.estimate().toJson());
      each.put("parameters", place.parameters());
      each.put("withinOneStandardError", place.withinOneStandardError());
      double p = place.againstBest().p();
      each.put("p", Double.isFinite(p) ? (Double) p : null);
    }
  }
}
