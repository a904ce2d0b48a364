package dev.lockstep.spark.job;

import dev.lockstep.config.Configuration;
import dev.lockstep.data.Dataset;
import dev.lockstep.metrics.Ranking;
import dev.lockstep.network.Network;
import dev.lockstep.report.Curves;
import dev.lockstep.report.Report;
import dev.lockstep.report.ReportedRun;
import dev.lockstep.report.Span;
import dev.lockstep.report.Table;
import dev.lockstep.report.WrongExample;
import dev.lockstep.report.WrongExamples;
import dev.lockstep.spark.gang.SelectedEngine;
import dev.lockstep.yaml.Section;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What a cross-validation leaves for people to look at: a run for each candidate, whose curves are
 * those of its folds.
 *
 * @param folds where the finished folds lie
 * @param dataset of all folds
 * @param started when it, or what is resumed of it, started
 */
record CrossValidationReport(
    CrossValidationResults results,
    FoldFiles folds,
    Dataset dataset,
    String master,
    Instant started) {

  /** Writes the report, its data, and the curves as pictures; of very many candidates, the best. */
  void write(RunFiles files) {
    List<ReportedRun> runs =
        shown().stream().limit(Report.MOST_RUNS).map(candidate -> reported(candidate)).toList();
    List<Table> tables =
        results.ranking().stream()
            .map(
                ranking ->
                    ScoreTables.ranking(ranking, results.plan().metric(), results.candidates()))
            .toList();
    ReportFiles.write(new Report(files.location().name(), runs, tables), files);
  }

  /** By rank, those without one last. */
  private List<CandidateResult> shown() {
    List<Integer> ranked =
        results.ranking().stream()
            .flatMap(ranking -> ranking.places().stream())
            .map(Ranking.Place::candidate)
            .toList();
    return results.candidates().stream()
        .sorted(
            Comparator.comparing((CandidateResult each) -> !ranked.contains(number(each)))
                .thenComparing(each -> ranked.indexOf(number(each))))
        .toList();
  }

  private static int number(CandidateResult result) {
    return result.candidate().number();
  }

  private ReportedRun reported(CandidateResult result) {
    Instant first = result.folds().stream().map(FoldResult::started).min(Instant::compareTo).get();
    List<Curves> curves = new ArrayList<>();
    List<WrongExample> worst = new ArrayList<>();
    List<Span> timeline = new ArrayList<>();
    List<ReportedRun> parts = result.folds().stream().map(folds::reported).toList();
    for (int i = 0; i < parts.size(); i++) {
      curves.addAll(parts.get(i).curves());
      worst.addAll(parts.get(i).worst());
      double begin = Duration.between(first, result.folds().get(i).started()).toNanos() / 1e9;
      parts.get(i).timeline().forEach(span -> timeline.add(span.later(begin)));
    }
    return new ReportedRun(
        name(result),
        parts.get(0).classes(),
        curves,
        Map.of("validation", result.pooled()),
        List.of(ScoreTables.folds(result)),
        WrongExamples.worst(worst),
        parts.get(0).weights(),
        timeline,
        Section.write(result.candidate().configuration().resolved()),
        environment(result));
  }

  private String name(CandidateResult result) {
    return result.candidate().settings().isEmpty()
        ? results.plan().name()
        : "candidate %d: %s"
            .formatted(
                result.candidate().number(), String.join(", ", result.candidate().settings()));
  }

  private Map<String, String> environment(CandidateResult result) {
    Configuration configuration = result.candidate().configuration();
    Network network = configuration.network(dataset.shape(), dataset.classes());
    Map<String, String> facts = new LinkedHashMap<>();
    facts.put(
        "network",
        String.format(
            Locale.ROOT, "%s, %,d parameters", network.name(), network.layout().length()));
    facts.put(
        "dataset",
        String.format(
            Locale.ROOT, "%s, %,d training examples", dataset.name(), dataset.training().size()));
    facts.put(
        "folds",
        "%d of %d finished".formatted(result.folds().size(), results.plan().splits().size()));
    ReportFiles.addTimes(facts, started, Instant.now());
    facts.put("seed", Long.toString(configuration.seed()));
    facts.put("engine", SelectedEngine.of(configuration.engine(), network).name());
    facts.put("workers of a fold", Integer.toString(results.workers()));
    ReportFiles.addPlace(facts, master);
    return facts;
  }
}
