package dev.lockstep.report;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lockstep.metrics.EpochRecord;
import dev.lockstep.metrics.History;
import dev.lockstep.metrics.Metrics;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.nd4j.shade.protobuf.ByteString;
import org.nd4j.shade.protobuf.UnknownFieldSet;
import org.nd4j.shade.protobuf.Value;
import org.tensorflow.framework.Summary;
import org.tensorflow.framework.SummaryMetadata;

/** Read back with TensorFlow's own compiled messages where DL4J has them, else field by field. */
class EventFileTest {
  private static final Instant STARTED = Instant.parse("2026-11-23T18:15:02.500Z");
  private static final History HISTORY = Samples.history(3, 0);
  private static final Metrics TEST = Samples.metrics(0.07, 2);

  private static EventFile file() {
    ObjectNode tree = JsonNodeFactory.instance.objectNode().put("seed", 7).put("network", "mlp");
    tree.putObject("training").put("nesterov", true).putObject("optimizer").put("rho", 0.9);
    return new EventFile(STARTED, STARTED.plusSeconds(9), tree, HISTORY, Map.of("test", TEST));
  }

  /** What TensorFlow's reader does, with a CRC32C worked out bit by bit. */
  private static List<UnknownFieldSet> events(EventFile file) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    file.writeTo(bytes);
    ByteBuffer in = ByteBuffer.wrap(bytes.toByteArray()).order(ByteOrder.LITTLE_ENDIAN);
    List<UnknownFieldSet> events = new ArrayList<>();
    while (in.hasRemaining()) {
      byte[] length = new byte[8];
      in.get(length);
      assertThat(in.getInt()).isEqualTo(masked(crc32c(length)));
      long count = ByteBuffer.wrap(length).order(ByteOrder.LITTLE_ENDIAN).getLong();
      byte[] data = new byte[Math.toIntExact(count)];
      in.get(data);
      assertThat(in.getInt()).isEqualTo(masked(crc32c(data)));
      events.add(UnknownFieldSet.parseFrom(data));
    }
    return events;
  }

  private static int crc32c(byte[] bytes) {
    int crc = -1;
    for (byte b : bytes) {
      crc ^= b & 0xFF;
      for (int bit = 0; bit < 8; bit++) {
        crc = (crc >>> 1) ^ ((crc & 1) != 0 ? 0x82F63B78 : 0);
      }
    }
    return ~crc;
  }

  private static int masked(int crc) {
    return ((crc >>> 15) | (crc << 17)) + 0xa282ead8;
  }

  private static Summary summary(UnknownFieldSet event) throws IOException {
    return Summary.parseFrom(event.getField(5).getLengthDelimitedList().get(0));
  }

  private static double wallTime(UnknownFieldSet event) {
    return Double.longBitsToDouble(event.getField(1).getFixed64List().get(0));
  }

  private static long step(UnknownFieldSet event) {
    return event.getField(2).getVarintList().get(0);
  }

  @Test
  void theOracleKnowsTheCheckValueOfCrc32c() {
    assertThat(crc32c("123456789".getBytes(StandardCharsets.US_ASCII))).isEqualTo(0xE3069283);
  }

  @Test
  void tensorBoardFindsTheFileByItsName() {
    assertThat(EventFile.NAME).startsWith("events.out.tfevents.");
  }

  @Test
  void theFirstRecordIsTheVersionOfTheFormat() throws IOException {
    UnknownFieldSet first = events(file()).get(0);

    assertThat(first.getField(3).getLengthDelimitedList().get(0).toStringUtf8())
        .isEqualTo("brain.Event:2");
    assertThat(wallTime(first)).isEqualTo(STARTED.toEpochMilli() / 1e3);
  }

  @Test
  void everyEpochHasItsScalarsAtItsStep() throws IOException {
    List<UnknownFieldSet> events = events(file());

    double time = STARTED.toEpochMilli() / 1e3;
    for (int i = 0; i < 3; i++) {
      EpochRecord epoch = HISTORY.epochs().get(i);
      UnknownFieldSet event = events.get(3 + i);
      time += epoch.seconds();
      assertThat(step(event)).isEqualTo(i + 1);
      assertThat(wallTime(event)).isEqualTo(time);
      assertThat(scalars(summary(event)))
          .containsEntry("loss/train", (float) epoch.trainingLoss())
          .containsEntry("accuracy/train", (float) epoch.trainingAccuracy())
          .containsEntry("loss/validation", (float) epoch.validation().loss())
          .containsEntry("accuracy/validation", (float) epoch.validation().accuracy())
          .containsEntry("learning_rate", 0.001f)
          .hasSize(10);
    }
    assertThat(step(events.get(6))).isEqualTo(3);
    assertThat(scalars(summary(events.get(6))))
        .containsEntry("accuracy/test", (float) TEST.accuracy())
        .hasSize(6);
    assertThat(events).hasSize(8);
  }

  private static Map<String, Float> scalars(Summary summary) {
    Map<String, Float> scalars = new java.util.TreeMap<>();
    summary.getValueList().forEach(value -> scalars.put(value.getTag(), value.getSimpleValue()));
    return scalars;
  }

  @Test
  void theHyperparametersAreThoseOfTheConfigurationWithTheirTypes() throws IOException {
    UnknownFieldSet start = hparams(events(file()).get(2), "_hparams_/session_start_info", 3);

    Map<String, Value> values = new java.util.TreeMap<>();
    for (ByteString entry : start.getField(1).getLengthDelimitedList()) {
      UnknownFieldSet pair = UnknownFieldSet.parseFrom(entry);
      values.put(
          pair.getField(1).getLengthDelimitedList().get(0).toStringUtf8(),
          Value.parseFrom(pair.getField(2).getLengthDelimitedList().get(0)));
    }
    assertThat(values)
        .containsEntry("seed", Value.newBuilder().setNumberValue(7).build())
        .containsEntry("network", Value.newBuilder().setStringValue("mlp").build())
        .containsEntry("training.nesterov", Value.newBuilder().setBoolValue(true).build())
        .containsEntry("training.optimizer.rho", Value.newBuilder().setNumberValue(0.9).build())
        .hasSize(4);
  }

  @Test
  void theExperimentNamesEachHyperparameterAndTheMetricsToRankBy() throws IOException {
    UnknownFieldSet experiment = hparams(events(file()).get(1), "_hparams_/experiment", 2);

    List<String> names = new ArrayList<>();
    List<Long> types = new ArrayList<>();
    for (ByteString each : experiment.getField(4).getLengthDelimitedList()) {
      UnknownFieldSet info = UnknownFieldSet.parseFrom(each);
      names.add(info.getField(1).getLengthDelimitedList().get(0).toStringUtf8());
      types.add(info.getField(4).getVarintList().get(0));
    }
    assertThat(names)
        .containsExactly("seed", "network", "training.nesterov", "training.optimizer.rho");
    assertThat(types).containsExactly(3L, 1L, 2L, 3L);
    assertThat(experiment.getField(5).getLengthDelimitedList()).hasSize(4);
  }

  @Test
  void theSessionEndsInSuccess() throws IOException {
    List<UnknownFieldSet> events = events(file());
    UnknownFieldSet end = hparams(events.get(7), "_hparams_/session_end_info", 4);

    assertThat(end.getField(1).getVarintList()).containsExactly(1L);
    assertThat(wallTime(events.get(7))).isEqualTo(STARTED.toEpochMilli() / 1e3 + 9);
  }

  private static UnknownFieldSet hparams(UnknownFieldSet event, String tag, int field)
      throws IOException {
    Summary.Value value = summary(event).getValue(0);
    SummaryMetadata.PluginData plugin = value.getMetadata().getPluginData();
    assertThat(value.getTag()).isEqualTo(tag);
    assertThat(value.getTensor().getFloatValCount()).isEqualTo(1);
    assertThat(plugin.getPluginName()).isEqualTo("hparams");
    UnknownFieldSet data = UnknownFieldSet.parseFrom(plugin.getContent());
    return UnknownFieldSet.parseFrom(data.getField(field).getLengthDelimitedList().get(0));
  }

  @Test
  void theBytesOfARecordAreTheseHexDigits() throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    new TfRecords(bytes).write("123456789".getBytes(StandardCharsets.US_ASCII));
    byte[] length = {9, 0, 0, 0, 0, 0, 0, 0};
    byte[] expected =
        ByteBuffer.allocate(25)
            .order(ByteOrder.LITTLE_ENDIAN)
            .put(length)
            .putInt(masked(crc32c(length)))
            .put("123456789".getBytes(StandardCharsets.US_ASCII))
            .putInt(masked(0xE3069283))
            .array();

    assertThat(HexFormat.of().formatHex(bytes.toByteArray()))
        .isEqualTo(HexFormat.of().formatHex(expected));
  }
}
