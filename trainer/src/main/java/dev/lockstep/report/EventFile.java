package dev.lockstep.report;

import com.fasterxml.jackson.databind.JsonNode;
import dev.lockstep.metrics.EpochRecord;
import dev.lockstep.metrics.History;
import dev.lockstep.metrics.Metrics;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The epochs of a training for TensorBoard: scalars such as {@code accuracy/train} and {@code
 * accuracy/validation} with the epoch as step, and the hyperparameters for its HParams page. The
 * messages are {@code tensorflow/core/util/event.proto}, {@code .../framework/summary.proto} and
 * {@code tensorboard/plugins/hparams/plugin_data.proto}.
 *
 * @param started when the training began
 * @param ended when it ended
 * @param hyperparameters a tree, whose leaves become {@code training.optimizer.learningRate} ...
 * @param results the metrics at the end, by the name of the examples they were taken on
 */
public record EventFile(
    Instant started,
    Instant ended,
    JsonNode hyperparameters,
    History history,
    Map<String, Metrics> results) {
  /**
   * The file's name in a run directory. TensorBoard looks for "tfevents" in it; the time, which
   * others put there, would differ between equal runs.
   */
  public static final String NAME = "events.out.tfevents.lockstep";

  /** What the HParams page shows beside the hyperparameters. */
  private static final String[] RANKED = {
    "accuracy/validation", "loss/validation", "accuracy/test", "loss/test"
  };

  /** Values of enumerations of the HParams plugin. */
  private static final int SUCCESS = 1;

  /** TensorFlow's DT_FLOAT. */
  private static final int FLOAT = 1;

  /** Writes the whole file; a number that is not finite is written as it is. */
  public void writeTo(OutputStream out) throws IOException {
    TfRecords records = new TfRecords(out);
    double begin = seconds(started);
    records.write(event(begin, 0).put(3, "brain.Event:2").toBytes());
    records.write(hparams(begin, "experiment", 2, experiment()));
    records.write(hparams(begin, "session_start_info", 3, sessionStart(begin)));
    double time = begin;
    for (EpochRecord epoch : history.epochs()) {
      time += epoch.seconds();
      records.write(event(time, epoch.epoch()).put(5, scalars(epoch)).toBytes());
    }
    if (!results.isEmpty() && !history.epochs().isEmpty()) {
      int last = history.epochs().get(history.epochs().size() - 1).epoch();
      records.write(event(seconds(ended), last).put(5, finalScalars()).toBytes());
    }
    records.write(hparams(seconds(ended), "session_end_info", 4, sessionEnd()));
  }

  private static double seconds(Instant instant) {
    return instant.getEpochSecond() + instant.getNano() / 1e9;
  }

  private static ProtoMessage event(double wallTime, long step) {
    return new ProtoMessage().put(1, wallTime).put(2, step);
  }

  private static ProtoMessage scalars(EpochRecord epoch) {
    ProtoMessage summary =
        new ProtoMessage()
            .put(1, scalar("loss/train", epoch.trainingLoss()))
            .put(1, scalar("accuracy/train", epoch.trainingAccuracy()))
            .put(1, scalar("learning_rate", epoch.learningRate()))
            .put(1, scalar("examples_per_second", epoch.examplesPerSecond()));
    if (epoch.validation() != null) {
      addMetrics(summary, "validation", epoch.validation());
    }
    return summary;
  }

  /** Those on validation examples are the last epoch's already, or the restored one's. */
  private ProtoMessage finalScalars() {
    ProtoMessage summary = new ProtoMessage();
    results.forEach(
        (part, metrics) -> {
          if (!part.equals("validation")) {
            addMetrics(summary, part, metrics);
          }
        });
    return summary;
  }

  private static void addMetrics(ProtoMessage summary, String part, Metrics metrics) {
    summary
        .put(1, scalar("loss/" + part, metrics.loss()))
        .put(1, scalar("accuracy/" + part, metrics.accuracy()))
        .put(1, scalar("mse/" + part, metrics.mse()))
        .put(1, scalar("recall/" + part, metrics.confusion().macroRecall()))
        .put(1, scalar("precision/" + part, metrics.confusion().macroPrecision()))
        .put(1, scalar("f1/" + part, metrics.confusion().macroF1()));
  }

  private static ProtoMessage scalar(String tag, double value) {
    return new ProtoMessage().put(1, tag).put(2, (float) value);
  }

  /** A value without data of its own: the plugin reads its message from the metadata. */
  private static byte[] hparams(double wallTime, String kind, int field, ProtoMessage message) {
    ProtoMessage plugin =
        new ProtoMessage()
            .put(1, "hparams")
            .put(2, new ProtoMessage().put(1, 0L).put(field, message));
    ProtoMessage value =
        new ProtoMessage()
            .put(1, "_hparams_/" + kind)
            .put(9, new ProtoMessage().put(1, plugin))
            .put(8, zero());
    return event(wallTime, 0).put(5, new ProtoMessage().put(1, value)).toBytes();
  }

  /** A tensor of one float, 0: without any, TensorBoard passes over the value. */
  private static ProtoMessage zero() {
    ProtoMessage shape = new ProtoMessage().put(2, new ProtoMessage().put(1, 1L));
    return new ProtoMessage().put(1, (long) FLOAT).put(2, shape).put(5, 0f);
  }

  private ProtoMessage experiment() {
    ProtoMessage experiment = new ProtoMessage();
    leaves()
        .forEach(
            (key, leaf) -> experiment.put(4, new ProtoMessage().put(1, key).put(4, type(leaf))));
    for (String tag : RANKED) {
      experiment.put(5, new ProtoMessage().put(1, new ProtoMessage().put(2, tag)).put(2, tag));
    }
    return experiment.put(6, seconds(started));
  }

  /** STRING, BOOL or FLOAT64. */
  private static long type(JsonNode leaf) {
    return leaf.isNumber() ? 3 : leaf.isBoolean() ? 2 : 1;
  }

  private ProtoMessage sessionStart(double begin) {
    ProtoMessage start = new ProtoMessage();
    leaves()
        .forEach((key, leaf) -> start.put(1, new ProtoMessage().put(1, key).put(2, value(leaf))));
    return start.put(5, begin);
  }

  /** A {@code google.protobuf.Value}. */
  private static ProtoMessage value(JsonNode leaf) {
    if (leaf.isNumber()) {
      return new ProtoMessage().put(2, leaf.doubleValue());
    }
    return leaf.isBoolean()
        ? new ProtoMessage().put(4, leaf.booleanValue())
        : new ProtoMessage().put(3, leaf.isTextual() ? leaf.textValue() : leaf.toString());
  }

  private ProtoMessage sessionEnd() {
    return new ProtoMessage().put(1, (long) SUCCESS).put(2, seconds(ended));
  }

  private Map<String, JsonNode> leaves() {
    Map<String, JsonNode> leaves = new LinkedHashMap<>();
    collect("", hyperparameters, leaves);
    return leaves;
  }

  private static void collect(String path, JsonNode node, Map<String, JsonNode> leaves) {
    if (!node.isObject()) {
      leaves.put(path, node);
      return;
    }
    node.fields()
        .forEachRemaining(
            field ->
                collect(
                    path.isEmpty() ? field.getKey() : path + "." + field.getKey(),
                    field.getValue(),
                    leaves));
  }
}
