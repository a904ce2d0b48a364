package dev.lockstep.spark.registry;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lockstep.yaml.Section;
import java.time.Instant;
import java.util.List;

/**
 * What a registry says about a version beside the files of its run. It is written once, with the
 * version.
 *
 * @param created when its training ended
 * @param lineage what it was made from
 * @param retrain the section {@code retrain} of its configuration, as {@code Retraining.tree} gives
 *     it: what the gate and the bounds on data were; empty for versions of before it was kept
 * @param data what it was trained and tested on
 * @param promoted whether the gate let it be the champion; it may be one without, by hand
 * @param reasons of the gate, for a reader; at least one
 * @param metrics an object for {@code challenger}, which is this version, and one for {@code
 *     champion} if there was one then, both on the same held-out examples
 */
public record Version(
    Instant created,
    Lineage lineage,
    ObjectNode retrain,
    Data data,
    boolean promoted,
    List<String> reasons,
    ObjectNode metrics) {
  /** The name of its file; a directory of versions without it holds no version. */
  public static final String NAME = "version.json";

  private static final int FORMAT = 1;

  /**
   * What a version was made from.
   *
   * @param fence of the lease that its training held
   * @param parent the entry of the history of champions with which it was compared; 0 for none
   * @param parentVersion the version which that entry names; 0 for none
   * @param start {@code champion} if training started from the parent's parameters, or {@code
   *     scratch}
   * @param configuration SHA-256 of all settings that decide the result
   */
  public record Lineage(
      long fence, long parent, int parentVersion, String start, String configuration) {}

  /**
   * What a version was trained and tested on.
   *
   * @param fingerprint of all examples and of which are held out
   * @param source the data set as configurations name it
   * @param training how many examples it was trained on
   * @param test how many were held out
   * @param classes how many of both there are of each class
   */
  public record Data(
      String fingerprint, String source, long training, long test, List<Long> classes) {
    public Data {
      classes = List.copyOf(classes);
    }
  }

  public Version {
    reasons = List.copyOf(reasons);
  }

  /** The content of its file. */
  public ObjectNode toJson() {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    json.put("format", FORMAT).put("created", created.toString());
    json.putObject("lineage")
        .put("fence", lineage.fence())
        .put("parent", lineage.parent())
        .put("parentVersion", lineage.parentVersion())
        .put("start", lineage.start())
        .put("configuration", lineage.configuration());
    json.set("retrain", retrain);
    ObjectNode about = json.putObject("data");
    about
        .put("fingerprint", data.fingerprint())
        .put("source", data.source())
        .put("training", data.training())
        .put("test", data.test());
    data.classes().forEach(about.putArray("classes")::add);
    ObjectNode gate = json.putObject("gate").put("promoted", promoted);
    reasons.forEach(gate.putArray("reasons")::add);
    json.set("metrics", metrics);
    return json;
  }

  /** Reads what {@link #toJson} gives. */
  static Version read(Section section) {
    section.whole("format", FORMAT, FORMAT, FORMAT);
    Instant created = RegistryFile.time(section, "created");
    Lineage lineage = readLineage(section.section("lineage"));
    ObjectNode retrain = object(section.value("retrain"));
    Data data = readData(section.section("data"));
    Section gate = section.section("gate");
    boolean promoted = gate.flag("promoted", false);
    List<String> reasons = gate.list("reasons").stream().map(JsonNode::asText).toList();
    gate.done();
    ObjectNode metrics = object(section.value("metrics"));
    section.done();
    return new Version(created, lineage, retrain, data, promoted, reasons, metrics);
  }

  private static ObjectNode object(JsonNode value) {
    return value instanceof ObjectNode object ? object : JsonNodeFactory.instance.objectNode();
  }

  private static Lineage readLineage(Section section) {
    Lineage lineage =
        new Lineage(
            section.whole("fence", 0, 0, Long.MAX_VALUE),
            section.whole("parent", 0, 0, Long.MAX_VALUE),
            section.whole("parentVersion", 0, 0),
            section.text("start"),
            section.text("configuration"));
    section.done();
    return lineage;
  }

  private static Data readData(Section section) {
    List<JsonNode> classes = section.list("classes");
    Data data =
        new Data(
            section.text("fingerprint"),
            section.text("source"),
            section.whole("training", 0, 0, Long.MAX_VALUE),
            section.whole("test", 0, 0, Long.MAX_VALUE),
            classes.stream().map(JsonNode::asLong).toList());
    section.done();
    return data;
  }
}
