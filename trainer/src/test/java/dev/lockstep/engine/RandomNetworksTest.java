package dev.lockstep.engine;

import java.util.ArrayList;
import java.util.List;
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
              "max_pooling2d: {padding: same}",
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

  @Property(tries = 80, seed = "7")
  void aRandomNetworkHasTheGradientAndPredictionsOfDl4j(
      @ForAll("networks") List<String> layers, @ForAll @IntRange(min = 1, max = 12) int size) {
    EngineAgreement.check(Problem.classifier(layers.toArray(String[]::new)), size, 12);
  }

  /**
   * Up to six layers with the last one, which is left out. DL4J cannot predict with a network that
   * begins with two of dropout and activation.
   */
  @Provide
  static Arbitrary<List<String>> networks() {
    Arbitrary<List<String>> flat = FLAT_LAYER.list().ofMaxSize(5);
    Arbitrary<List<String>> images =
        IMAGE_LAYER
            .list()
            .ofMinSize(1)
            .ofMaxSize(3)
            .flatMap(first -> FLAT_LAYER.list().ofMaxSize(1).map(last -> joined(first, last)));
    return Arbitraries.oneOf(flat, images)
        .filter(layers -> !beginsWithTwoWithoutParameters(layers));
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
