package dev.lockstep.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.yaml.ConfigurationException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;

class RandomNetworksTest {
  private static final Arbitrary<String> ACTIVATION =
      Arbitraries.of("relu", "leaky_relu", "elu", "sigmoid", "tanh", "linear");

  private static final Arbitrary<String> IMAGE_LAYER =
      Arbitraries.oneOf(
          ACTIVATION.map(
              "conv2d: {filters: 8, kernelSize: [2, 3], padding: same, activation: %s}"::formatted),
          ACTIVATION.map(
              "conv2d: {filters: 4, kernelSize: 3, strides: 2, padding: same, activation: %s}"
                  ::formatted),
          ACTIVATION.map("conv2d: {filters: 2, kernelSize: 1, activation: %s}"::formatted),
          Arbitraries.of(
              "conv2d: {filters: 3, kernelSize: [2, 3], activation: relu}",
              "conv2d: {filters: 9, kernelSize: 2, strides: [1, 2], useBias: false}",
              "max_pooling2d",
              "max_pooling2d: {poolSize: [2, 1], strides: 1}",
              "max_pooling2d: {padding: same}",
              "average_pooling2d",
              "average_pooling2d: {poolSize: [3, 2], strides: [1, 2]}",
              "max_pooling2d: {poolSize: 3, strides: 1, padding: same}",
              "average_pooling2d: {poolSize: 2, strides: 1, padding: same}",
              "batch_normalization",
              "dropout: {rate: 0.3}"),
          ACTIVATION.map("activation: %s"::formatted));

  private static final Arbitrary<String> FLAT_LAYER =
      Arbitraries.oneOf(
          ACTIVATION.map("dense: {units: 9, activation: %s}"::formatted),
          ACTIVATION.map("dense: {units: 6, useBias: false, activation: %s}"::formatted),
          ACTIVATION.map("activation: %s"::formatted),
          Arbitraries.of(
              "batch_normalization",
              "dropout: {rate: 0.4}",
              "dense: {units: 5, activation: softmax}"));

  /** A last layer and a loss that go together. */
  private record Output(String activation, String loss) {
    String layer() {
      return "dense: {units: 3, activation: %s}".formatted(activation);
    }
  }

  private static final Arbitrary<Output> OUTPUT =
      Arbitraries.of(
          new Output("softmax", "categorical_crossentropy"),
          new Output("sigmoid", "binary_crossentropy"),
          new Output("linear", "mse"),
          new Output("tanh", "mse"),
          new Output("softmax", "mse"));

  @Property(tries = 150, seed = "7")
  void aRandomNetworkHasTheGradientAndPredictionsOfDl4j(
      @ForAll("problems") Problem problem, @ForAll @IntRange(min = 1, max = 12) int size) {
    EngineAgreement.check(problem, size, 12);
  }

  /**
   * Networks of up to six layers, flatten not counted, whose windows fit their images. DL4J cannot
   * predict with a network that begins with two of dropout and activation.
   */
  @Provide
  static Arbitrary<Problem> problems() {
    Arbitrary<List<String>> flat = FLAT_LAYER.list().ofMaxSize(5);
    Arbitrary<List<String>> images =
        IMAGE_LAYER
            .list()
            .ofMinSize(1)
            .ofMaxSize(5)
            .flatMap(
                first ->
                    FLAT_LAYER.list().ofMaxSize(5 - first.size()).map(last -> joined(first, last)));
    return Arbitraries.oneOf(flat, images)
        .filter(layers -> !beginsWithTwoWithoutParameters(layers))
        .flatMap(layers -> OUTPUT.map(output -> problem(layers, output)))
        .filter(Optional::isPresent)
        .map(Optional::get);
  }

  /** None if a window is larger than its image. */
  private static Optional<Problem> problem(List<String> layers, Output output) {
    List<String> all = new ArrayList<>(layers);
    all.add(output.layer());
    try {
      return Optional.of(Problem.of(output.loss(), all.toArray(String[]::new)));
    } catch (ConfigurationException e) {
      assertThat(e).hasMessageContaining("or padding same");
      return Optional.empty();
    }
  }

  private static List<String> joined(List<String> images, List<String> flat) {
    List<String> layers = new ArrayList<>(images);
    layers.add("flatten");
    layers.addAll(flat);
    return layers;
  }

  private static boolean beginsWithTwoWithoutParameters(List<String> layers) {
    return String.join(";", layers)
        .replace("flatten;", "")
        .matches("(dropout|activation)[^;]*;(dropout|activation).*");
  }
}
