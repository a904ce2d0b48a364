package dev.lockstep.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.lockstep.config.Configuration;
import dev.lockstep.data.Examples;
import dev.lockstep.data.FloatFeatures;
import dev.lockstep.data.Shape;
import dev.lockstep.network.Network;
import dev.lockstep.random.CounterRandom;
import java.nio.FloatBuffer;
import java.util.List;
import org.junit.jupiter.api.Test;

/** DL4J's gradient on arrays of any shape, by row numbers. */
class ArrayEngineTest {
  private static final int EXAMPLES = 20;
  private static final int INPUTS = 6;
  private static final int CLASSES = 3;

  private final CounterRandom random = new CounterRandom(1);
  private final float[][] rows = new float[EXAMPLES][INPUTS];
  private final byte[] classes = new byte[EXAMPLES];
  private final float[] features = new float[EXAMPLES * INPUTS];
  private final float[] labels = new float[EXAMPLES * CLASSES];

  ArrayEngineTest() {
    for (int i = 0; i < EXAMPLES; i++) {
      classes[i] = (byte) random.nextInt(CLASSES);
      labels[i * CLASSES + classes[i]] = 1;
      for (int p = 0; p < INPUTS; p++) {
        rows[i][p] = (float) random.nextGaussian();
        features[i * INPUTS + p] = rows[i][p];
      }
    }
  }

  /** Dropout and batch normalisation too: the same draws, the same statistics. */
  @Test
  void isThatOfTheReferenceOnTheSameExamples() {
    Network network =
        Configuration.read(
                "small",
                """
                network:
                  layers:
                    - dense: {units: 8, activation: tanh}
                    - batch_normalization
                    - dropout: {rate: 0.5}
                    - dense: {units: 3, activation: softmax}
                  loss: categorical_crossentropy
                """,
                List.of())
            .network(Shape.vector(INPUTS), CLASSES);
    int[] chosen = {3, 17, 0, 9, 4};
    StepSums sums = new StepSums();
    StepSums expectedSums = new StepSums();

    float[] expected =
        gradient(
            Dl4jEngine::new,
            network,
            network,
            new Examples(new FloatFeatures(Shape.vector(INPUTS), rows), CLASSES, classes),
            chosen,
            expectedSums);
    float[] found =
        gradient(
            ArrayEngine.on(
                new ExampleArrays(
                    EXAMPLES, new long[] {INPUTS}, features, new long[] {CLASSES}, labels)),
            network,
            Network.ofArrays("arrays", network.dl4j().toJson()),
            numbers(),
            chosen,
            sums);

    assertThat(found).isEqualTo(expected);
    assertThat(sums.examples()).isEqualTo(chosen.length);
    assertThat(sums.loss()).isCloseTo(expectedSums.loss(), within(1e-4));
  }

  private static Examples numbers() {
    float[][] numbers = new float[EXAMPLES][1];
    for (int i = 0; i < EXAMPLES; i++) {
      numbers[i][0] = i;
    }
    return new Examples(new FloatFeatures(Shape.vector(1), numbers), 1, new byte[EXAMPLES]);
  }

  private static float[] gradient(
      EngineFactory engines,
      Network source,
      Network network,
      Examples examples,
      int[] chosen,
      StepSums sums) {
    FloatBuffer parameters = FloatVector.of(source.initialParameters(2));
    FloatBuffer gradient = FloatVector.allocate(parameters.capacity());
    Batch batch = new Batch(network.input(), chosen.length);
    batch.fill(examples, chosen, 0, chosen.length);
    try (Engine engine = engines.open(network, 5, parameters, gradient, chosen.length)) {
      engine.gradient(batch, 3, sums);
    }
    float[] numbers = new float[gradient.capacity()];
    gradient.get(0, numbers);
    return numbers;
  }

  @Test
  void arraysThatDoNotFitTheirShapesAreRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(
            () ->
                new ExampleArrays(
                    2, new long[] {2, 3}, new float[12], new long[] {4}, new float[7]))
        .withMessage("7 labels for 2 examples of shape [4]");
  }
}
