package dev.lockstep.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.data.Shape;
import dev.lockstep.yaml.ConfigurationException;
import dev.lockstep.yaml.Section;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Models as Keras 2 and 3 write them, and the networks that their YAML would be. */
class KerasSequentialTest {
  private static String text(String file) throws IOException {
    try (InputStream in =
        KerasSequentialTest.class.getResourceAsStream("/dev/lockstep/keras/" + file)) {
      return new String(Objects.requireNonNull(in, file).readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  private static KerasSequential read(String json) {
    return KerasSequential.read("theirs", json);
  }

  /** A model of one dense layer after {@code layers}, for inputs of {@code shape}. */
  private static String model(String shape, String layers) {
    return """
        {"class_name": "Sequential", "config": {"name": "sequential", "layers": [
          {"class_name": "InputLayer", "config": {"batch_shape": [null, %s], "name": "input"}},
          %s
          {"class_name": "Dense", "config": {"name": "out", "units": 3, "activation": "softmax"}}]}}
        """
        .formatted(shape, layers.isEmpty() ? "" : layers + ",");
  }

  private static String layer(String kind, String settings) {
    return "{\"class_name\": \"%s\", \"config\": {\"name\": \"it\"%s}}"
        .formatted(kind, settings.isEmpty() ? "" : ", " + settings.replace('\'', '"'));
  }

  private static void assertIs(KerasSequential found, String yaml) {
    assertThat(found.definition())
        .isEqualTo(NetworkDefinition.read("theirs", Section.parse("theirs.yaml", yaml)));
  }

  @ParameterizedTest
  @ValueSource(strings = {"cnn-keras2.json", "cnn-keras3.json"})
  void aModelOfEitherVersionIsTheNetworkThatItsYamlWouldBe(String file) throws IOException {
    KerasSequential found = read(text(file));

    assertIs(
        found,
        """
        layers:
          - conv2d: {filters: 3, kernelSize: [2, 3], activation: relu}
          - batch_normalization
          - max_pooling2d: {poolSize: 2, strides: 1}
          - conv2d: {filters: 4, kernelSize: 3, strides: 2, padding: same, activation: elu, l2: 0.001}
          - average_pooling2d: {poolSize: [1, 2]}
          - flatten
          - dropout: {rate: 0.25}
          - dense: {units: 5, activation: tanh}
          - batch_normalization
          - dense: {units: 3, activation: softmax}
        loss: categorical_crossentropy
        """);
    assertThat(found.input()).containsExactly(8, 11, 2);
    assertThat(found.shape()).contains(new Shape(8, 11, 2));
  }

  @Test
  void activationsAsLayersAndTheShapeInTheFirstLayerAreUnderstood() throws IOException {
    KerasSequential found = read(text("mlp-keras2.json"));

    assertIs(
        found,
        """
        layers:
          - dense: {units: 5}
          - activation: leaky_relu
          - dense: {units: 4, useBias: false}
          - activation: relu
          - dense: {units: 3}
          - activation: softmax
        loss: categorical_crossentropy
        """);
    assertThat(found.shape()).contains(Shape.vector(12));
  }

  @Test
  void recurrentLayersReadRowsAsTimeSteps() {
    KerasSequential found =
        read(
            model(
                "6, 4",
                layer("LSTM", "'units': 3, 'return_sequences': true, 'dropout': 0.0")
                    + ","
                    + layer("SimpleRNN", "'units': 5, 'implementation': 2")));

    assertIs(
        found,
        """
        layers:
          - lstm: {units: 3, returnSequences: true}
          - simple_rnn: {units: 5}
          - dense: {units: 3, activation: softmax}
        loss: categorical_crossentropy
        """);
    assertThat(found.build(new Shape(6, 4, 1), 3).inputLayout()).isEqualTo(InputLayout.SEQUENCE);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "'kernel_initializer': {'class_name': 'HeNormal', 'config': {'seed': 1}} |"
            + " kernelInitializer: he_normal",
        "'kernel_initializer': 'lecun_uniform' | kernelInitializer: lecun_uniform",
        "'kernel_initializer': {'class_name': 'VarianceScaling', 'config': {'scale': 1.0, 'mode':"
            + " 'fan_avg', 'distribution': 'normal', 'seed': null}} | kernelInitializer:"
            + " glorot_normal",
        "'kernel_initializer': {'class_name': 'VarianceScaling', 'config': {'scale': 2.0, 'mode':"
            + " 'fan_in', 'distribution': 'uniform'}} | kernelInitializer: he_uniform",
        "'kernel_initializer': {'class_name': 'RandomNormal', 'config': {'mean': 0.0, 'stddev':"
            + " 0.05, 'seed': null}} | kernelInitializer: random_normal",
        "'bias_initializer': {'class_name': 'Ones', 'config': {}} | biasInitializer: ones",
        "'kernel_regularizer': {'class_name': 'L1L2', 'config': {'l1': 0.25, 'l2': 0.5}} | l1:"
            + " 0.25, l2: 0.5",
        "'kernel_regularizer': {'module': 'keras.regularizers', 'class_name': 'L1', 'config':"
            + " {'l1': 0.25}, 'registered_name': null} | l1: 0.25",
        "'activation': {'module': 'builtins', 'class_name': 'function', 'config': 'elu',"
            + " 'registered_name': 'function'} | activation: elu",
        "'activation': null | activation: linear",
        "'use_bias': false | useBias: false",
        "'dtype': {'class_name': 'DTypePolicy', 'config': {'name': 'float32'}} | activation: linear"
      })
  void aSettingOfKerasIsTheOneOfTheSameMeaning(String setting, String yaml) {
    assertIs(
        read(model("12", layer("Dense", "'units': 4, " + setting))),
        "{layers: [dense: {units: 4, %s}, dense: {units: 3, activation: softmax}], loss: categorical_crossentropy}"
            .formatted(yaml));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "12 | Dense | 'units': 4, 'kernel_constraint': {'class_name': 'MaxNorm'} |"
            + " kernel_constraint is a mapping but must be null: constraints are not applied here",
        "12 | Dense | 'units': 4, 'activity_regularizer': {'class_name': 'L2'} |"
            + " activity_regularizer is a mapping but must be null",
        "12 | Dense | 'units': 4, 'bias_regularizer': {'class_name': 'L2'} | bias_regularizer is a",
        "12 | Dense | 'units': 4, 'trainable': false | trainable is 'false' but must be true",
        "12 | Dense | 'units': 4, 'dtype': 'mixed_float16' | dtype is 'mixed_float16' but must be"
            + " float32",
        "12 | Dense | 'units': 4, 'activation': 'swish' | activation is 'swish' but must be one of",
        "12 | Dense | 'units': 0 | units is '0' but must be a whole number of at least 1",
        "12 | Dense | 'units': 4, 'colour': 'red' | unknown key 'colour'",
        "12 | Dense | 'units': 4, 'kernel_initializer': {'class_name': 'Constant', 'config': {}} |"
            + " kernel_initializer is 'Constant' but must be one of glorot_uniform,",
        "12 | Dense | 'units': 4, 'kernel_initializer': {'class_name': 'RandomUniform', 'config':"
            + " {'minval': -1.0, 'maxval': 1.0}} | kernel_initializer.config.minval is '-1.0'",
        "12 | Dense | 'units': 4, 'kernel_initializer': {'class_name': 'VarianceScaling', 'config':"
            + " {'scale': 3.0}} | scale 3.0, mode fan_in and distribution truncated_normal are",
        "12 | Dense | 'units': 4, 'bias_initializer': 'orthogonal' | bias_initializer is",
        "12 | Dense | 'units': 4, 'kernel_regularizer': {'class_name': 'OrthogonalRegularizer',"
            + " 'config': {}} | kernel_regularizer is 'OrthogonalRegularizer' but must be null, L1",
        "6, 4 | Dense | 'units': 4 | its input has 2 dimensions but must have 1: a Flatten before",
        "12 | Conv2D | 'filters': 2, 'kernel_size': [1, 1] | its input has 1 dimension but must",
        "6, 6, 1 | Conv2D | 'filters': 2, 'kernel_size': [1, 1], 'data_format': 'channels_first' |"
            + " data_format is 'channels_first' but must be channels_last; build the model again",
        "6, 6, 1 | Conv2D | 'filters': 2, 'kernel_size': [1, 1], 'dilation_rate': [2, 2] |"
            + " dilation_rate is '2 x 2' but must be 1",
        "6, 6, 4 | Conv2D | 'filters': 2, 'kernel_size': [1, 1], 'groups': 2 | groups is '2' but",
        "6, 6, 4 | Conv2D | 'filters': 2, 'kernel_size': [1, 1], 'activation': 'softmax' |"
            + " activation is 'softmax' but must be one of",
        "6, 6, 4 | MaxPooling2D | 'pool_size': [2, 2], 'padding': 'causal' | padding is 'causal'",
        "12 | Dropout | 'rate': 0.5, 'noise_shape': [1, 12] | noise_shape is a list but must be",
        "12 | BatchNormalization | 'axis': -1, 'scale': false | scale is 'false' but must be true",
        "6, 4, 2 | BatchNormalization | 'axis': [1] | its axis is [1] of an input of 3 dimensions",
        "6, 4 | BatchNormalization | 'axis': -1 | its axis is -1 of an input of 2 dimensions",
        "12 | BatchNormalization | 'gamma_initializer': 'zeros' | gamma_initializer is 'zeros' but",
        "6, 4 | LSTM | 'units': 4, 'recurrent_dropout': 0.2 | recurrent_dropout is '0.2' but must"
            + " be 0: put a Dropout layer before it",
        "6, 4 | LSTM | 'units': 4, 'go_backwards': true | go_backwards is 'true' but must be false",
        "6, 4 | LSTM | 'units': 4, 'kernel_regularizer': {'class_name': 'L2', 'config': {'l2':"
            + " 0.1}} | kernel_regularizer and recurrent_regularizer differ but must be equal",
        "6, 4 | SimpleRNN | 'units': 4, 'use_bias': false | use_bias is 'false' but must be true",
        "6, 4, 1 | LSTM | 'units': 4 | its input has 3 dimensions but must have 2: time steps",
        "12 | LeakyReLU | 'negative_slope': 0.3 | negative_slope is '0.3' but must be 0.2, the",
        "12 | LeakyReLU | 'alpha': 0.1 | alpha is '0.1' but must be 0.2, the slope of leaky_relu",
        "12 | ELU | 'alpha': 2.0 | alpha is '2.0' but must be 1: elu falls to -1 here",
        "12 | ReLU | 'max_value': 6.0 | max_value is '6.0' but must be null: relu has no upper end",
        "6, 4, 2 | Softmax | 'axis': 1 | axis is '1' but must be -1, the last",
        "6, 4, 2 | Softmax | 'axis': -1 | its input has 3 dimensions but must have 1"
      })
  void aSettingThatCannotBeHadIsRefusedWithLayerAndName(
      String shape, String kind, String settings, String message) {
    assertThatThrownBy(() -> read(model(shape, layer(kind, settings))))
        .isInstanceOf(ConfigurationException.class)
        .hasMessageStartingWith("network 'theirs': layer 1 (%s 'it')".formatted(kind))
        .hasMessageContaining(message);
  }

  @Test
  void everyUnknownLayerIsNamed() {
    assertThatThrownBy(
            () ->
                read(
                    model(
                        "6, 4",
                        layer("GRU", "'units': 4") + "," + layer("Lambda", "'function': 'x'"))))
        .isInstanceOf(ConfigurationException.class)
        .hasMessage(
            "network 'theirs': layer 1 (GRU 'it'), layer 2 (Lambda 'it') are not known here (DL4J"
                + " 1.0.0-M2 has no GRU layer; use LSTM or SimpleRNN); known layers: Activation,"
                + " AveragePooling2D, BatchNormalization, Conv2D, Dense, Dropout, ELU, Flatten,"
                + " LSTM, LeakyReLU, MaxPooling2D, ReLU, SimpleRNN, Softmax, InputLayer, Reshape");
    assertThatThrownBy(() -> read(model("12", layer("Rescaling", "'scale': 0.00392"))))
        .hasMessageContaining("layer 1 (Rescaling 'it') is not known here (take it away: pixels");
    assertThatThrownBy(
            () ->
                read(
                    model(
                        "12",
                        layer("Dense", "'units': 4")
                            .replace("}}", "}, \"registered_name\": \"My>Dense\"}"))))
        .hasMessageContaining("layer 1 (My>Dense 'it') is not known here");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"class_name\": \"Functional\", \"config\": {}} | class_name is 'Functional' but must be"
            + " Sequential",
        "{\"class_name\": \"Sequential\", \"config\": {}} | it has no layers in 'config.layers'",
        "{\"class_name\": | not valid JSON at line 1"
      })
  void aTextThatIsNoSequentialModelIsRefused(String json, String message) {
    assertThatThrownBy(() -> read(json))
        .isInstanceOf(ConfigurationException.class)
        .hasMessageContaining("network 'theirs': " + message);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "144 | 12 x 12",
        "12, 12 | 12 x 12",
        "12, 12, 1 | 12 x 12",
        "null, 12 | 12 x 12",
        "12, 24 | 12 x 12 x 2"
      })
  void anInputOfTheDataSetsShapeIsTaken(String input, String data) {
    String flat = input.contains(",") ? layer("Flatten", "") : layer("Dropout", "'rate': 0.1");

    assertThat(read(model(input, flat)).build(shape(data), 3).input()).isEqualTo(shape(data));
  }

  private static Shape shape(String words) {
    String[] sizes = words.split(" x ");
    return new Shape(
        Integer.parseInt(sizes[0]),
        Integer.parseInt(sizes[1]),
        sizes.length == 3 ? Integer.parseInt(sizes[2]) : 1);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "784 | 12 x 12 | its input is 784 but the data is 12 x 12",
        "12, 11 | 12 x 12 | its input is 12 x 11 but the data is 12 x 12",
        "12, 12, 3 | 12 x 12 | its input is 12 x 12 x 3 but the data is 12 x 12",
        "null, 11 | 12 x 12 | its input is any x 11 but the data is 12 x 12"
      })
  void anInputOfAnotherShapeThanTheDataSetsIsRefused(String input, String data, String message) {
    String flat = input.contains(",") ? layer("Flatten", "") : layer("Dropout", "'rate': 0.1");

    assertThatThrownBy(() -> read(model(input, flat)).build(shape(data), 3))
        .isInstanceOf(ConfigurationException.class)
        .hasMessage("network 'theirs': " + message);
  }

  @Test
  void aReshapeOfTheInputSaysTheShapeOfTheImage() {
    KerasSequential found =
        read(
            model(
                "144",
                layer("Reshape", "'target_shape': [12, -1, 1]")
                    + ","
                    + layer("Conv2D", "'filters': 2, 'kernel_size': [3, 3]")
                    + ","
                    + layer("Flatten", "")));

    assertThat(found.shape()).contains(new Shape(12, 12, 1));
    assertThat(found.definition().layers()).hasSize(3);
    assertThatThrownBy(() -> read(model("144", layer("Reshape", "'target_shape': [12, 13, 1]"))))
        .hasMessageContaining(
            "layer 1 (Reshape 'it').target_shape is a list but must be"
                + " dimensions of 144 numbers");
    assertThatThrownBy(
            () ->
                read(
                    model(
                        "144",
                        layer("Dropout", "'rate': 0.1")
                            + ","
                            + layer("Reshape", "'target_shape': [12, 12, 1]"))))
        .hasMessageContaining("layer 2 (Reshape 'it'): a Reshape can only be the first layer");
  }

  @ParameterizedTest
  @CsvSource({
    "softmax, CATEGORICAL_CROSSENTROPY",
    "sigmoid, BINARY_CROSSENTROPY",
    "linear, MSE",
    "tanh, MSE"
  })
  void withoutACompiledLossItIsTheOneThatGoesWithTheLastActivation(String last, Loss loss) {
    String json = model("12", "").replace("softmax", last);

    assertThat(read(json).definition().loss()).isEqualTo(loss);
  }

  @Test
  void theLossThatTheModelWasCompiledWithIsTaken() {
    assertThat(read(compiled("'mse'")).definition().loss()).isEqualTo(Loss.MSE);
    assertThat(read(compiled("'sparse_categorical_crossentropy'")).definition().loss())
        .isEqualTo(Loss.CATEGORICAL_CROSSENTROPY);
    assertThat(
            read(compiled(
                    "{'class_name': 'SparseCategoricalCrossentropy', 'config': {'from_logits':"
                        + " false, 'reduction': 'sum_over_batch_size'}}"))
                .definition()
                .loss())
        .isEqualTo(Loss.CATEGORICAL_CROSSENTROPY);
    assertThatThrownBy(
            () ->
                read(
                    compiled(
                        "{'class_name': 'SparseCategoricalCrossentropy', 'config': {'from_logits':"
                            + " true}}")))
        .hasMessageContaining(
            "from_logits is 'true' but must be false: give the last layer its softmax");
    assertThatThrownBy(() -> read(compiled("'hinge'")))
        .hasMessageContaining("compile_config: loss is 'hinge' but must be categorical_cross");
  }

  private static String compiled(String loss) {
    return model("12", "").strip().replaceFirst("}$", "")
        + ", \"compile_config\": {\"loss\": %s}}".formatted(loss.replace('\'', '"'));
  }
}
