package dev.lockstep.spark.job;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lockstep.metrics.ConfusionMatrix;
import dev.lockstep.metrics.Metrics;
import dev.lockstep.yaml.ConfigurationException;
import dev.lockstep.yaml.Section;
import java.time.Instant;
import java.util.List;

/**
 * What one split gave for one candidate.
 *
 * @param split its number, from 1
 * @param started when its training started
 * @param fitSeconds that the training took
 * @param scoreSeconds that the predictions of the validation examples took
 * @param epoch whose parameters were scored, from 1
 * @param parameters how many the network has
 * @param training metrics of these parameters on the training examples, without dropout
 * @param validation metrics of these parameters on the validation examples
 * @param history as {@link dev.lockstep.metrics.History#toJson}
 */
public record FoldResult(
    int candidate,
    int split,
    int repeat,
    Instant started,
    double fitSeconds,
    double scoreSeconds,
    int epoch,
    long parameters,
    Metrics training,
    Metrics validation,
    ObjectNode history) {
  private static final int MOST_CLASSES = 4096;

  /** What {@link #read} reads. */
  ObjectNode toJson() {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    json.put("candidate", candidate);
    json.put("fold", split);
    json.put("repeat", repeat);
    json.put("started", started.toString());
    json.put("fit_time", fitSeconds);
    json.put("score_time", scoreSeconds);
    json.put("epoch", epoch);
    json.put("parameters", parameters);
    json.set("train", training.toJson());
    json.set("test", validation.toJson());
    json.set("history", history);
    return json;
  }

  /**
   * Reads what {@link #toJson} writes.
   *
   * @throws ConfigurationException if it is something else
   */
  static FoldResult read(Section section) {
    JsonNode history = section.value("history");
    if (!history.isObject()) {
      throw section.wrong("history", history, "a mapping");
    }
    try {
      return new FoldResult(
          section.whole("candidate", 1),
          section.whole("fold", 1),
          section.whole("repeat", 1),
          Instant.parse(section.text("started")),
          number(section, "fit_time"),
          number(section, "score_time"),
          section.whole("epoch", 1),
          section.whole("parameters", 0),
          metrics(section.section("train")),
          metrics(section.section("test")),
          (ObjectNode) history);
    } catch (java.time.format.DateTimeParseException e) {
      throw new ConfigurationException(section.where() + ": started is not a time", e);
    }
  }

  private static double number(Section section, String key) {
    return section.number(key, Double.NaN, "a number", value -> true);
  }

  private static Metrics metrics(Section section) {
    List<JsonNode> rows = section.list("confusion");
    int classes = rows.size();
    if (classes == 0
        || classes > MOST_CLASSES
        || rows.stream().anyMatch(r -> r.size() != classes)) {
      throw new ConfigurationException(
          section.where() + ".confusion has as many columns as rows, at least one");
    }
    long[] counts = new long[classes * classes];
    for (int i = 0; i < counts.length; i++) {
      counts[i] = Math.max(0, rows.get(i / classes).get(i % classes).asLong());
    }
    return new Metrics(
        section.whole("examples", 1),
        number(section, "accuracy"),
        number(section, "loss"),
        number(section, "mse"),
        new ConfusionMatrix(classes, counts));
  }
}
