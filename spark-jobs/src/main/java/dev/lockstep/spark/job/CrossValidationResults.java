package dev.lockstep.spark.job;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lockstep.metrics.Ranking;
import dev.lockstep.yaml.Section;
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

  /** The candidates in order; empty if there is one, or they were not on the same splits. */
  Optional<Ranking> ranking() {
    long differentSplits =
        candidates.stream()
            .map(each -> each.folds().stream().map(FoldResult::split).toList())
            .distinct()
            .count();
    return candidates.size() < 2 || differentSplits > 1
        ? Optional.empty()
        : Optional.of(
            Ranking.of(
                plan.metric(),
                candidates.stream().map(this::entry).toList(),
                candidates.get(0).validationToTraining()));
  }

  private Ranking.Entry entry(CandidateResult result) {
    return new Ranking.Entry(
        result.candidate().number(),
        result.validation(plan.metric()),
        result.folds().get(0).parameters());
  }

  /** The one that the ranking chooses; the first if there is no ranking. */
  CandidateResult chosen() {
    Optional<Ranking> ranking = ranking();
    return candidates.stream()
        .filter(each -> ranking.isEmpty() || each.candidate().number() == ranking.get().chosen())
        .findFirst()
        .orElseThrow();
  }

  /** Writes all but what each fold has written itself. */
  void write(RunFiles files, FoldFiles folds) {
    CandidateResult chosen = chosen();
    files.write(
        ExistingRun.CONFIGURATION, Section.write(chosen.candidate().configuration().resolved()));
    files.write("cross-validation.json", json(chosen));
    files.write("predictions.csv", folds.predictions(chosen.folds()));
    if (plan.candidates().size() > 1) {
      files.write("grid.json", grid());
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
      each.put("p", place.againstBest().p());
    }
  }
}
