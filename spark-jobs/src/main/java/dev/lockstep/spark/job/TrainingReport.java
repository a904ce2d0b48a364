package dev.lockstep.spark.job;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lockstep.config.Configuration;
import dev.lockstep.coordinator.TrainingResult;
import dev.lockstep.data.Dataset;
import dev.lockstep.metrics.Metrics;
import dev.lockstep.network.Network;
import dev.lockstep.report.Curves;
import dev.lockstep.report.EventFile;
import dev.lockstep.report.FirstLayer;
import dev.lockstep.report.Report;
import dev.lockstep.report.ReportedRun;
import dev.lockstep.report.Span;
import dev.lockstep.report.WrongExample;
import dev.lockstep.spark.job.TrainingJob.Prepared;
import dev.lockstep.yaml.Section;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What a training leaves for people to look at.
 *
 * @param timeline when and where its workers ran
 */
record TrainingReport(
    Configuration configuration,
    Prepared prepared,
    String master,
    Instant started,
    TrainingResult result,
    List<Span> timeline) {
  /**
   * Writes the report, its data, the curves as pictures, and TensorBoard's event file.
   *
   * @param worst the examples that are most confidently wrong
   */
  void write(RunFiles files, List<WrongExample> worst) {
    Instant ended = Instant.now();
    Report report = report(files.location().name(), worst, ended);
    ReportFiles.write(report, files);
    EventFile events =
        new EventFile(started, ended, hyperparameters(), result.history(), metrics());
    files.write(EventFile.NAME, events::writeTo);
  }

  private Report report(String name, List<WrongExample> worst, Instant ended) {
    Network network = prepared.network();
    return new Report(
        name,
        List.of(
            new ReportedRun(
                name,
                ReportFiles.classNames(network.classes()),
                List.of(new Curves("training", result.history())),
                metrics(),
                worst,
                FirstLayer.of(network, result.parameters()),
                timeline,
                Section.write(configuration.resolved()),
                environment(ended))));
  }

  private Map<String, Metrics> metrics() {
    Map<String, Metrics> parts = new LinkedHashMap<>();
    result.test().ifPresent(test -> parts.put("test", test));
    result.validation().ifPresent(validation -> parts.put("validation", validation));
    return parts;
  }

  private Map<String, String> environment(Instant ended) {
    Network network = prepared.network();
    Dataset dataset = prepared.dataset();
    Map<String, String> facts = new LinkedHashMap<>();
    facts.put("network", format("%s, %,d parameters", network.name(), network.layout().length()));
    facts.put(
        "dataset",
        format(
            "%s, %,d training, %,d validation, %,d test examples",
            dataset.name(),
            prepared.training().data().split().training().length,
            prepared.training().data().split().validation().length,
            dataset.test().size()));
    ReportFiles.addTimes(facts, started, ended);
    facts.put("seed", Long.toString(configuration.seed()));
    facts.put("engine", prepared.engine().name());
    facts.put("workers", Integer.toString(prepared.workers()));
    ReportFiles.addPlace(facts, master);
    return facts;
  }

  private static String format(String text, Object... values) {
    return String.format(Locale.ROOT, text, values);
  }

  private ObjectNode hyperparameters() {
    return configuration
        .resolved()
        .put("network", prepared.network().name())
        .put("engine", prepared.engine().name());
  }
}
