package dev.lockstep.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lockstep.coordinator.Averaging;
import dev.lockstep.coordinator.TrainingResult;
import dev.lockstep.data.Dataset;
import dev.lockstep.data.Examples;
import dev.lockstep.engine.Dl4jEngine;
import dev.lockstep.engine.EngineFactory;
import dev.lockstep.engine.FusedEngine;
import dev.lockstep.network.Network;
import dev.lockstep.split.Split;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** In a batch of all examples, a weight says how many times an example is there. */
class WeightedTrainingTest {
  private static final int TRAINING = 60;
  private static final int VALIDATION = 30;
  private static final int EPOCHS = 6;
  private static final String ADAM = "{name: adam, learningRate: 0.01}";

  /** How many times each example is there: 0 to 3. */
  private static int[] counts(int from, int to) {
    return IntStream.range(from, to).map(i -> i % 4).toArray();
  }

  private static int[] repeated(int[] counts, int from) {
    return IntStream.range(0, counts.length)
        .flatMap(i -> IntStream.generate(() -> from + i).limit(counts[i]))
        .toArray();
  }

  private static TrainingSet set(Examples examples, int training) {
    return new TrainingSet(
        new Dataset("small", examples, examples.select(new int[0])),
        new Split(
            IntStream.range(0, training).toArray(),
            IntStream.range(training, examples.size()).toArray()));
  }

  private static TrainingSet weighted(double scale) {
    int[] counts = counts(0, TRAINING + VALIDATION);
    return set(
        SmallProblem.examples(TRAINING + VALIDATION, 7)
            .weighted(
                Arrays.stream(counts).mapToDouble(count -> scale * count).toArray(),
                List.of(
                    IntStream.range(0, TRAINING).toArray(),
                    IntStream.range(TRAINING, TRAINING + VALIDATION).toArray())),
        TRAINING);
  }

  private static TrainingSet repeated() {
    int[] training = repeated(counts(0, TRAINING), 0);
    int[] validation = repeated(counts(TRAINING, TRAINING + VALIDATION), TRAINING);
    int[] all = IntStream.concat(Arrays.stream(training), Arrays.stream(validation)).toArray();
    return set(SmallProblem.examples(TRAINING + VALIDATION, 7).select(all), training.length);
  }

  private static TrainingResult train(
      TrainingSet data, String optimizer, Averaging averaging, EngineFactory engines, int workers) {
    Network network = SmallProblem.perceptron(0, 0.01);
    int all = data.split().training().length;
    return SimulatedGang.train(
        SmallProblem.plan(EPOCHS, all, SmallProblem.optimizer(optimizer), averaging),
        network,
        data,
        engines,
        workers);
  }

  static Stream<Arguments> gangs() {
    return Stream.of(1, 2)
        .flatMap(
            workers ->
                Stream.of(
                    Arguments.of(workers, (EngineFactory) FusedEngine::new),
                    Arguments.of(workers, (EngineFactory) Dl4jEngine::new)));
  }

  @ParameterizedTest
  @MethodSource("gangs")
  void anExampleCountsAsOftenAsItsWeightSays(int workers, EngineFactory engines) {
    TrainingResult found = train(weighted(0.7), ADAM, new Averaging.Gradients(), engines, workers);

    TrainingResult expected = train(repeated(), ADAM, new Averaging.Gradients(), engines, workers);
    assertThat(found.parameters()).containsExactly(expected.parameters(), within(1e-4f));
    for (int epoch = 0; epoch < EPOCHS; epoch++) {
      assertThat(found.history().epochs().get(epoch).trainingLoss())
          .isCloseTo(expected.history().epochs().get(epoch).trainingLoss(), within(1e-4));
      assertThat(found.history().epochs().get(epoch).validation().loss())
          .isCloseTo(expected.history().epochs().get(epoch).validation().loss(), within(1e-4));
    }
    assertThat(found.history().epochs().get(0).examples()).isEqualTo(TRAINING);
  }

  /** Where a worker's examples weigh more than another's, its step is the longer one. */
  @Test
  void averagingParametersOfTwoWorkersAtEachStepEqualsAveragingTheirGradients() {
    TrainingResult parameters =
        train(
            weighted(1),
            "{name: sgd, learningRate: 0.1}",
            new Averaging.Parameters(1, Optional.empty()),
            FusedEngine::new,
            2);

    TrainingResult gradients =
        train(
            weighted(1),
            "{name: sgd, learningRate: 0.1}",
            new Averaging.Gradients(),
            FusedEngine::new,
            2);
    assertThat(parameters.parameters()).containsExactly(gradients.parameters(), within(1e-5f));
  }

  @Test
  void equalWeightsChangeNoBit() {
    Examples examples = SmallProblem.examples(TRAINING, 7);
    double[] same = new double[TRAINING];
    Arrays.fill(same, 0.3);

    TrainingResult found =
        train(
            set(examples.weighted(same, List.of(IntStream.range(0, TRAINING).toArray())), TRAINING),
            ADAM,
            new Averaging.Gradients(),
            FusedEngine::new,
            2);

    assertThat(found.parameters())
        .isEqualTo(
            train(set(examples, TRAINING), ADAM, new Averaging.Gradients(), FusedEngine::new, 2)
                .parameters());
  }
}
