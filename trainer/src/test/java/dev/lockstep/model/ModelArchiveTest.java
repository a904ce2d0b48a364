package dev.lockstep.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lockstep.data.Shape;
import dev.lockstep.random.CounterRandom;
import dev.lockstep.yaml.ConfigurationException;
import dev.lockstep.yaml.Section;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TimeZone;
import java.util.function.UnaryOperator;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import java.util.zip.ZipOutputStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;

class ModelArchiveTest {
  private static final ModelDescription DESCRIPTION =
      new ModelDescription(
          Section.tree(
              "network.yaml",
              "layers: [{dense: {units: 3, activation: relu}}, {dense: {units: 2}}]"),
          new Shape(2, 2, 1),
          2,
          Section.tree("facts", "{seed: 7, learningRate: 0.001, dataset: mnist, note: \"3 × ü\"}"));

  @Test
  void opensInDl4jWithTheSameParametersAndPredictions(@TempDir Path directory) throws IOException {
    MultiLayerNetwork network = network();
    Path file = directory.resolve("model.zip");
    try (OutputStream out = Files.newOutputStream(file)) {
      archive(network).write(out);
    }

    MultiLayerNetwork opened = MultiLayerNetwork.load(file.toFile(), false);

    INDArray input = Nd4j.rand(DataType.FLOAT, 5, 4);
    assertThat(bits(opened.params())).isEqualTo(bits(network.params()));
    assertThat(opened.output(input)).isEqualTo(network.output(input));
    assertThat(opened.getLayerWiseConfigurations().toJson())
        .isEqualTo(network.getLayerWiseConfigurations().toJson());
  }

  @Test
  void isReadAsItWasWritten() throws IOException {
    ModelArchive archive = archive(network());

    assertThat(read(bytes(archive))).isEqualTo(archive);
  }

  @Property(tries = 50)
  void keepsEveryBitOfEveryFloat(@ForAll @Size(min = 1, max = 200) int[] bits) throws IOException {
    float[] parameters = new float[bits.length];
    for (int i = 0; i < bits.length; i++) {
      parameters[i] = Float.intBitsToFloat(bits[i]);
    }

    float[] read = read(bytes(new ModelArchive("{}", parameters, Optional.empty()))).parameters();

    for (int i = 0; i < bits.length; i++) {
      assertThat(Float.floatToRawIntBits(read[i]))
          .isEqualTo(Float.floatToRawIntBits(parameters[i]));
    }
  }

  @Test
  void laysParametersOutAsNd4jDoes() throws IOException {
    for (int size : new int[] {1, 2, 3, (1 << 16) - 1, 1 << 16, (1 << 16) + 1, 200_000}) {
      float[] values = values(size);
      ByteArrayOutputStream expected = new ByteArrayOutputStream();
      Nd4j.write(Nd4j.createFromArray(values).reshape(1, size), new DataOutputStream(expected));
      ByteArrayOutputStream written = new ByteArrayOutputStream();

      Coefficients.write(values, written);

      // The strides of a vector have no meaning; ND4J writes whatever the array came with.
      assertThat(withoutStrides(written)).isEqualTo(withoutStrides(expected));
      assertThat(Coefficients.read("test", new ByteArrayInputStream(expected.toByteArray())))
          .containsExactly(values);
    }
  }

  /** The first stride stands after a header of 18 + 8 + 6 bytes and three numbers. */
  private static byte[] withoutStrides(ByteArrayOutputStream array) {
    byte[] bytes = array.toByteArray();
    Arrays.fill(bytes, 32 + 3 * 8, 32 + 5 * 8, (byte) 0);
    return bytes;
  }

  @Test
  void readsWhatDl4jWroteAndNeverOpensItsJavaObjects(@TempDir Path directory) throws IOException {
    MultiLayerNetwork network = network();
    File file = directory.resolve("dl4j.zip").toFile();
    ModelSerializer.writeModel(network, file, true);
    ModelArchive expected =
        new ModelArchive(
            network.getLayerWiseConfigurations().toJson(),
            network.params().toFloatVector(),
            Optional.empty());

    byte[] written = Files.readAllBytes(file.toPath());
    byte[] poisoned =
        rewritten(
            written,
            entries -> {
              entries.put("preprocessor.bin", new byte[] {(byte) 0xAC, (byte) 0xED, 0, 5, 's'});
              return entries;
            });

    assertThat(read(written)).isEqualTo(expected);
    assertThat(read(poisoned)).isEqualTo(expected);
  }

  @Test
  void equalModelsAreEqualFilesInEveryTimeZone() throws IOException {
    TimeZone before = TimeZone.getDefault();
    try {
      TimeZone.setDefault(TimeZone.getTimeZone("Asia/Kolkata"));
      byte[] east = bytes(archive(network()));
      TimeZone.setDefault(TimeZone.getTimeZone("America/Los_Angeles"));

      assertThat(bytes(archive(network()))).isEqualTo(east);
    } finally {
      TimeZone.setDefault(before);
    }
  }

  @Test
  void anArchiveOfFormat1StillLoadsAndIsStillWrittenTheSame() throws IOException {
    byte[] golden;
    try (InputStream in = getClass().getResourceAsStream("format-1.zip")) {
      golden = in.readAllBytes();
    }

    ModelArchive archive = read(golden);

    assertThat(archive.description()).contains(DESCRIPTION);
    assertThat(archive.parameters()).containsExactly(values(23));
    assertThat(bytes(archive)).isEqualTo(golden);
    MultiLayerNetwork opened =
        ModelSerializer.restoreMultiLayerNetwork(new ByteArrayInputStream(golden), false);
    assertThat(opened.params().toFloatVector()).containsExactly(values(23));
  }

  @Test
  void tenMillionParametersAreWrittenAndRead() throws IOException {
    ModelArchive archive = new ModelArchive("{}", values(10_000_000), Optional.empty());

    assertThat(read(bytes(archive))).isEqualTo(archive);
  }

  /** A damaged archive is refused, or the damage hit a byte that carries no content. */
  @Property(tries = 3000)
  void aFlippedBitIsNoticed(@ForAll("places") int place, @ForAll @IntRange(max = 7) int bit)
      throws IOException {
    byte[] damaged = SMALL.clone();
    damaged[place] ^= (byte) (1 << bit);

    assertRefusedOrEqual(damaged);
  }

  @Property(tries = 300)
  void aShortenedArchiveIsNoticed(@ForAll("places") int length) throws IOException {
    assertRefusedOrEqual(Arrays.copyOf(SMALL, length));
  }

  @Property(tries = 500)
  void bytesThatAreNoArchiveAreRefused(@ForAll @Size(max = 200) byte[] bytes) {
    assertThatThrownBy(() -> read(bytes))
        .isInstanceOf(ConfigurationException.class)
        .hasMessage("m.zip: not a zip archive; expected a model.zip of Lockstep or DL4J");
  }

  private static final byte[] SMALL = small();

  private static byte[] small() {
    try {
      return bytes(new ModelArchive("{\"confs\": []}", values(9), Optional.of(DESCRIPTION)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Provide
  Arbitrary<Integer> places() {
    return Arbitraries.integers().between(0, SMALL.length - 1);
  }

  private static void assertRefusedOrEqual(byte[] bytes) throws IOException {
    ModelArchive whole = read(SMALL);
    try {
      ModelArchive archive = read(bytes);
      assertThat(archive.parameters()).containsExactly(whole.parameters());
      assertThat(archive.configurationJson()).isEqualTo(whole.configurationJson());
      // A flip in the name of lockstep.json makes it an entry of someone else's.
      assertThat(archive.description()).isIn(whole.description(), Optional.empty());
    } catch (ConfigurationException e) {
      assertThat(e).hasMessageStartingWith("m.zip: ");
    }
  }

  /** Damage under a checksum that fits must be found by the parser itself. */
  @Property(tries = 1000)
  void coefficientsThatAreNoneAreRefused(@ForAll @IntRange(max = 140) int place, @ForAll byte value)
      throws IOException {
    ByteArrayOutputStream written = new ByteArrayOutputStream();
    Coefficients.write(values(2), written);
    byte[] bytes = written.toByteArray();
    bytes[place % bytes.length] = value;
    byte[] archive = withCoefficients(bytes);
    try {
      assertThat(read(archive).parameters()).hasSize(2);
    } catch (ConfigurationException e) {
      assertThat(e).hasMessageStartingWith("m.zip: ").hasMessageContaining("coefficients.bin");
    }
  }

  @Test
  void aChecksumThatDiffersIsNamed() {
    byte[] damaged = SMALL.clone();
    int place = new String(damaged, StandardCharsets.ISO_8859_1).indexOf("confs");
    damaged[place] = 'k';

    assertRefused(
        damaged, "m.zip: entry 'configuration.json' cannot be read: ", "CRC", "copy it again");
  }

  @Test
  void aMissingEntryIsNamed() throws IOException {
    assertRefused(
        without("coefficients.bin"), "m.zip: the archive has no entry 'coefficients.bin'");
    assertRefused(
        without("configuration.json"), "m.zip: the archive has no entry 'configuration.json'");
  }

  private static byte[] without(String entry) throws IOException {
    return rewritten(
        SMALL,
        entries -> {
          entries.remove(entry);
          return entries;
        });
  }

  @Test
  void anEntryThatComesTwiceIsRefused() {
    byte[] coefficients =
        new String(SMALL, StandardCharsets.ISO_8859_1)
            .replace("lockstep.json", "xxxxxxxx.json")
            .getBytes(StandardCharsets.ISO_8859_1);
    byte[] twice = Arrays.copyOf(coefficients, coefficients.length + SMALL.length);
    int end = centralDirectory(SMALL);
    byte[] joined = new byte[2 * end];
    System.arraycopy(SMALL, 0, joined, 0, end);
    System.arraycopy(twice, 0, joined, end, end);

    assertRefused(joined, "m.zip: configuration.json: the archive has this entry twice");
  }

  private static int centralDirectory(byte[] zip) {
    return new String(zip, StandardCharsets.ISO_8859_1).indexOf("PK\1\2");
  }

  @Test
  void aPromiseOfTooManyParametersIsRefusedBeforeMemoryIsTaken() throws IOException {
    assertRefused(
        withCoefficients(header(1L << 40, 1L << 40, "FLOAT")),
        "m.zip: coefficients.bin: the shape has 1099511627776 values but at most 268435456");
    assertRefused(
        withCoefficients(header(1 << 28, 1 << 28, "FLOAT")),
        "m.zip: entry 'coefficients.bin' cannot be read: the file ends too early");
    assertRefused(
        withCoefficients(header(3, -3, "FLOAT")),
        "m.zip: coefficients.bin: the header announces -3 values but the shape has 3");
    assertRefused(
        withCoefficients(header(3, 3, "DOUBLE")),
        "m.zip: coefficients.bin: the values' type is DOUBLE but must be FLOAT");
  }

  private static byte[] header(long size, long length, String type) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    DataOutputStream data = new DataOutputStream(bytes);
    data.writeUTF("MIXED_DATA_TYPES");
    data.writeLong(8);
    data.writeUTF("LONG");
    for (long number : new long[] {2, 1, size, 1, 1, 8192, 1, 'c'}) {
      data.writeLong(number);
    }
    data.writeUTF("MIXED_DATA_TYPES");
    data.writeLong(length);
    data.writeUTF(type);
    return bytes.toByteArray();
  }

  private static byte[] withCoefficients(byte[] coefficients) throws IOException {
    return rewritten(
        SMALL,
        entries -> {
          entries.put("coefficients.bin", coefficients);
          return entries;
        });
  }

  @Test
  void parametersOfAnotherTypeAreRefused() throws IOException {
    ByteArrayOutputStream doubles = new ByteArrayOutputStream();
    Nd4j.write(Nd4j.rand(DataType.DOUBLE, 1, 3), new DataOutputStream(doubles));
    ByteArrayOutputStream matrix = new ByteArrayOutputStream();
    Nd4j.write(Nd4j.rand(DataType.FLOAT, 2, 3), new DataOutputStream(matrix));

    assertRefused(
        withCoefficients(doubles.toByteArray()), "coefficients.bin: the shape", "data type FLOAT");
    assertRefused(
        withCoefficients(matrix.toByteArray()), "coefficients.bin: the shape", "one of a vector");
  }

  @Test
  void aTextThatUnpacksWithoutEndIsRefused() throws IOException {
    byte[] bomb =
        rewritten(
            SMALL,
            entries -> {
              entries.put("configuration.json", new byte[(16 << 20) + 1]);
              return entries;
            });

    assertThat(bomb.length).isLessThan(50_000);
    assertRefused(bomb, "m.zip: configuration.json: more than 16777216 bytes");
  }

  @Test
  void aNewerFormatAndAnUnknownKeyAreRefused() throws IOException {
    assertRefused(
        withDescription("{\"format\": 2}"),
        "m.zip: lockstep.json: the archive has format 2 but this version of Lockstep reads formats"
            + " up to 1");
    assertRefused(
        withDescription(
            """
            {"format": 1, "network": {}, "classes": 2, "created": {}, "shape": 1,
             "inputShape": {"height": 1, "width": 1, "channels": 1}}"""),
        "m.zip: lockstep.json: unknown key 'shape'");
    assertRefused(
        withDescription(
            """
            {"format": 1, "network": {}, "classes": 2, "created": {},
             "inputShape": {"height": 70000, "width": 70000, "channels": 1}}"""),
        "m.zip: lockstep.json: inputShape: shape 70000 x 70000 x 1 has more than");
    assertRefused(withDescription("[1]"), "m.zip: lockstep.json: expected a JSON object");
    assertRefused(withDescription(""), "m.zip: lockstep.json: expected a JSON object");
    assertRefused(withDescription("{\"format\""), "m.zip: lockstep.json: not valid JSON");
  }

  private static byte[] withDescription(String json) throws IOException {
    return rewritten(
        SMALL,
        entries -> {
          entries.put("lockstep.json", json.getBytes(StandardCharsets.UTF_8));
          return entries;
        });
  }

  @Test
  void theDescriptionKeepsItsOwnCopyOfTheTrees() {
    ObjectNode created = JsonNodeFactory.instance.objectNode().put("seed", 1);
    ModelDescription description = new ModelDescription(created, new Shape(1, 1, 1), 2, created);

    created.put("seed", 2);

    assertThat(description.created().get("seed").intValue()).isEqualTo(1);
  }

  private static void assertRefused(byte[] bytes, String... parts) {
    assertThatThrownBy(() -> read(bytes))
        .isInstanceOf(ConfigurationException.class)
        .hasMessageContainingAll(parts);
  }

  private static ModelArchive read(byte[] bytes) throws IOException {
    return ModelArchive.read("m.zip", new ByteArrayInputStream(bytes));
  }

  private static byte[] bytes(ModelArchive archive) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    archive.write(bytes);
    return bytes.toByteArray();
  }

  /** The archive with other entries, compressed as other programs do it. */
  private static byte[] rewritten(byte[] zip, UnaryOperator<Map<String, byte[]>> change)
      throws IOException {
    Map<String, byte[]> entries = new LinkedHashMap<>();
    try (ZipInputStream in = new ZipInputStream(new ByteArrayInputStream(zip))) {
      for (ZipEntry entry = in.getNextEntry(); entry != null; entry = in.getNextEntry()) {
        entries.put(entry.getName(), in.readAllBytes());
      }
    }
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ZipOutputStream out = new ZipOutputStream(bytes)) {
      for (Map.Entry<String, byte[]> entry : change.apply(entries).entrySet()) {
        out.putNextEntry(new ZipEntry(entry.getKey()));
        out.write(entry.getValue());
      }
    }
    return bytes.toByteArray();
  }

  private static ModelArchive archive(MultiLayerNetwork network) {
    return new ModelArchive(
        network.getLayerWiseConfigurations().toJson(),
        network.params().toFloatVector(),
        Optional.of(DESCRIPTION));
  }

  /** 4 inputs, 3 hidden units, 2 classes: 4 * 3 + 3 + 3 * 2 + 2 = 23 parameters. */
  private static MultiLayerNetwork network() {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .seed(1)
                .updater(new Adam(0.001))
                .list()
                .layer(new DenseLayer.Builder().nIn(4).nOut(3).activation(Activation.RELU).build())
                .layer(
                    new OutputLayer.Builder().nIn(3).nOut(2).activation(Activation.SOFTMAX).build())
                .build());
    network.init();
    network.setParams(Nd4j.createFromArray(values(23)).reshape(1, 23));
    return network;
  }

  private static float[] values(int count) {
    CounterRandom random = new CounterRandom(7);
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) (random.nextDouble() - 0.5);
    }
    return values;
  }

  private static int[] bits(INDArray array) {
    float[] values = array.toFloatVector();
    int[] bits = new int[values.length];
    for (int i = 0; i < bits.length; i++) {
      bits[i] = Float.floatToRawIntBits(values[i]);
    }
    return bits;
  }
}
