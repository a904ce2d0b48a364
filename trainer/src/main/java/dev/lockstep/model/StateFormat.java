package dev.lockstep.model;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lockstep.coordinator.Position;
import dev.lockstep.coordinator.TrainingState;
import dev.lockstep.metrics.ConfusionMatrix;
import dev.lockstep.metrics.EpochRecord;
import dev.lockstep.metrics.History;
import dev.lockstep.metrics.Metrics;
import dev.lockstep.yaml.ConfigurationException;
import dev.lockstep.yaml.Section;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A {@link TrainingState} as bytes: vectors as raw little-endian 32-bit floats, the position as
 * JSON. Numbers come back with the same bits, also those that are not finite.
 */
public final class StateFormat {
  private static final JsonMapper JSON = new JsonMapper();
  private static final int CHUNK = 1 << 16;
  private static final int MOST_CLASSES = 1 << 12;

  private StateFormat() {}

  /** The vectors of {@code state} that are not empty, by their names. */
  public static Map<String, float[]> vectors(TrainingState state) {
    Map<String, float[]> vectors = new LinkedHashMap<>();
    vectors.put("parameters", state.parameters());
    vectors.put("optimizer", state.optimizer());
    vectors.put("outer", state.outer());
    vectors.put("best", state.best());
    vectors.values().removeIf(vector -> vector.length == 0);
    return vectors;
  }

  /** Writes {@code vector}, 4 bytes a number. */
  public static void write(float[] vector, OutputStream out) throws IOException {
    ByteBuffer chunk = chunk();
    for (int from = 0; from < vector.length; from += CHUNK) {
      int count = Math.min(CHUNK, vector.length - from);
      chunk.asFloatBuffer().put(vector, from, count);
      out.write(chunk.array(), 0, count * Float.BYTES);
    }
  }

  /**
   * Fills {@code vector} with what {@link #write} wrote.
   *
   * @throws EOFException if there are fewer bytes
   */
  public static void read(InputStream in, float[] vector) throws IOException {
    ByteBuffer chunk = chunk();
    for (int from = 0; from < vector.length; from += CHUNK) {
      int count = Math.min(CHUNK, vector.length - from);
      if (in.readNBytes(chunk.array(), 0, count * Float.BYTES) < count * Float.BYTES) {
        throw new EOFException("ends within number %d of %d".formatted(from, vector.length));
      }
      chunk.asFloatBuffer().get(vector, from, count);
    }
  }

  private static ByteBuffer chunk() {
    return ByteBuffer.allocate(CHUNK * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** The position as JSON. */
  public static byte[] write(Position position) {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    json.put("epoch", position.epoch());
    json.put("batch", position.batch());
    json.put("step", position.step());
    json.put("round", position.round());
    json.put("learningRate", position.learningRate());
    json.put("loss", position.loss());
    json.put("hits", position.hits());
    json.put("examples", position.examples());
    json.put("seconds", position.seconds());
    json.put("bestEpoch", position.bestEpoch());
    json.put("stoppedEarly", position.stoppedEarly());
    ArrayNode history = json.putArray("history");
    position.history().epochs().forEach(epoch -> history.add(json(epoch)));
    try {
      return JSON.writeValueAsBytes(json);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  private static ObjectNode json(EpochRecord epoch) {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    json.put("trainingLoss", epoch.trainingLoss());
    json.put("trainingAccuracy", epoch.trainingAccuracy());
    json.put("learningRate", epoch.learningRate());
    json.put("seconds", epoch.seconds());
    json.put("examples", epoch.examples());
    if (epoch.validation() != null) {
      Metrics metrics = epoch.validation();
      ObjectNode validation = json.putObject("validation");
      validation.put("accuracy", metrics.accuracy());
      validation.put("loss", metrics.loss());
      validation.put("mse", metrics.mse());
      validation.set("confusion", metrics.confusion().toJson());
    }
    return json;
  }

  /**
   * Reads what {@link #write(Position)} wrote.
   *
   * @param where what errors call the text
   * @throws ConfigurationException if it is not such a text
   */
  public static Position readPosition(String where, byte[] text) {
    Section section = Section.of(where, tree(where, text));
    List<EpochRecord> epochs = new ArrayList<>();
    for (JsonNode epoch : section.list("history")) {
      epochs.add(readEpoch(section.at("history", epoch), epochs.size() + 1));
    }
    try {
      Position position =
          new Position(
              section.whole("epoch", 0),
              section.whole("batch", 0),
              count(section, "step"),
              count(section, "round"),
              number(section, "learningRate"),
              number(section, "loss"),
              count(section, "hits"),
              count(section, "examples"),
              number(section, "seconds"),
              section.whole("bestEpoch", 0),
              section.flag("stoppedEarly", false),
              new History(epochs));
      section.done();
      return position;
    } catch (IllegalArgumentException e) {
      throw new ConfigurationException(where + ": " + e.getMessage(), e);
    }
  }

  private static JsonNode tree(String where, byte[] text) {
    try {
      JsonNode tree = JSON.readTree(text);
      if (tree == null || !tree.isObject()) {
        throw new ConfigurationException(where + ": is not a JSON object");
      }
      return tree;
    } catch (IOException e) {
      throw new ConfigurationException(where + ": is not JSON", e);
    }
  }

  private static EpochRecord readEpoch(Section section, int epoch) {
    try {
      EpochRecord record =
          new EpochRecord(
              epoch,
              number(section, "trainingLoss"),
              number(section, "trainingAccuracy"),
              section.has("validation") ? readMetrics(section.section("validation")) : null,
              number(section, "learningRate"),
              number(section, "seconds"),
              count(section, "examples"));
      section.done();
      return record;
    } catch (IllegalArgumentException e) {
      throw new ConfigurationException(section.where() + ": " + e.getMessage(), e);
    }
  }

  private static Metrics readMetrics(Section section) {
    ConfusionMatrix confusion = readConfusion(section);
    Metrics metrics =
        new Metrics(
            confusion.examples(),
            number(section, "accuracy"),
            number(section, "loss"),
            number(section, "mse"),
            confusion);
    section.done();
    return metrics;
  }

  private static ConfusionMatrix readConfusion(Section section) {
    List<JsonNode> rows = section.list("confusion");
    int classes = rows.size();
    if (classes > MOST_CLASSES || rows.stream().anyMatch(row -> row.size() != classes)) {
      throw new ConfigurationException(
          "%s: confusion has %d rows but must have one and a column for each of at most %d classes"
              .formatted(section.where(), classes, MOST_CLASSES));
    }
    long[] counts = new long[classes * classes];
    for (int i = 0; i < counts.length; i++) {
      JsonNode count = rows.get(i / classes).get(i % classes);
      if (!count.canConvertToLong() || !count.isIntegralNumber()) {
        throw section.wrong("confusion", count, "whole numbers");
      }
      counts[i] = count.longValue();
    }
    return new ConfusionMatrix(classes, counts);
  }

  private static long count(Section section, String key) {
    return section.whole(key, 0, 0, Long.MAX_VALUE);
  }

  /** Java's own text of a double, which JSON has a number for only if it is finite. */
  private static double number(Section section, String key) {
    try {
      return Double.parseDouble(section.text(key));
    } catch (NumberFormatException e) {
      throw section.wrong(key, section.value(key), "a number");
    }
  }
}
