package dev.lockstep.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import dev.lockstep.data.Shape;
import dev.lockstep.network.Network;
import java.lang.management.ManagementFactory;
import java.nio.FloatBuffer;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.dropout.Dropout;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FusedEngineTest {
  private static final String SOFTMAX = "dense: {units: 3, activation: softmax}";

  @ParameterizedTest
  @ValueSource(strings = {"relu", "leaky_relu", "elu", "sigmoid", "tanh", "softmax", "linear"})
  void everyActivationOfADenseLayerEqualsDl4js(String activation) {
    agree("dense: {units: 7, activation: " + activation + "}");
    agree("dense: 7".replace("7", "{units: 7}"), "activation: " + activation);
    agree("dense: {units: 7, activation: " + activation + "}", "dropout: {rate: 0.4}");
  }

  @ParameterizedTest
  @ValueSource(strings = {"relu", "leaky_relu", "elu", "sigmoid", "tanh", "linear"})
  void everyActivationOfAConvolutionEqualsDl4js(String activation) {
    String convolution = "conv2d: {filters: 3, kernelSize: 3, activation: " + activation + "}";
    agree(convolution, "flatten");
    agree(convolution, "max_pooling2d", "flatten");
    agree(convolution, "dropout: {rate: 0.4}", "max_pooling2d", "dropout: {rate: 0.3}", "flatten");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{kernelSize: 1}",
        "{kernelSize: [3, 2]}",
        "{kernelSize: 3, padding: same}",
        "{kernelSize: [2, 4], padding: same}",
        "{kernelSize: 3, strides: 2}",
        "{kernelSize: 3, strides: [1, 2]}",
        "{kernelSize: 3, strides: 2, padding: same}",
        "{kernelSize: 2, strides: [3, 2], padding: same}",
        "{kernelSize: 1, strides: 2, padding: same}",
        "{kernelSize: 5, useBias: false}",
        "{kernelSize: [6, 5]}",
      })
  void everyWindowOfAConvolutionEqualsDl4js(String window) {
    String convolution = "conv2d: {filters: 4, activation: tanh, " + window.substring(1);
    agree(convolution, "flatten");
    agree("conv2d: {filters: 3, kernelSize: 3, padding: same}", convolution, "flatten");
    agree("conv2d: {filters: 9, kernelSize: 1}", convolution, "flatten");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{}",
        "{poolSize: 3}",
        "{poolSize: [2, 5]}",
        "{poolSize: [3, 1]}",
        "{poolSize: 2, padding: same}",
        "{poolSize: 3, padding: same}",
        "{poolSize: 3, strides: 1}",
        "{poolSize: 3, strides: 2}",
        "{poolSize: 3, strides: 1, padding: same}",
        "{poolSize: 2, strides: 3}",
        "{poolSize: 1, strides: 2}",
      })
  void everyWindowOfAPoolingEqualsDl4js(String window) {
    for (String kind : new String[] {"max_pooling2d: ", "average_pooling2d: "}) {
      agree(kind + window, "flatten");
      agree("conv2d: {filters: 3, kernelSize: 1, activation: relu}", kind + window, "flatten");
    }
  }

  @Test
  void batchNormalizationEqualsDl4js() {
    String normalization = "batch_normalization: {momentum: 0.9}";
    agree(normalization, "dense: {units: 6, activation: relu}");
    agree("dense: {units: 6}", normalization, "activation: relu");
    agree(
        "dense: {units: 6, useBias: false}",
        normalization,
        "activation: elu",
        "dropout: {rate: 0.2}");
    agree("conv2d: {filters: 3, kernelSize: 2}", normalization, "activation: relu", "flatten");
    agree(
        "conv2d: {filters: 3, kernelSize: 2}",
        normalization,
        "activation: relu",
        "max_pooling2d",
        "conv2d: {filters: 2, kernelSize: 2}",
        normalization,
        "flatten");
    agree(normalization, "conv2d: {filters: 3, kernelSize: 2}", "flatten");
  }

  @Test
  void layersThatStandAloneEqualDl4js() {
    agree("dropout: {rate: 0.5}", "dense: {units: 5, activation: relu}");
    agree("activation: tanh", "dense: {units: 5, activation: relu}");
    agree("dense: {units: 5, activation: softmax}", "dropout: {rate: 0.25}");
    agree("dense: {units: 5, activation: relu}", "activation: tanh", "activation: sigmoid");
    agree("dense: {units: 5}", "dropout: {rate: 0}", "dropout: {rate: 0.1}");
    agree("flatten", "dropout: {rate: 0.5}", "flatten", "dense: {units: 4}");
    agree(
        "conv2d: {filters: 2, kernelSize: 2}", "flatten", "activation: relu", "dense: {units: 4}");
    agree("conv2d: {filters: 2, kernelSize: 2}", "flatten", "dropout: {rate: 0.5}");
    agree();
  }

  @Test
  void everyLossEqualsDl4js() {
    for (String output : new String[] {"sigmoid", "relu", "tanh", "softmax", "linear"}) {
      Problem problem =
          Problem.of(
              "mse",
              "dense: {units: 6, activation: relu}",
              "dense: {units: 3, activation: " + output + "}");
      EngineAgreement.check(problem, 5, 5);
    }
    String[] layers = {
      "dense: {units: 6, activation: relu}", "dense: {units: 3}", "activation: sigmoid"
    };
    EngineAgreement.check(Problem.of("binary_crossentropy", layers), 5, 5);
    layers = new String[] {"dense: {units: 1, activation: sigmoid}"};
    EngineAgreement.check(Problem.of(new Shape(1, 9, 1), 2, "binary_crossentropy", layers), 5, 5);
    EngineAgreement.check(Problem.of(new Shape(1, 9, 1), 2, "mse", layers), 5, 5);
  }

  @ParameterizedTest
  @ValueSource(strings = {"categorical_crossentropy", "binary_crossentropy", "mse"})
  void outputsFarFromTheirTargetsEqualDl4js(String loss) {
    String activation = loss.startsWith("cat") ? "softmax" : "sigmoid";
    Problem problem = Problem.of(loss, "dense: {units: 3, activation: " + activation + "}");
    FloatBuffer parameters = problem.parameters();
    for (int i = 0; i < parameters.capacity(); i++) {
      parameters.put(i, 8 * parameters.get(i));
    }
    EngineAgreement.check(problem, 12, 12);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 9, 70})
  void batchesOfEverySizeEqualDl4js(int size) {
    String[] layers = {
      "conv2d: {filters: 4, kernelSize: 3, padding: same, activation: relu}",
      "max_pooling2d",
      "dropout: {rate: 0.2}",
      "flatten",
      "dense: {units: 9, activation: tanh}",
      "dropout: {rate: 0.5}"
    };
    EngineAgreement.check(Problem.classifier(layers), size, 70);
  }

  @Test
  void aLargeConvolutionIsComputedInChunks() {
    Shape image = new Shape(20, 18, 3);
    String[] layers = {
      "conv2d: {filters: 30, kernelSize: 3, padding: same, activation: relu}",
      "conv2d: {filters: 8, kernelSize: 5, strides: 2, activation: relu}",
      "conv2d: {filters: 8, kernelSize: 5, activation: relu}",
      "flatten",
      SOFTMAX
    };
    EngineAgreement.check(Problem.of(image, 3, "categorical_crossentropy", layers), 40, 40);
  }

  @Test
  void aSmallBatchAfterALargeOneIsComputedAlone() {
    Problem problem =
        Problem.classifier(
            "conv2d: {filters: 4, kernelSize: 3, padding: same, activation: relu}",
            "max_pooling2d: {poolSize: 2, strides: 1}",
            "dropout: {rate: 0.2}",
            "flatten");
    FloatBuffer gradient = FloatVector.allocate(problem.parameters().capacity());
    StepSums sums = new StepSums();
    try (Engine engine =
        new FusedEngine(problem.network(), Problem.SEED, problem.parameters(), gradient, 12)) {
      engine.gradient(problem.batch(12, 12), 3, sums);
      engine.gradient(problem.batch(5, 12), 4, sums);
      assertThat(FloatVector.copy(gradient))
          .containsExactly(
              problem.gradient(FusedEngine::new, problem.batch(5, 5), 4, new StepSums()));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"mlp", "cnn"})
  void aStepAllocatesNothing(String kind) {
    Problem problem =
        kind.equals("mlp")
            ? Problem.classifier("dense: {units: 40, activation: relu}", "dropout: {rate: 0.3}")
            : Problem.classifier(
                "conv2d: {filters: 4, kernelSize: 3, padding: same}",
                "batch_normalization",
                "activation: relu",
                "max_pooling2d",
                "conv2d: {filters: 4, kernelSize: 2, activation: elu}",
                "dropout: {rate: 0.3}",
                "average_pooling2d: {poolSize: [2, 1]}",
                "flatten");
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    Batch batch = problem.batch(12, 12);
    StepSums sums = new StepSums();
    FloatBuffer gradient = FloatVector.allocate(problem.parameters().capacity());
    try (Engine engine =
        new FusedEngine(problem.network(), Problem.SEED, problem.parameters(), gradient, 12)) {
      for (int step = 0; step < 100; step++) {
        engine.gradient(batch, step, sums);
      }
      long before = threads.getCurrentThreadAllocatedBytes();
      for (int step = 0; step < 100; step++) {
        engine.gradient(batch, step, sums);
      }
      assertThat(threads.getCurrentThreadAllocatedBytes() - before).isLessThan(1024);
    }
  }

  @Test
  void theFirstLayerThatCannotBeFusedIsNamed() {
    Network recurrent =
        Problem.of(
                "categorical_crossentropy",
                "dropout: {rate: 0.1}",
                "lstm: {units: 4}",
                "dense: {units: 3, activation: softmax}")
            .network();
    assertThat(FusedEngine.unsupported(recurrent)).contains("layer 2 (lstm)");
    assertThatThrownBy(() -> new FusedEngine(recurrent, 1, null, null, 1))
        .hasMessage("network 'test': layer 2 (lstm) cannot be fused");
  }

  @Test
  void aNetworkFromDl4jsJsonIsFusedWhereItsLayersAreKnown() {
    String[][] networks = {
      {"dense: {units: 4, activation: elu, l2: 0.01}", "dropout: {rate: 0.3}"},
      {"dropout: {rate: 0.9}", "dense: {units: 4, useBias: false}", "activation: tanh"},
      {"batch_normalization", "dense: {units: 4, activation: leaky_relu}"},
      {
        "conv2d: {filters: 3, kernelSize: 3, padding: same}",
        "batch_normalization",
        "activation: relu",
        "max_pooling2d",
        "dropout: {rate: 0.2}",
        "conv2d: {filters: 9, kernelSize: 1, useBias: false}",
        "conv2d: {filters: 2, kernelSize: 2, activation: sigmoid}",
        "average_pooling2d: {poolSize: [2, 1], padding: same}",
        "flatten",
        "dropout: {rate: 0.4}"
      },
      {"conv2d: {filters: 2, kernelSize: 3}", "flatten", "activation: softmax"},
      {"conv2d: {filters: 2, kernelSize: 3}", "flatten", "batch_normalization"},
      {"max_pooling2d", "flatten", "dense: {units: 5, activation: softmax}"}
    };
    for (String[] layers : networks) {
      Problem problem = Problem.classifier(layers);
      Problem json = problem.asJson();
      assertThat(FusedEngine.unsupported(json.network())).as(String.join(", ", layers)).isEmpty();
      EngineAgreement.check(json, 5, 7);
      assertThat(json.gradient(FusedEngine::new, json.batch(5, 7), 4, new StepSums()))
          .containsExactly(
              problem.gradient(FusedEngine::new, problem.batch(5, 7), 4, new StepSums()));
    }
  }

  @Test
  void aLayerOfDl4jsJsonWithSettingsOfItsOwnIsNamed() {
    Network network =
        Problem.classifier("dense: {units: 6, activation: relu}", "dense: {units: 4}").network();
    MultiLayerConfiguration dl4j = network.dl4j();
    dl4j.getConf(1).getLayer().setIDropout(new Dropout(0.5));

    Network json = Network.fromDl4j("json", dl4j.toJson(), network.input(), network.classes());

    assertThat(FusedEngine.unsupported(json)).contains("layer 2 (DenseLayer, as its JSON sets it)");
  }

  private static void agree(String... layers) {
    EngineAgreement.check(Problem.classifier(layers), 5, 7);
  }
}
