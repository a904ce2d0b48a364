package dev.lockstep.spark.job;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lockstep.metrics.ConfusionMatrix;
import dev.lockstep.metrics.Estimate;
import dev.lockstep.metrics.Metric;
import dev.lockstep.metrics.Metrics;
import dev.lockstep.spark.job.CrossValidation.Candidate;
import java.util.List;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;

/**
 * What the folds of one candidate gave.
 *
 * @param folds those that are finished, in the order of their splits; at least one
 */
public record CandidateResult(Candidate candidate, List<FoldResult> folds) {
  public CandidateResult {
    folds = List.copyOf(folds);
  }

  /** One quantity, a number a fold. */
  private double[] values(ToDoubleFunction<FoldResult> quantity) {
    return folds.stream().mapToDouble(quantity).toArray();
  }

  /** A metric on the validation examples, a number a fold. */
  public double[] validation(Metric metric) {
    return values(fold -> metric.of(fold.validation()));
  }

  /** Each fold's predictions of its validation examples together. */
  public ConfusionMatrix confusion() {
    return folds.stream()
        .map(fold -> fold.validation().confusion())
        .reduce(ConfusionMatrix::plus)
        .orElseThrow();
  }

  /**
   * Each fold's metrics on its validation examples as those of one set, which they are together.
   */
  Metrics pooled() {
    long examples = folds.stream().mapToLong(fold -> fold.validation().examples()).sum();
    return new Metrics(
        examples,
        confusion().accuracy(),
        mean(Metrics::loss, examples),
        mean(Metrics::mse, examples),
        confusion());
  }

  private double mean(ToDoubleFunction<Metrics> value, long examples) {
    double sum = 0;
    for (FoldResult fold : folds) {
      sum += value.applyAsDouble(fold.validation()) * fold.validation().examples();
    }
    return sum / examples;
  }

  /** The median of the epochs whose parameters were scored; of two in the middle, the lower. */
  int epochs() {
    int[] sorted = folds.stream().mapToInt(FoldResult::epoch).sorted().toArray();
    return sorted[(sorted.length - 1) / 2];
  }

  /** Validation examples for each training example. */
  double validationToTraining() {
    return (double) folds.stream().mapToLong(fold -> fold.validation().examples()).sum()
        / folds.stream().mapToLong(fold -> fold.training().examples()).sum();
  }

  private record Column(String name, ToDoubleFunction<FoldResult> value) {}

  /** Named as scikit-learn's {@code cross_validate} names them: "test" is the part held out. */
  private static List<Column> columns() {
    List<Column> columns = new java.util.ArrayList<>();
    columns.add(new Column("fit_time", FoldResult::fitSeconds));
    columns.add(new Column("score_time", FoldResult::scoreSeconds));
    for (Metric metric : Metric.values()) {
      columns.add(new Column("test_" + metric.word(), fold -> metric.of(fold.validation())));
    }
    for (Metric metric : Metric.values()) {
      columns.add(new Column("train_" + metric.word(), fold -> metric.of(fold.training())));
    }
    return columns;
  }

  /**
   * {@code results} in the shape of scikit-learn's {@code cross_validate}, a list a quantity with a
   * number a fold (null if it is not finite): {@code fit_time}, {@code score_time}, {@code
   * test_accuracy} ..., {@code train_accuracy} ...; their {@code summary}; the pooled {@code
   * confusion} matrix; and each fold's {@code history}.
   */
  ObjectNode toJson() {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    json.put("candidate", candidate.number());
    candidate.settings().forEach(json.putArray("settings")::add);
    json.put("parameters", folds.get(0).parameters());
    numbers(json.putArray("fold"), IntStream.range(0, folds.size()).map(i -> fold(i).split()));
    numbers(json.putArray("repeat"), IntStream.range(0, folds.size()).map(i -> fold(i).repeat()));
    numbers(json.putArray("epoch"), IntStream.range(0, folds.size()).map(i -> fold(i).epoch()));
    ArrayNode started = json.putArray("started");
    folds.forEach(fold -> started.add(fold.started().toString()));
    ObjectNode results = json.putObject("results");
    ObjectNode summary = json.putObject("summary");
    for (Column column : columns()) {
      ArrayNode list = results.putArray(column.name());
      for (double value : values(column.value())) {
        list.add(Double.isFinite(value) ? (Double) value : null);
      }
      summary.set(column.name(), Estimate.of(values(column.value())).toJson());
    }
    json.set("confusion", confusion().toJson());
    ArrayNode histories = json.putArray("history");
    folds.forEach(fold -> histories.add(fold.history()));
    return json;
  }

  private FoldResult fold(int i) {
    return folds.get(i);
  }

  private static void numbers(ArrayNode list, IntStream numbers) {
    numbers.forEach(list::add);
  }
}
