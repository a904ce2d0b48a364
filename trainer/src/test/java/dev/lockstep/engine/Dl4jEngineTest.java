package dev.lockstep.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lockstep.data.Examples;
import dev.lockstep.data.Shape;
import dev.lockstep.network.Network;
import dev.lockstep.network.NetworkDefinition;
import dev.lockstep.network.Segment;
import dev.lockstep.random.CounterRandom;
import dev.lockstep.yaml.Section;
import java.nio.FloatBuffer;
import java.util.stream.IntStream;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** The reference engine against DL4J used by hand. */
class Dl4jEngineTest {
  private static final Shape SHAPE = new Shape(8, 6, 1);
  private static final int CLASSES = 4;
  private static final int SIZE = 9;
  private static final Examples EXAMPLES = examples();

  private static Examples examples() {
    CounterRandom random = new CounterRandom(5);
    byte[][] pixels = new byte[SIZE][SHAPE.size()];
    byte[] labels = new byte[SIZE];
    for (int i = 0; i < SIZE; i++) {
      labels[i] = (byte) random.nextInt(CLASSES);
      for (int p = 0; p < SHAPE.size(); p++) {
        pixels[i][p] = (byte) random.nextInt(256);
      }
    }
    return new Examples(SHAPE, CLASSES, pixels, labels);
  }

  private static Network network(String layers, String loss) {
    return NetworkDefinition.read(
            "test", Section.parse("test", "{layers: [%s], loss: %s}".formatted(layers, loss)))
        .build(SHAPE, CLASSES);
  }

  private static Batch batch() {
    Batch batch = new Batch(SHAPE, SIZE + 3);
    batch.fill(EXAMPLES, IntStream.range(0, SIZE).toArray(), 0, SIZE);
    return batch;
  }

  private static INDArray features(Network network) {
    INDArray rows = Nd4j.zeros(DataType.FLOAT, SIZE, SHAPE.size());
    float[] row = new float[SHAPE.size()];
    for (int i = 0; i < SIZE; i++) {
      EXAMPLES.copy(i, row, 0);
      rows.putRow(i, Nd4j.createFromArray(row));
    }
    return switch (network.inputLayout()) {
      case FLAT -> rows;
      case IMAGE -> rows.reshape(SIZE, 1, SHAPE.height(), SHAPE.width());
      case SEQUENCE -> rows.reshape(SIZE, SHAPE.height(), SHAPE.width()).permute(0, 2, 1);
    };
  }

  private static INDArray labels() {
    INDArray labels = Nd4j.zeros(DataType.FLOAT, SIZE, CLASSES);
    for (int i = 0; i < SIZE; i++) {
      labels.putScalar(i, EXAMPLES.label(i), 1);
    }
    return labels;
  }

  private static MultiLayerNetwork byHand(Network network) {
    MultiLayerNetwork model = new MultiLayerNetwork(network.dl4j());
    model.init(Nd4j.createFromArray(network.initialParameters(3)).reshape(1, -1), true);
    return model;
  }

  private static final String SOFTMAX = "{dense: {units: 4, activation: softmax}}";

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{dense: {units: 7, activation: relu}}, " + SOFTMAX,
        "{conv2d: {filters: 3, kernelSize: 3}}, max_pooling2d, flatten, " + SOFTMAX,
        "{lstm: {units: 5}}, " + SOFTMAX,
        "{simple_rnn: {units: 5, returnSequences: true}}, {lstm: {units: 3}}, " + SOFTMAX
      })
  void gradientAndLossAreDl4jsOwn(String layers) throws Exception {
    Network network = network(layers, "categorical_crossentropy");
    MultiLayerNetwork expected = byHand(network);
    expected.setInput(features(network));
    expected.setLabels(labels());
    expected.computeGradientAndScore();

    FloatBuffer gradient = FloatVector.allocate(network.layout().length());
    StepSums sums = new StepSums();
    try (Engine engine =
        new Dl4jEngine(
            network, 1, FloatVector.of(network.initialParameters(3)), gradient, SIZE + 3)) {
      engine.gradient(batch(), 0, sums);
    }

    assertThat(FloatVector.copy(gradient))
        .containsExactly(expected.getGradientsViewArray().dup().toFloatVector(), within(1e-6f));
    assertThat(sums.loss()).isCloseTo(expected.score() * SIZE, within(1e-4));
    assertThat(sums.examples()).isEqualTo(SIZE);
  }

  @Test
  void predictionsAreDl4jsOwnAndTheirHitsAreCounted() throws Exception {
    Network network = network("{conv2d: {filters: 3, kernelSize: 3}}, flatten, " + SOFTMAX, "mse");
    INDArray expected = byHand(network).output(features(network)).dup('c');

    FloatBuffer outputs = FloatVector.allocate((SIZE + 3) * CLASSES);
    StepSums sums = new StepSums();
    FloatBuffer parameters = FloatVector.of(network.initialParameters(3));
    try (Engine engine =
        new Dl4jEngine(
            network, 1, parameters, FloatVector.allocate(parameters.capacity()), SIZE + 3)) {
      engine.predict(batch(), outputs);
      engine.gradient(batch(), 0, sums);
    }

    float[] predicted = new float[SIZE * CLASSES];
    outputs.get(0, predicted);
    assertThat(predicted).containsExactly(expected.data().asFloat(), within(1e-6f));
    long hits =
        IntStream.range(0, SIZE)
            .filter(i -> expected.getRow(i).argMax().getInt(0) == EXAMPLES.label(i))
            .count();
    assertThat(sums.hits()).isEqualTo(hits);
  }

  /** The running statistics after one step are what DL4J's own fit leaves. */
  @Test
  void runningStatisticsOfBatchNormalisationMoveAsDl4jMovesThem() throws Exception {
    Network network =
        network("{dense: {units: 6}}, batch_normalization, " + SOFTMAX, "categorical_crossentropy");
    MultiLayerNetwork expected = byHand(network);
    expected.fit(features(network), labels());
    float[] fitted = expected.params().toFloatVector();

    float[] start = network.initialParameters(3);
    FloatBuffer gradient = FloatVector.allocate(start.length);
    try (Engine engine = new Dl4jEngine(network, 1, FloatVector.of(start), gradient, SIZE + 3)) {
      engine.gradient(batch(), 0, new StepSums());
    }

    for (Segment segment : network.layout().segments()) {
      for (int i = segment.offset();
          segment.statistic() && i < segment.offset() + segment.length();
          i++) {
        assertThat(start[i] - gradient.get(i) / SIZE).isCloseTo(fitted[i], within(1e-6f));
        assertThat(fitted[i]).isNotEqualTo(start[i]);
      }
    }
  }

  @Test
  void dropoutDropsTheFractionAndKeepsTheMean() {
    int elements = 20_000;
    StepDraws draws = new StepDraws(11);
    draws.open(4);
    DropoutFactors dropout = new DropoutFactors(2, 0.3, SIZE * elements);
    dropout.open(draws, batch());
    float[] factors = new float[SIZE * elements];
    dropout.write(0, factors, factors.length);

    int dropped = 0;
    double sum = 0;
    for (float factor : factors) {
      dropped += factor == 0 ? 1 : 0;
      sum += factor;
    }
    assertThat((double) dropped / factors.length).isCloseTo(0.3, within(0.005));
    assertThat(sum / factors.length).isCloseTo(1, within(0.01));
  }
}
