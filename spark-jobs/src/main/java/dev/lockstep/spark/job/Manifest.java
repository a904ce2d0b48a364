package dev.lockstep.spark.job;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lockstep.config.Configuration;
import dev.lockstep.coordinator.RoundSummary;
import dev.lockstep.coordinator.TrainingResult;
import dev.lockstep.data.Dataset;
import dev.lockstep.data.Examples;
import dev.lockstep.network.Network;
import dev.lockstep.spark.job.TrainingJob.Prepared;
import java.time.Instant;

/**
 * What made a run's results, and which files they are: enough to repeat the run and to see whether
 * a file was changed since.
 */
record Manifest(
    Configuration configuration,
    Prepared prepared,
    String master,
    Instant started,
    TrainingResult result) {
  /** The file that is written last: a run directory that has it is complete. */
  static final String NAME = "manifest.json";

  static final int FORMAT = 1;

  /**
   * The manifest of a run that is over.
   *
   * @param files name, length and SHA-256 of each of the run's files
   */
  ObjectNode toJson(Instant finished, ArrayNode files) {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    json.put("format", FORMAT);
    json.put("name", configuration.name());
    json.put("started", started.toString());
    json.put("finished", finished.toString());
    json.set("versions", versions());
    json.put("master", master);
    json.put("workers", prepared.workers());
    json.put("seed", configuration.seed());
    json.set("network", network());
    json.set("dataset", dataset(prepared.dataset()));
    json.putObject("result")
        .put("epochs", result.history().epochs().size())
        .put("epoch", result.epoch())
        .put("stoppedEarly", result.stoppedEarly());
    json.set("rounds", rounds());
    json.set("files", files);
    return json;
  }

  static ObjectNode versions() {
    Versions versions = Versions.current();
    return JsonNodeFactory.instance
        .objectNode()
        .put("lockstep", versions.lockstep())
        .put("spark", versions.spark())
        .put("dl4j", versions.dl4j())
        .put("java", versions.java())
        .put("os", versions.os());
  }

  private ObjectNode network() {
    Network network = prepared.network();
    return JsonNodeFactory.instance
        .objectNode()
        .put("name", network.name())
        .put("layers", network.layers().size())
        .put("parameters", network.layout().length())
        .put("engine", prepared.engine().name());
  }

  static ObjectNode dataset(Dataset dataset) {
    ObjectNode json = JsonNodeFactory.instance.objectNode().put("name", dataset.name());
    json.set("training", fingerprint(dataset.training()));
    json.set("test", fingerprint(dataset.test()));
    return json;
  }

  private static ObjectNode fingerprint(Examples examples) {
    return JsonNodeFactory.instance
        .objectNode()
        .put("examples", examples.size())
        .put("fingerprint", examples.fingerprint());
  }

  /** Medians, in milliseconds. */
  private ObjectNode rounds() {
    RoundSummary rounds = result.rounds();
    return JsonNodeFactory.instance
        .objectNode()
        .put("count", rounds.rounds())
        .put("roundMillis", rounds.roundMillis())
        .put("computeMillis", rounds.computeMillis())
        .put("wireMillis", rounds.wireMillis())
        .put("waitMillis", rounds.waitMillis())
        .put("updateMillis", rounds.updateMillis());
  }
}
