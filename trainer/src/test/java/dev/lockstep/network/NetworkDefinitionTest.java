package dev.lockstep.network;

import static dev.lockstep.network.Definitions.MNIST;
import static dev.lockstep.network.Definitions.layers;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.data.Shape;
import dev.lockstep.yaml.ConfigurationException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class NetworkDefinitionTest {
  private static final String SOFTMAX_10 = "dense: {units: 10, activation: softmax}";

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          densse: {units: 5}                | net.yaml: layer 1: unknown layer 'densse'; did you mean 'dense'?; known layers: activation, average_pooling2d, batch_normalization, conv2d, dense, dropout, flatten, lstm, max_pooling2d, simple_rnn
          gru: {units: 5}                   | net.yaml: layer 1 (gru): DL4J 1.0.0-M2 has no GRU layer; use lstm or simple_rnn
          dense: {unit: 5}                  | net.yaml: layer 1 (dense): 'units' is missing; it must be a whole number of at least 1; found 'unit'; did you mean 'units'?
          dense: {units: 5, activaton: relu} | net.yaml: layer 1 (dense): unknown key 'activaton'; did you mean 'activation'?; known here: activation, biasInitializer, kernelInitializer, l1, l2, units, useBias
          dense: {units: 0}                 | net.yaml: layer 1 (dense).units is '0' but must be a whole number of at least 1
          dense: {units: 5, activation: rleu} | net.yaml: layer 1 (dense).activation is 'rleu' but must be one of relu, leaky_relu, elu, sigmoid, tanh, softmax, linear; did you mean 'relu'?
          dense: {units: 5, l2: -1}         | net.yaml: layer 1 (dense).l2 is '-1' but must be a number >= 0
          dense: 5                          | net.yaml: layer 1 (dense) is '5' but must be a mapping of settings to values
          conv2d: {filters: 5}              | net.yaml: layer 1 (conv2d): 'kernelSize' is missing; it must be a whole number of at least 1, or two of them: [height, width]
          conv2d: {filters: 5, kernelSize: [3]} | net.yaml: layer 1 (conv2d).kernelSize is a list but must be a whole number of at least 1, or two of them: [height, width]
          conv2d: {filters: 5, kernelSize: 3, activation: softmax} | net.yaml: layer 1 (conv2d).activation is 'softmax' but must be one of relu, leaky_relu, elu, sigmoid, tanh, linear
          conv2d: {filters: 5, kernelSize: 3, padding: full} | net.yaml: layer 1 (conv2d).padding is 'full' but must be one of valid, same
          max_pooling2d: {poolSize: 0}      | net.yaml: layer 1 (max_pooling2d).poolSize is '0' but must be a whole number of at least 1, or two of them: [height, width]
          flatten: {axis: 1}                | net.yaml: layer 1 (flatten): unknown key 'axis'; known here:
          dropout                           | net.yaml: layer 1 (dropout): 'rate' is missing; it must be the fraction dropped, a number >= 0 and < 1
          dropout: {rate: 1}                | net.yaml: layer 1 (dropout).rate is '1' but must be a number >= 0 and < 1
          batch_normalization: {momentum: 1} | net.yaml: layer 1 (batch_normalization).momentum is '1' but must be a number >= 0 and < 1
          lstm: {units: 5, biasInitializer: orthogonal} | net.yaml: layer 1 (lstm).biasInitializer is 'orthogonal' but must be one of glorot_uniform, glorot_normal, he_uniform, he_normal, lecun_uniform, lecun_normal, random_uniform, random_normal, zeros, ones
          activation                        | net.yaml: layer 1 (activation): 'activation' is missing; it must be one of relu, leaky_relu, elu, sigmoid, tanh, softmax, linear
          {dense: null, units: 5}           | net.yaml: layer 1 must be one layer's name, with its settings indented under it, but is {"dense":null,"units":5}
          7                                 | net.yaml: layer 1 must be one layer's name, with its settings indented under it, but is 7
          """)
  void aWrongLayerIsNamedByNumberAndKind(String layer, String message) {
    assertThatThrownBy(() -> layers(layer))
        .isInstanceOf(ConfigurationException.class)
        .hasMessage(
            message.equals(message.strip()) && message.endsWith(":") ? message + " " : message);
  }

  @Test
  void aMissingLossListsTheLosses() {
    assertThatThrownBy(() -> Definitions.of("layers: [flatten]"))
        .hasMessage(
            "net.yaml: 'loss' is missing; it must be one of categorical_crossentropy,"
                + " binary_crossentropy, mse");
  }

  @Test
  void missingLayersAreAnError() {
    assertThatThrownBy(() -> Definitions.of("loss: mse"))
        .hasMessage("net.yaml: 'layers' is missing; it must be a list of at least one layer");
  }

  @Test
  void anUnknownKeyBesideTheLayersIsAnError() {
    assertThatThrownBy(() -> Definitions.of("layers: [flatten]\nloss: mse\nseed: 1"))
        .hasMessage("net.yaml: unknown key 'seed'; known here: layers, loss");
  }

  @Test
  void aKernelMustFitItsInput() {
    assertThatThrownBy(
            () ->
                layers(
                        "conv2d: {filters: 50, kernelSize: 5, strides: 6}",
                        "dropout: {rate: 0.1}",
                        "conv2d: {filters: 5, kernelSize: 7}",
                        "flatten",
                        SOFTMAX_10)
                    .build(MNIST, 10))
        .isInstanceOf(ConfigurationException.class)
        .hasMessage(
            "network 'test': layer 3 (conv2d): kernelSize is 7 x 7 but its input is 4 x 4 x 50;"
                + " kernelSize must be at most 4 x 4, or padding same");
  }

  @Test
  void aPoolMustFitItsInput() {
    assertThatThrownBy(
            () -> layers("max_pooling2d: {poolSize: [2, 29]}", SOFTMAX_10).build(MNIST, 10))
        .hasMessage(
            "network 'test': layer 1 (max_pooling2d): poolSize is 2 x 29 but its input is 28 x 28"
                + " x 1; poolSize must be at most 28 x 28, or padding same");
  }

  @Test
  void aDenseAfterAConvolutionNeedsFlatten() {
    assertThatThrownBy(
            () -> layers("conv2d: {filters: 5, kernelSize: 5}", SOFTMAX_10).build(MNIST, 10))
        .hasMessage(
            "network 'test': layer 2 (dense): its input must be flat but is 24 x 24 x 5; put"
                + " flatten before it");
  }

  @Test
  void aDenseAfterASequenceNeedsTheLastTimeStep() {
    assertThatThrownBy(
            () -> layers("lstm: {units: 5, returnSequences: true}", SOFTMAX_10).build(MNIST, 10))
        .hasMessage(
            "network 'test': layer 2 (dense): its input must be flat but is 28 steps of 5; set"
                + " returnSequences: false on the recurrent layer before it");
  }

  @ParameterizedTest
  @ValueSource(strings = {"flatten", "batch_normalization"})
  void whatDl4jCannotDoWithASequenceIsAnError(String layer) {
    assertThatThrownBy(
            () ->
                layers("lstm: {units: 5, returnSequences: true}", layer, SOFTMAX_10)
                    .build(MNIST, 10))
        .hasMessageStartingWith(
            "network 'test': layer 2 ("
                + layer
                + "): its input is 28 steps of 5, which DL4J cannot")
        .hasMessageContaining("returnSequences: false");
  }

  @Test
  void aConvolutionNeedsAnImage() {
    assertThatThrownBy(
            () ->
                layers("dense: {units: 9}", "conv2d: {filters: 5, kernelSize: 5}", SOFTMAX_10)
                    .build(MNIST, 10))
        .hasMessage(
            "network 'test': layer 2 (conv2d): its input must be an image (height x width x"
                + " channels) but is flat, 9; put it before every flatten, dense or recurrent"
                + " layer");
  }

  @Test
  void aRecurrentLayerNeedsASequence() {
    assertThatThrownBy(
            () -> layers("lstm: {units: 9}", "lstm: {units: 9}", SOFTMAX_10).build(MNIST, 10))
        .hasMessage(
            "network 'test': layer 2 (lstm): its input must be a sequence but is flat, 9; put it"
                + " first, where it reads the rows of the image as time steps, or after a recurrent"
                + " layer with returnSequences: true");
  }

  @Test
  void softmaxAsALayerNeedsAFlatInput() {
    assertThatThrownBy(
            () ->
                layers("conv2d: {filters: 5, kernelSize: 5}", "activation: softmax", SOFTMAX_10)
                    .build(MNIST, 10))
        .hasMessage(
            "network 'test': layer 2 (activation): softmax needs a flat input but its input is 24 x"
                + " 24 x 5; put flatten before it");
  }

  @Test
  void theLastUnitsAreTheClasses() {
    assertThatThrownBy(
            () -> layers("flatten", "dense: {units: 12, activation: softmax}").build(MNIST, 10))
        .hasMessage(
            "network 'test': layer 2 (dense): units is 12 but the data has 10 classes (labels from 0 to 9); the last"
                + " layer needs units: 10");
  }

  @Test
  void ofTwoClassesOneSigmoidUnitIsEnough() {
    assertThatThrownBy(() -> layers("dense: {units: 1, activation: softmax}").build(MNIST, 2))
        .hasMessage(
            "network 'test': layer 1 (dense): units is 1 but the data has 2 classes (labels from 0 to 1); the last layer"
                + " needs units: 2, or units: 1 with activation: sigmoid");
    Network network =
        Definitions.of(
                "layers: [dense: {units: 1, activation: sigmoid}]\nloss: binary_crossentropy")
            .build(MNIST, 2);
    assertThat(network.outputs()).isEqualTo(1);
    assertThat(network.classes()).isEqualTo(2);
  }

  @Test
  void theLastLayerIsDense() {
    assertThatThrownBy(() -> layers(SOFTMAX_10, "dropout: {rate: 0.5}").build(MNIST, 10))
        .hasMessage(
            "network 'test': layer 2 (dropout): the last layer must be dense, or an activation"
                + " after a dense");
  }

  @Test
  void theLastActivationIsGivenOnce() {
    assertThatThrownBy(
            () ->
                layers("dense: {units: 10, activation: relu}", "activation: softmax")
                    .build(MNIST, 10))
        .hasMessage(
            "network 'test': layer 2 (activation): the dense layer before it already has activation"
                + " relu; give the activation once");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          softmax | binary_crossentropy      | use activation: sigmoid, or loss: categorical_crossentropy
          sigmoid | categorical_crossentropy | use activation: softmax, or loss: binary_crossentropy
          linear  | categorical_crossentropy | use activation: softmax, or loss: mse
          """)
  void activationAndLossMustGoTogether(String activation, String loss, String remedy) {
    NetworkDefinition definition =
        Definitions.of(
            "layers: [flatten, dense: {units: 10}, activation: %s]\nloss: %s"
                .formatted(activation, loss));
    assertThatThrownBy(() -> definition.build(MNIST, 10))
        .hasMessage(
            "network 'test': layer 3 (activation): activation %s cannot go with loss %s; %s"
                .formatted(activation, loss, remedy));
  }

  @Test
  void tooManyParametersAreRefusedBeforeTheyAreAllocated() {
    assertThatThrownBy(() -> layers("dense: {units: 2000000000}", SOFTMAX_10).build(MNIST, 10))
        .isInstanceOf(ConfigurationException.class)
        .hasMessage(
            "network 'test': it has 1570000000000 parameters up to layer 'layer0' but a network can"
                + " have at most 268435456");
    assertThatThrownBy(
            () ->
                layers(
                        "conv2d: {filters: 2000000000, kernelSize: 2000000000, padding: same}",
                        "flatten",
                        SOFTMAX_10)
                    .build(MNIST, 10))
        .isInstanceOf(ConfigurationException.class)
        .hasMessageStartingWith("network 'test': layer 1 (conv2d): 2000000000 kernels of");
    assertThatThrownBy(
            () ->
                layers("conv2d: {filters: 90000000, kernelSize: 1}", "flatten", SOFTMAX_10)
                    .build(MNIST, 10))
        .isInstanceOf(ConfigurationException.class)
        .hasMessage(
            "network 'test': layer 1 (conv2d): its output has 70560000000 numbers an example but at"
                + " most 2147483647 are possible");
  }

  @Test
  void shapesFollowFromTheInput() {
    Network network =
        layers(
                "conv2d: {filters: 6, kernelSize: [3, 5], strides: [2, 1], padding: same}",
                "average_pooling2d: {poolSize: 3, strides: 2}",
                "batch_normalization",
                "activation: relu",
                "flatten",
                SOFTMAX_10)
            .build(new Shape(15, 20, 3), 10);
    assertThat(network.inputLayout()).isEqualTo(InputLayout.IMAGE);
    assertThat(network.layers().stream().map(layer -> layer.output().toString()))
        .containsExactly("8 x 20 x 6", "3 x 9 x 6", "3 x 9 x 6", "3 x 9 x 6", "162", "10");
    assertThat(network.layers().stream().map(NetworkLayer::parameters))
        .containsExactly(3 * 5 * 3 * 6 + 6, 0, 4 * 6, 0, 0, 162 * 10 + 10);
    assertThat(network.layers().get(0).description())
        .isEqualTo("6 filters of 3 x 5, strides 2 x 1, padding same, linear");
  }

  @Test
  void theFirstLayerThatCaresDecidesHowTheImageIsRead() {
    Shape color = new Shape(8, 6, 3);
    assertThat(first(color, "dropout: {rate: 0.1}", SOFTMAX_10))
        .isEqualTo(new ActivationShape.Flat(144));
    assertThat(first(color, "batch_normalization", "flatten", SOFTMAX_10))
        .isEqualTo(new ActivationShape.Image(8, 6, 3));
    assertThat(first(color, "dropout: {rate: 0.1}", "simple_rnn: {units: 3}", SOFTMAX_10))
        .isEqualTo(new ActivationShape.Sequence(8, 18));
  }

  private static ActivationShape first(Shape input, String... layers) {
    return layers(layers).build(input, 10).layers().get(0).input();
  }
}
