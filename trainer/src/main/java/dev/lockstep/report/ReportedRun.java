package dev.lockstep.report;

import dev.lockstep.metrics.Metrics;
import java.util.List;
import java.util.Map;

/**
 * What a report shows of one run. What a run does not have (no test examples, no images) is an
 * empty list or map, and the report then has no such part.
 *
 * @param name of the run: its directory's
 * @param classes the names of the classes, by number
 * @param curves the epochs of the training, or of each fold's
 * @param metrics by the name of the examples they were taken on: {@code test}, {@code validation}
 *     ...; the first are those whose confusion matrix is shown
 * @param tables more figures, in order; reports of older versions have none
 * @param worst the examples that were predicted wrong with the greatest confidence, worst first
 * @param weights pictures of the first layer's weights
 * @param timeline which worker or fold ran where and when
 * @param configuration the configuration, YAML
 * @param environment versions, machine, data ... by what they are called, in order
 */
public record ReportedRun(
    String name,
    List<String> classes,
    List<Curves> curves,
    Map<String, Metrics> metrics,
    List<Table> tables,
    List<WrongExample> worst,
    List<Pictures> weights,
    List<Span> timeline,
    String configuration,
    Map<String, String> environment) {
  /**
   * @throws IllegalArgumentException if a part is missing
   */
  public ReportedRun {
    Values.require("name", name);
    classes = Values.list("classes", classes);
    curves = Values.list("curves", curves);
    metrics = Values.map("metrics", metrics);
    tables = tables == null ? List.of() : Values.list("tables", tables);
    worst = Values.list("worst", worst);
    weights = Values.list("weights", weights);
    timeline = Values.list("timeline", timeline);
    Values.require("configuration", configuration);
    environment = Values.map("environment", environment);
  }

  /** A run without tables. */
  public ReportedRun(
      String name,
      List<String> classes,
      List<Curves> curves,
      Map<String, Metrics> metrics,
      List<WrongExample> worst,
      List<Pictures> weights,
      List<Span> timeline,
      String configuration,
      Map<String, String> environment) {
    this(
        name,
        classes,
        curves,
        metrics,
        List.of(),
        worst,
        weights,
        timeline,
        configuration,
        environment);
  }

  /** The same run by another name. */
  public ReportedRun named(String other) {
    return new ReportedRun(
        other,
        classes,
        curves,
        metrics,
        tables,
        worst,
        weights,
        timeline,
        configuration,
        environment);
  }
}
