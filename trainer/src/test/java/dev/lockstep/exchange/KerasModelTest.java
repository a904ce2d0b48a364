package dev.lockstep.exchange;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.lockstep.data.Examples;
import dev.lockstep.data.FloatFeatures;
import dev.lockstep.data.Shape;
import dev.lockstep.engine.Batch;
import dev.lockstep.engine.Dl4jEngine;
import dev.lockstep.engine.Engine;
import dev.lockstep.engine.FloatVector;
import dev.lockstep.exchange.KerasModel.Content;
import dev.lockstep.network.KerasSequential;
import dev.lockstep.network.Network;
import dev.lockstep.yaml.ConfigurationException;
import io.jhdf.HdfFile;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Models in the files of Keras 2 and 3. The files and what the models predict, by Keras' formulas
 * in float64, come from golden.py beside them.
 */
class KerasModelTest {
  @TempDir Path directory;

  private static byte[] bytes(String file) throws IOException {
    try (InputStream in = KerasModelTest.class.getResourceAsStream("/dev/lockstep/keras/" + file)) {
      return Objects.requireNonNull(in, file).readAllBytes();
    }
  }

  private static Content content(String file) throws IOException {
    return new Content(file, bytes(file));
  }

  private static KerasModel read(String file, String weights) throws IOException {
    return KerasModel.read(
        "theirs",
        content(file),
        weights == null ? Optional.empty() : Optional.of(content(weights)));
  }

  private static Network network(KerasModel model) {
    return model
        .layers()
        .build(model.layers().shape().orElseThrow(), Math.max(2, model.layers().units()));
  }

  /** An example in our order, channel, row, column, of one in Keras', row, column, channel. */
  private static float[] channelFirst(JsonNode numbers, Shape shape) {
    float[] example = new float[shape.size()];
    int channels = shape.channels();
    int plane = shape.height() * shape.width();
    for (int i = 0; i < example.length; i++) {
      example[i % channels * plane + i / channels] = (float) numbers.get(i).doubleValue();
    }
    return example;
  }

  private static float[][] predicted(Network network, float[] parameters, float[][] inputs) {
    Examples examples =
        new Examples(
            new FloatFeatures(network.input(), inputs), network.classes(), new byte[inputs.length]);
    float[][] outputs = new float[inputs.length][network.outputs()];
    FloatBuffer output = FloatVector.allocate(network.outputs());
    try (Engine engine =
        new Dl4jEngine(
            network, 0, FloatVector.of(parameters), FloatVector.allocate(parameters.length), 1)) {
      Batch batch = new Batch(network.input(), 1);
      for (int i = 0; i < inputs.length; i++) {
        batch.fill(examples, new int[] {i}, 0, 1);
        engine.predict(batch, output);
        output.get(0, outputs[i]);
      }
    }
    return outputs;
  }

  @ParameterizedTest
  @CsvSource({
    "cnn.keras, , cnn",
    "cnn-keras2.h5, , cnn",
    "cnn-keras3.json, cnn.weights.h5, cnn",
    "cnn-keras2.json, cnn-keras2.weights.h5, cnn",
    "cnn-keras2.json, cnn-keras2.h5, cnn",
    "cnn-keras2.json, cnn.weights.h5, cnn",
    "rnn.keras, , rnn",
    "mlp-keras2.json, mlp-keras2.weights.h5, mlp"
  })
  void aModelPredictsAsKerasFormulasDo(String file, String weights, String golden)
      throws IOException {
    KerasModel model = read(file, weights);
    Network network = network(model);
    float[] parameters = model.parameters(network);
    JsonNode expected = new JsonMapper().readTree(bytes("golden.json")).get(golden);

    float[][] inputs = new float[expected.get("inputs").size()][];
    for (int i = 0; i < inputs.length; i++) {
      inputs[i] = channelFirst(expected.get("inputs").get(i), network.input());
    }
    float[][] predicted = predicted(network, parameters, inputs);
    for (int i = 0; i < inputs.length; i++) {
      float[] outputs = predicted[i];
      JsonNode row = expected.get("outputs").get(i);
      assertThat(outputs).hasSize(row.size());
      for (int k = 0; k < outputs.length; k++) {
        assertThat((double) outputs[k])
            .as("output %d of example %d", k, i)
            .isCloseTo(row.get(k).doubleValue(), within(1e-5));
      }
    }
  }

  /** The same numbers in the same shapes as those in the file, read without what is tested here. */
  @Test
  void exportedAgainTheWeightsAreThoseOfTheFile() throws Exception {
    KerasModel model = read("cnn.keras", null);
    Network network = network(model);
    ByteArrayOutputStream npz = new ByteArrayOutputStream();
    NumpyWeights.write("theirs", network, model.parameters(network), npz);
    Path file = Files.write(directory.resolve("weights.npz"), npz.toByteArray());
    Map<String, String> places = new LinkedHashMap<>();
    places.put("conv2d_1", "conv2d");
    places.put("batch_normalization_2", "batch_normalization");
    places.put("conv2d_4", "conv2d_1");
    places.put("dense_8", "dense");
    places.put("batch_normalization_9", "batch_normalization_1");
    places.put("dense_10", "dense_1");

    Map<String, INDArray> exported = Nd4j.createFromNpzFile(file.toFile());

    assertThat(exported).hasSize(16);
    try (HdfFile weights = HdfFile.fromBytes(bytes("cnn.weights.h5"))) {
      places.forEach(
          (ours, theirs) -> {
            String[] names =
                ours.startsWith("batch")
                    ? new String[] {"gamma", "beta", "moving_mean", "moving_variance"}
                    : new String[] {"kernel", "bias"};
            for (int i = 0; i < names.length; i++) {
              io.jhdf.api.Dataset array =
                  weights.getDatasetByPath("layers/%s/vars/%d".formatted(theirs, i));
              INDArray found = exported.get(ours + "/" + names[i]);
              assertThat(found.shape())
                  .isEqualTo(Arrays.stream(array.getDimensions()).asLongStream().toArray());
              assertThat(
                      found.dup('c').reshape('c', new long[] {1, found.length()}).toFloatVector())
                  .containsExactly((float[]) array.getDataFlat());
            }
          });
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "cnn-keras3.json | | cnn-keras3.json: has no weights; name the file that save_weights",
        "cnn.keras | cnn.weights.h5 | cnn.keras: has its weights; leave --weights cnn.weights.h5",
        "cnn.weights.h5 | | cnn.weights.h5: has weights but no layers; give the model's JSON",
        "cnn-keras3.json | golden.json | golden.json: not an HDF5 file; expected what Keras'",
        "mlp-keras2.json | cnn.weights.h5 | cnn.weights.h5: /layers/dense/vars/0 has the shape",
        "mlp-keras2.json | cnn-keras2.weights.h5 | it has weights of 6 layers but the network has"
            + " 3 layers with weights: dense, dense, dense",
        "cnn-keras3.json | mlp-keras2.weights.h5 | it has weights of 3 layers but the network has"
            + " 6 layers with weights: conv2d, batch_normalization, conv2d, dense,",
        "golden.py | cnn.weights.h5 | network 'theirs': not valid JSON"
      })
  void filesThatDoNotBelongTogetherAreRefused(String file, String weights, String message) {
    assertThatThrownBy(
            () -> {
              KerasModel model = read(file, weights);
              model.parameters(network(model));
            })
        .isInstanceOf(ConfigurationException.class)
        .hasMessageContaining(message);
  }

  @Test
  void aNetworkThatWantsOtherLayersThanTheFileHasIsToldWhich() throws IOException {
    String json = new String(bytes("mlp-keras2.json"), StandardCharsets.UTF_8);
    String deeper =
        json.replace(
            "\"layers\": [",
            "\"layers\": [{\"class_name\": \"Dense\", \"config\": {\"batch_input_shape\": [null,"
                + " 12], \"units\": 12}}, ");
    KerasModel model =
        KerasModel.read(
            "theirs",
            new Content("deeper.json", deeper.getBytes(StandardCharsets.UTF_8)),
            Optional.of(content("cnn.weights.h5")));

    assertThatThrownBy(() -> model.parameters(network(model)))
        .isInstanceOf(ConfigurationException.class)
        .hasMessageContaining("cnn.weights.h5: /layers/");
  }

  private static KerasModel ofTwelveNumbers(String first) throws IOException {
    String json =
        """
        {"class_name": "Sequential", "config": [
          %s
          {"class_name": "Dense", "config": {"units": 4, "use_bias": false}},
          {"class_name": "Dense", "config": {"units": 3, "activation": "softmax"}}]}"""
            .formatted(first);
    return KerasModel.read(
        "theirs",
        new Content("flat.json", json.getBytes(StandardCharsets.UTF_8)),
        Optional.of(content("mlp-keras2.weights.h5")));
  }

  /** Keras counts row, column, channel, and we count channel, row, column. */
  @Test
  void aFirstLayerThatFlattensAnImageOfSeveralChannelsTakesItsRowsWhereTheyAreHere()
      throws IOException {
    KerasModel vector =
        ofTwelveNumbers(
            """
            {"class_name": "Dense", "config": {"units": 5, "batch_input_shape": [null, 12]}},""");
    KerasModel image =
        ofTwelveNumbers(
            """
            {"class_name": "Flatten", "config": {"batch_input_shape": [null, 2, 3, 2]}},
            {"class_name": "Dense", "config": {"units": 5}},""");
    float[] theirs = vector.parameters(network(vector));
    float[] ours = image.parameters(network(image));

    for (int unit = 0; unit < 5; unit++) {
      for (int row = 0; row < 2; row++) {
        for (int column = 0; column < 3; column++) {
          for (int channel = 0; channel < 2; channel++) {
            assertThat(ours[12 * unit + (channel * 2 + row) * 3 + column])
                .isEqualTo(theirs[12 * unit + (row * 3 + column) * 2 + channel]);
          }
        }
      }
    }
    assertThat(Arrays.copyOfRange(ours, 60, ours.length))
        .isEqualTo(Arrays.copyOfRange(theirs, 60, theirs.length));
  }

  @Test
  void aDamagedWeightInAKerasFileIsRefused() throws IOException {
    byte[] damaged = bytes("cnn.keras");
    String text = new String(damaged, StandardCharsets.ISO_8859_1);
    int weights = text.indexOf("model.weights.h5");
    damaged[weights + 5000] ^= 1;

    assertThatThrownBy(
            () -> KerasModel.read("theirs", new Content("cnn.keras", damaged), Optional.empty()))
        .isInstanceOf(ConfigurationException.class)
        .hasMessage(
            "cnn.keras: cannot be read as a .keras file: model.weights.h5 has another checksum than the archive says; it is damaged, copy it again");
  }

  @ParameterizedTest
  @ValueSource(strings = {"cnn.keras", "cnn-keras2.h5"})
  void aFileThatWasCutShortIsOneSentence(String file) throws IOException {
    byte[] whole = bytes(file);
    for (int length : IntStream.iterate(16, i -> i < whole.length - 200, i -> i + 2903).toArray()) {
      assertOneSentence(Arrays.copyOf(whole, length), true);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"cnn.keras", "cnn-keras2.h5"})
  void aDamagedByteIsOneSentenceOrANumber(String file) throws IOException {
    byte[] whole = bytes(file);
    for (int i = 0; i < whole.length; i += 251) {
      byte[] damaged = whole.clone();
      damaged[i] ^= (byte) 0xA5;
      assertOneSentence(damaged, false);
    }
  }

  private static void assertOneSentence(byte[] content, boolean must) {
    Assertions.assertTimeoutPreemptively(
        Duration.ofSeconds(20),
        () -> {
          try {
            KerasModel model =
                KerasModel.read("theirs", new Content("theirs", content), Optional.empty());
            model.parameters(network(model));
            assertThat(must).as("%d bytes are refused", content.length).isFalse();
          } catch (ConfigurationException e) {
            assertThat(e.getMessage()).isNotBlank().doesNotContain("\n");
          }
        });
  }

  @Test
  void theConfigurationInAKerasFileIsThatOfToJson() throws IOException {
    String inside = null;
    try (ZipInputStream zip = new ZipInputStream(new ByteArrayInputStream(bytes("cnn.keras")))) {
      for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
        if (entry.getName().equals("config.json")) {
          inside = new String(zip.readAllBytes(), StandardCharsets.UTF_8);
        }
      }
    }

    assertThat(read("cnn.keras", null).layers()).isEqualTo(KerasSequential.read("theirs", inside));
  }
}
