package dev.lockstep.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lockstep.network.ActivationShape;
import dev.lockstep.network.ActivationShape.Image;
import dev.lockstep.network.Layer;
import dev.lockstep.network.Segment;
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

  private static final Arbitrary<String> SMOOTH = Arbitraries.of("sigmoid", "tanh", "linear");

  /** Without corners, at which a gradient is not that of differences. */
  private static final Arbitrary<String> SMOOTH_IMAGE_LAYER =
      Arbitraries.oneOf(
          SMOOTH.map(
              "conv2d: {filters: 4, kernelSize: [2, 3], padding: same, activation: %s}"::formatted),
          SMOOTH.map(
              "conv2d: {filters: 9, kernelSize: 2, strides: [1, 2], activation: %s}"::formatted),
          Arbitraries.of(
              "conv2d: {filters: 3, kernelSize: 1, useBias: false}",
              "average_pooling2d",
              "average_pooling2d: {poolSize: 2, strides: 1, padding: same}",
              "batch_normalization",
              "dropout: {rate: 0.3}"),
          SMOOTH.map("activation: %s"::formatted));

  private static final Arbitrary<String> SMOOTH_FLAT_LAYER =
      Arbitraries.oneOf(
          SMOOTH.map("dense: {units: 9, activation: %s}"::formatted),
          SMOOTH.map("activation: %s"::formatted),
          Arbitraries.of(
              "batch_normalization",
              "dropout: {rate: 0.4}",
              "dense: {units: 5, activation: softmax}",
              "dense: {units: 6, useBias: false}"));

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

  /** The layers of a network and how it ends. */
  private record Architecture(List<String> layers, Output output) {
    Problem problem() {
      List<String> all = new ArrayList<>(layers);
      all.add(output.layer());
      return Problem.of(output.loss(), all.toArray(String[]::new));
    }
  }

  @Property(tries = 150, seed = "7")
  void aRandomNetworkHasTheGradientAndPredictionsOfDl4j(
      @ForAll("architectures") Architecture architecture,
      @ForAll @IntRange(min = 1, max = 12) int size) {
    EngineAgreement.check(architecture.problem(), size, 12);
  }

  /** A few numbers of each parameter array, of which each needs two passes of the slow oracle. */
  @Property(tries = 60, seed = "8")
  void aRandomSmoothNetworkHasTheGradientOfItsLossInDoublePrecision(
      @ForAll("smoothArchitectures") Architecture architecture) {
    Problem problem = architecture.problem();
    FiniteDifferences differences = FiniteDifferences.of(problem);
    float[] gradient = differences.gradient();
    double rounding = EngineAgreement.rounding(gradient);

    assertThat(differences.loss())
        .isCloseTo(differences.expectedLoss(), within(1e-5 * (4 + differences.loss())));
    for (Segment segment : problem.network().layout().segments()) {
      int stride = 1 + segment.length() / 8;
      int end = segment.offset() + segment.length();
      for (int i = segment.offset(); !segment.statistic() && i < end; i += stride) {
        double difference = differences.at(i);
        assertThat((double) gradient[i])
            .as("%s of layer %d, number %d", segment.name(), segment.layer(), i - segment.offset())
            .isCloseTo(difference, within(1e-4 * Math.abs(difference) + rounding));
      }
    }
  }

  /**
   * Networks of up to six layers, flatten not counted, whose windows fit their images. DL4J cannot
   * predict with a network that begins with two of dropout and activation.
   */
  @Provide
  static Arbitrary<Architecture> architectures() {
    return architectures(IMAGE_LAYER, FLAT_LAYER);
  }

  @Provide
  static Arbitrary<Architecture> smoothArchitectures() {
    return architectures(SMOOTH_IMAGE_LAYER, SMOOTH_FLAT_LAYER);
  }

  private static Arbitrary<Architecture> architectures(
      Arbitrary<String> imageLayer, Arbitrary<String> flatLayer) {
    Arbitrary<List<String>> flat = flatLayer.list().ofMaxSize(5);
    Arbitrary<List<String>> images =
        imageLayer
            .list()
            .ofMinSize(1)
            .ofMaxSize(5)
            .flatMap(
                first ->
                    flatLayer.list().ofMaxSize(5 - first.size()).map(last -> joined(first, last)));
    return Arbitraries.oneOf(flat, images)
        .filter(layers -> !beginsWithTwoWithoutParameters(layers))
        .filter(RandomNetworksTest::windowsFit)
        .flatMap(layers -> OUTPUT.map(output -> new Architecture(layers, output)));
  }

  /** Told by the shapes alone: making a network of DL4J's takes long, and many are only tried. */
  private static boolean windowsFit(List<String> layers) {
    List<String> images = layers.subList(0, Math.max(0, layers.indexOf("flatten")));
    ActivationShape shape =
        new Image(Problem.IMAGE.height(), Problem.IMAGE.width(), Problem.IMAGE.channels());
    try {
      for (Layer layer : Problem.layers(images)) {
        shape = layer.output(shape);
      }
      return true;
    } catch (IllegalArgumentException e) {
      assertThat(e).hasMessageContaining("or padding same");
      return false;
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
