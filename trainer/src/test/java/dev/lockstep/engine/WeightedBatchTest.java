package dev.lockstep.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lockstep.data.Examples;
import dev.lockstep.data.MicroBatch;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The gradient of a batch is the sum of its examples' own, each times its weight. */
class WeightedBatchTest {
  private static final int SIZE = 6;

  private static Problem problem(String loss) {
    return switch (loss) {
      case "binary_crossentropy" ->
          Problem.of(
              Problem.IMAGE,
              2,
              loss,
              "dense: {units: 5, activation: tanh}",
              "dense: {units: 1, activation: sigmoid}");
      default ->
          Problem.of(
              loss,
              "conv2d: {filters: 3, kernelSize: 3, activation: relu}",
              "flatten",
              "dense: {units: 3, activation: softmax}");
    };
  }

  static Stream<Arguments> losses() {
    return Stream.of("categorical_crossentropy", "binary_crossentropy", "mse")
        .flatMap(
            loss ->
                Stream.of(
                    Arguments.of(loss, (EngineFactory) FusedEngine::new),
                    Arguments.of(loss, (EngineFactory) Dl4jEngine::new)));
  }

  @ParameterizedTest
  @MethodSource("losses")
  void addsGradientsAndLossesTimesWeights(String loss, EngineFactory engines) {
    Problem problem = problem(loss);
    Examples six = problem.examples().select(IntStream.range(0, SIZE).toArray());
    Examples weighted =
        six.weighted(
            new double[] {1, 2, 0, 0.5, 3, 5.5}, List.of(IntStream.range(0, SIZE).toArray()));
    float[] expected = new float[problem.parameters().capacity()];
    double expectedLoss = 0;
    long hits = 0;
    for (int i = 0; i < SIZE; i++) {
      StepSums sums = new StepSums();
      float[] own = problem.gradient(engines, batch(problem, six, i, i + 1), 0, sums);
      for (int p = 0; p < own.length; p++) {
        expected[p] += weighted.weight(i) * own[p];
      }
      expectedLoss += weighted.weight(i) * sums.loss();
      hits += sums.hits();
    }

    StepSums found = new StepSums();
    float[] gradient = problem.gradient(engines, batch(problem, weighted, 0, SIZE), 0, found);

    assertThat(gradient).containsExactly(expected, within(1e-4f));
    assertThat(found.loss()).isCloseTo(expectedLoss, within(1e-5));
    assertThat(found.hits()).isEqualTo(hits);
    assertThat(found.examples()).isEqualTo(SIZE);
  }

  private static Batch batch(Problem problem, Examples examples, int from, int to) {
    MicroBatch part = new MicroBatch(to - from);
    for (int i = from; i < to; i++) {
      part.add(i, i);
    }
    Batch batch = new Batch(problem.network().input(), to - from);
    batch.fill(examples, part);
    return batch;
  }
}
