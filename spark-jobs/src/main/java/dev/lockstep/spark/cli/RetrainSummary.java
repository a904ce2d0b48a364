package dev.lockstep.spark.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lockstep.spark.job.RetrainingResult;
import dev.lockstep.spark.job.RetrainingResult.Decision;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * How a retraining went, for whoever is on call and for machines.
 *
 * @param name of the configuration
 * @param exitCode of the process
 */
record RetrainSummary(
    String name, RetrainingResult result, int exitCode, Instant started, Instant finished) {
  private static final List<String> METRICS =
      List.of("accuracy", "loss", "mse", "recall.macro", "precision.macro", "f1.macro");

  /** One that ends now. */
  RetrainSummary(String name, RetrainingResult result, int exitCode, Instant started) {
    this(name, result, exitCode, started, Instant.now());
  }

  private double seconds() {
    return (double) Duration.between(started, finished).toMillis() / TimeUnit.SECONDS.toMillis(1);
  }

  /** One object. */
  ObjectNode toJson() {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    json.put("name", name);
    json.put("decision", result.decision().word());
    json.put("reason", result.reason());
    json.put("exitCode", exitCode);
    if (result.version() > 0) {
      json.put("version", result.version());
    }
    result.champion().ifPresent(champion -> json.put("champion", champion.version()));
    if (!result.partitions().isEmpty()) {
      ObjectNode data = json.putObject("data");
      data.put("partitions", result.partitions().size())
          .put("from", result.partitions().get(0).toString())
          .put("through", result.partitions().get(result.partitions().size() - 1).toString());
      result
          .data()
          .ifPresent(
              about ->
                  data.put("fingerprint", about.fingerprint())
                      .put("training", about.training())
                      .put("test", about.test()));
    }
    result
        .about()
        .ifPresent(
            version -> {
              ObjectNode metrics = json.putObject("metrics");
              for (String model : List.of("challenger", "champion")) {
                if (version.metrics().has(model)) {
                  metrics.set(model, numbers(version.metrics().path(model)));
                }
              }
            });
    json.put("started", started.toString());
    json.put("seconds", seconds());
    return json;
  }

  private static ObjectNode numbers(JsonNode all) {
    ObjectNode numbers = JsonNodeFactory.instance.objectNode();
    METRICS.forEach(metric -> numbers.set(metric, all.path(metric)));
    return numbers;
  }

  /**
   * The same in Prometheus' text format (prometheus.io/docs/instrumenting/exposition_formats),
   * every metric a gauge.
   */
  String toPrometheus() {
    Gauges gauges = new Gauges(name);
    gauges.begin("decision", "1 for what the last retraining came to, 0 for all else.");
    for (Decision decision : Decision.values()) {
      gauges.add("decision", decision.word(), decision == result.decision() ? 1 : 0);
    }
    gauges.one("exit_code", "Exit code of the last retraining.", exitCode);
    gauges.one(
        "finished_timestamp_seconds",
        "When the last retraining ended.",
        (double) finished.toEpochMilli() / TimeUnit.SECONDS.toMillis(1));
    gauges.one("duration_seconds", "How long the last retraining took.", seconds());
    result
        .champion()
        .ifPresent(
            champion ->
                gauges.one("champion_version", "The champion in force.", champion.version()));
    gauges.one("partitions", "Partitions that were looked at.", result.partitions().size());
    result
        .data()
        .ifPresent(
            about -> {
              gauges.begin("examples", "Examples by what they are for.");
              gauges.add("part", "training", about.training());
              gauges.add("part", "test", about.test());
            });
    result
        .about()
        .ifPresent(
            version -> {
              for (String metric : METRICS) {
                gauges.begin(
                    "test_" + metric.replace('.', '_'), metric + " on the held-out examples.");
                for (String model : List.of("challenger", "champion")) {
                  JsonNode value = version.metrics().path(model).path(metric);
                  if (value.isNumber()) {
                    gauges.add("model", model, value.asDouble());
                  }
                }
              }
            });
    return gauges.text.toString();
  }

  /** The text, a metric after the other. */
  private static final class Gauges {
    private final StringBuilder text = new StringBuilder();
    private final String name;
    private String metric;

    Gauges(String name) {
      this.name = name.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n");
    }

    void begin(String suffix, String help) {
      metric = "lockstep_retrain_" + suffix;
      text.append("# HELP %s %s\n# TYPE %s gauge\n".formatted(metric, help, metric));
    }

    void one(String suffix, String help, double value) {
      begin(suffix, help);
      text.append("%s{name=\"%s\"} %s\n".formatted(metric, name, value));
    }

    void add(String label, String which, double value) {
      text.append("%s{name=\"%s\",%s=\"%s\"} %s\n".formatted(metric, name, label, which, value));
    }
  }
}
