package dev.lockstep.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lockstep.network.Segment;
import org.junit.jupiter.api.Test;

/** The fused engine's gradient against differences of a loss in double precision. */
class FusedGradientTest {
  @Test
  void theGradientOfAPerceptronIsThatOfItsLoss() {
    check(
        Problem.classifier(
            "dropout: {rate: 0.2}",
            "dense: {units: 6, activation: leaky_relu}",
            "dropout: {rate: 0.3}",
            "dense: {units: 5}",
            "batch_normalization",
            "activation: elu",
            "dense: {units: 4, activation: softmax}"));
  }

  @Test
  void theGradientOfAConvolutionalNetworkIsThatOfItsLoss() {
    check(
        Problem.classifier(
            "conv2d: {filters: 3, kernelSize: 3, padding: same, activation: relu}",
            "max_pooling2d: {poolSize: 2, strides: 1}",
            "dropout: {rate: 0.2}",
            "conv2d: {filters: 2, kernelSize: 2, strides: 2, padding: same}",
            "batch_normalization",
            "activation: tanh",
            "average_pooling2d: {poolSize: 2, padding: same}",
            "flatten"));
  }

  @Test
  void theGradientWithWindowsThatStayInsideTheImageIsThatOfItsLoss() {
    check(
        Problem.classifier(
            "conv2d: {filters: 4, kernelSize: [2, 3], activation: sigmoid}",
            "average_pooling2d: {poolSize: 2, strides: 1}",
            "conv2d: {filters: 9, kernelSize: 1, activation: elu}",
            "conv2d: {filters: 2, kernelSize: 2}",
            "flatten",
            "dense: {units: 5, activation: sigmoid}"));
  }

  @Test
  void theGradientBehindNormalisedInputIsThatOfItsLoss() {
    check(
        Problem.classifier(
            "batch_normalization",
            "conv2d: {filters: 3, kernelSize: 3, activation: tanh}",
            "average_pooling2d",
            "flatten"));
    check(Problem.classifier("batch_normalization", "dense: {units: 6, activation: sigmoid}"));
  }

  @Test
  void theGradientThroughAHiddenSoftmaxIsThatOfItsLoss() {
    check(
        Problem.classifier(
            "dense: {units: 6, activation: softmax}", "dense: {units: 5, activation: tanh}"));
    check(Problem.of("mse", "dense: {units: 5}", "activation: softmax", "dense: {units: 3}"));
  }

  @Test
  void theGradientOfEveryLossIsThatOfTheLoss() {
    check(Problem.of("mse", "dense: {units: 3, activation: sigmoid}"));
    check(Problem.of("mse", "dense: {units: 4, activation: sigmoid}", "dense: {units: 3}"));
    check(Problem.of("binary_crossentropy", "dense: {units: 3, activation: sigmoid}"));
    check(Problem.of("categorical_crossentropy", "dense: {units: 3, activation: softmax}"));
  }

  private static void check(Problem problem) {
    FiniteDifferences differences = FiniteDifferences.of(problem);
    double loss = differences.expectedLoss();
    assertThat(differences.loss()).isCloseTo(loss, within(1e-5 * loss));
    for (Segment segment : problem.network().layout().segments()) {
      for (int i = segment.offset(); !segment.statistic() && i < end(segment); i++) {
        double difference = differences.at(i);
        assertThat((double) differences.gradient()[i])
            .as("%s of layer %d", segment.name(), segment.layer())
            .isCloseTo(difference, within(1e-4 * Math.abs(difference) + 1e-5));
      }
    }
  }

  private static int end(Segment segment) {
    return segment.offset() + segment.length();
  }
}
