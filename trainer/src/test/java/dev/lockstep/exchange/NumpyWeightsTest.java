package dev.lockstep.exchange;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lockstep.data.Examples;
import dev.lockstep.data.FloatFeatures;
import dev.lockstep.data.Shape;
import dev.lockstep.engine.Batch;
import dev.lockstep.engine.Dl4jEngine;
import dev.lockstep.engine.Engine;
import dev.lockstep.engine.FloatVector;
import dev.lockstep.network.Network;
import dev.lockstep.network.NetworkDefinition;
import dev.lockstep.network.Segment;
import dev.lockstep.random.CounterRandom;
import dev.lockstep.yaml.Section;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.ops.transforms.Transforms;

/** Exported weights, in formulas as Keras' documentation has them. */
class NumpyWeightsTest {
  private static final Shape SHAPE = new Shape(4, 5, 2);
  private static final int CLASSES = 3;

  @TempDir Path directory;

  private static Network network(String layers) {
    return NetworkDefinition.read(
            "small",
            Section.parse(
                "small", "{layers: %s, loss: categorical_crossentropy}".formatted(layers)))
        .build(SHAPE, CLASSES);
  }

  private static float[] parameters(Network network) {
    CounterRandom random = new CounterRandom(6);
    float[] parameters = new float[network.layout().length()];
    for (int i = 0; i < parameters.length; i++) {
      parameters[i] = (random.nextInt(2001) - 1000) / 1000f;
    }
    for (Segment segment : network.layout().segments()) {
      for (int i = 0; segment.name().equals("var") && i < segment.length(); i++) {
        parameters[segment.offset() + i] = 0.1f + Math.abs(parameters[segment.offset() + i]);
      }
    }
    return parameters;
  }

  private Map<String, INDArray> exported(Network network) throws Exception {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    NumpyWeights.write("small", network, parameters(network), bytes);
    Path file = Files.write(directory.resolve("weights.npz"), bytes.toByteArray());
    return Nd4j.createFromNpzFile(file.toFile());
  }

  /** An example in our order: channel, row, column. */
  private static float[] example() {
    CounterRandom random = new CounterRandom(7);
    float[] numbers = new float[SHAPE.size()];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = random.nextInt(1000) / 1000f;
    }
    return numbers;
  }

  private static INDArray predicted(Network network) {
    Examples one =
        new Examples(new FloatFeatures(SHAPE, new float[][] {example()}), 3, new byte[1]);
    FloatBuffer outputs = FloatVector.allocate(3);
    float[] parameters = parameters(network);
    try (Engine engine =
        new Dl4jEngine(
            network, 0, FloatVector.of(parameters), FloatVector.allocate(parameters.length), 1)) {
      Batch batch = new Batch(SHAPE, 1);
      batch.fill(one, new int[] {0}, 0, 1);
      engine.predict(batch, outputs);
    }
    float[] row = new float[3];
    outputs.get(0, row);
    return Nd4j.createFromArray(row).reshape(1, 3);
  }

  private static void assertClose(INDArray found, INDArray expected) {
    assertThat(found.equalsWithEps(expected, 1e-5)).as("%s is %s", found, expected).isTrue();
  }

  @Test
  void denseLayersAreProductsOfRowsWithTheKernel() throws Exception {
    Network network =
        network("[dense: {units: 6, activation: tanh}, dense: {units: 3, activation: softmax}]");
    Map<String, INDArray> weights = exported(network);

    assertThat(weights)
        .containsOnlyKeys("dense_1/kernel", "dense_1/bias", "dense_2/kernel", "dense_2/bias");
    assertThat(weights.get("dense_1/kernel").shape()).containsExactly(SHAPE.size(), 6);
    INDArray hidden =
        Transforms.tanh(
            Nd4j.createFromArray(example())
                .reshape(1, SHAPE.size())
                .mmul(weights.get("dense_1/kernel"))
                .addRowVector(weights.get("dense_1/bias")));
    INDArray logits =
        hidden.mmul(weights.get("dense_2/kernel")).addRowVector(weights.get("dense_2/bias"));
    assertClose(Transforms.softmax(logits), predicted(network));
  }

  private static final String CONVOLUTION =
      "[conv2d: {filters: 4, kernelSize: [2, 3]}, flatten: {}, dense: {units: 3, activation:"
          + " softmax}]";

  @Test
  void aConvolutionAndTheDenseLayerAfterItsFlattenHaveKerasOrder() throws Exception {
    Network network = network(CONVOLUTION);

    Map<String, INDArray> weights = exported(network);

    INDArray flat = convolved(weights);
    INDArray logits =
        flat.mmul(weights.get("dense_3/kernel")).addRowVector(weights.get("dense_3/bias"));
    assertClose(Transforms.softmax(logits), predicted(network));
  }

  /** DL4J's list of layers has no flatten, but something before the next layer. */
  @Test
  void soHasANetworkOfDl4jsJson() throws Exception {
    Network network =
        Network.fromDl4j("json", network(CONVOLUTION).dl4j().toJson(), SHAPE, CLASSES);

    Map<String, INDArray> weights = exported(network);

    INDArray logits =
        convolved(weights)
            .mmul(weights.get("dense_2/kernel"))
            .addRowVector(weights.get("dense_2/bias"));
    assertClose(Transforms.softmax(logits), predicted(network));
  }

  @Test
  void batchNormalizationBetweenFlattenAndDenseHasKerasOrderToo() throws Exception {
    Network network =
        network(
            "[conv2d: {filters: 4, kernelSize: [2, 3]}, flatten: {}, batch_normalization: {epsilon:"
                + " 0.01}, dense: {units: 3, activation: softmax}]");

    Map<String, INDArray> weights = exported(network);

    INDArray deviation =
        Transforms.sqrt(weights.get("batch_normalization_3/moving_variance").add(0.01));
    INDArray normalized =
        convolved(weights)
            .subRowVector(weights.get("batch_normalization_3/moving_mean"))
            .divRowVector(deviation)
            .mulRowVector(weights.get("batch_normalization_3/gamma"))
            .addRowVector(weights.get("batch_normalization_3/beta"));
    INDArray logits =
        normalized.mmul(weights.get("dense_4/kernel")).addRowVector(weights.get("dense_4/bias"));
    assertClose(Transforms.softmax(logits), predicted(network));
  }

  @Test
  void anExampleThatIsFlattenedAtOnceIsRowColumnChannel() throws Exception {
    Network network = network("[flatten: {}, flatten: {}, dense: {units: 3, activation: softmax}]");

    Map<String, INDArray> weights = exported(network);

    INDArray keras =
        Nd4j.createFromArray(example())
            .reshape('c', 2, 4, 5)
            .permute(1, 2, 0)
            .dup('c')
            .reshape(1, SHAPE.size());
    INDArray logits =
        keras.mmul(weights.get("dense_3/kernel")).addRowVector(weights.get("dense_3/bias"));
    assertClose(Transforms.softmax(logits), predicted(network));
  }

  /** Keras' equation of a simple recurrent cell. */
  @Test
  void aSimpleRecurrentLayerHasBothKernels() throws Exception {
    Network network = network("[simple_rnn: {units: 5}, dense: {units: 3, activation: softmax}]");
    Map<String, INDArray> weights = exported(network);
    INDArray hidden = Nd4j.zeros(1, 5);

    for (int step = 0; step < 4; step++) {
      hidden =
          Transforms.tanh(
              row(step)
                  .mmul(weights.get("simple_rnn_1/kernel"))
                  .addi(hidden.mmul(weights.get("simple_rnn_1/recurrent_kernel")))
                  .addiRowVector(weights.get("simple_rnn_1/bias")));
    }
    INDArray logits =
        hidden.mmul(weights.get("dense_2/kernel")).addRowVector(weights.get("dense_2/bias"));
    assertClose(Transforms.softmax(logits), predicted(network));
  }

  /** Row {@code step} of the example, which is a time step: channel, column. */
  private static INDArray row(int step) {
    INDArray image = Nd4j.createFromArray(example()).reshape('c', 2, 4, 5);
    INDArray x = Nd4j.create(1, 10);
    for (int feature = 0; feature < 10; feature++) {
      x.putScalar(0, feature, image.getDouble(feature / 5, step, feature % 5));
    }
    return x;
  }

  @Test
  void numPyReadsEveryArray() throws Exception {
    Network network = network(CONVOLUTION);
    Map<String, INDArray> weights = exported(network);
    Path log = directory.resolve("log");
    Process python;
    try {
      python =
          new ProcessBuilder(
                  "python3",
                  "-c",
                  "import sys\n"
                      + "try: import numpy\n"
                      + "except ImportError: sys.exit(3)\n"
                      + "with numpy.load(sys.argv[1], allow_pickle=False) as arrays:\n"
                      + "  for name in arrays: print(name, arrays[name].dtype, arrays[name].shape,"
                      + " *arrays[name].flatten().tolist(), sep=';')",
                  directory.resolve("weights.npz").toString())
              .redirectErrorStream(true)
              .redirectOutput(log.toFile())
              .start();
    } catch (IOException e) {
      abort("python3 is not installed");
      return;
    }
    try {
      assertThat(python.waitFor(60, TimeUnit.SECONDS)).as("ended in time").isTrue();
    } finally {
      python.destroyForcibly();
    }
    assumeTrue(python.exitValue() != 3, "NumPy is not installed");

    List<String> lines = Files.readAllLines(log);
    assertThat(python.exitValue()).as(lines.toString()).isZero();
    assertThat(lines).hasSize(weights.size());
    for (String line : lines) {
      String[] parts = line.split(";");
      INDArray expected = weights.get(parts[0]);
      assertThat(parts[1]).isEqualTo("float32");
      assertThat(parts[2].replaceAll("[^0-9]+", " ").strip())
          .isEqualTo(Arrays.toString(expected.shape()).replaceAll("[^0-9]+", " ").strip());
      assertThat(Arrays.stream(parts).skip(3).mapToDouble(Double::parseDouble).toArray())
          .containsExactly(expected.dup('c').data().asDouble(), within(1e-7));
    }
  }

  /**
   * A convolution by loops, with two rows and three columns, its image flattened as Keras does:
   * row, column, channel.
   */
  private static INDArray convolved(Map<String, INDArray> weights) {
    INDArray kernel = weights.get("conv2d_1/kernel");
    INDArray image = Nd4j.createFromArray(example()).reshape('c', 2, 4, 5);

    assertThat(kernel.shape()).containsExactly(2, 3, 2, 4);
    INDArray flat = Nd4j.create(1, 3 * 3 * 4);
    for (int row = 0; row < 3; row++) {
      for (int column = 0; column < 3; column++) {
        for (int filter = 0; filter < 4; filter++) {
          double sum = weights.get("conv2d_1/bias").getDouble(filter);
          for (int y = 0; y < 2; y++) {
            for (int x = 0; x < 3; x++) {
              for (int channel = 0; channel < 2; channel++) {
                sum +=
                    image.getDouble(channel, row + y, column + x)
                        * kernel.getDouble(y, x, channel, filter);
              }
            }
          }
          flat.putScalar(0, (row * 3L + column) * 4 + filter, sum);
        }
      }
    }
    return flat;
  }

  /** Keras' equations of an LSTM cell, with its blocks i, f, c, o. */
  @Test
  void anLstmHasKerasBlocks() throws Exception {
    Network network = network("[lstm: {units: 5}, dense: {units: 3, activation: softmax}]");
    Map<String, INDArray> weights = exported(network);
    INDArray hidden = Nd4j.zeros(1, 5);
    INDArray cell = Nd4j.zeros(1, 5);

    for (int step = 0; step < 4; step++) {
      INDArray sums =
          row(step)
              .mmul(weights.get("lstm_1/kernel"))
              .addi(hidden.mmul(weights.get("lstm_1/recurrent_kernel")))
              .addiRowVector(weights.get("lstm_1/bias"));
      INDArray in = Transforms.sigmoid(block(sums, 0));
      INDArray forget = Transforms.sigmoid(block(sums, 1));
      INDArray candidate = Transforms.tanh(block(sums, 2));
      INDArray out = Transforms.sigmoid(block(sums, 3));
      cell = forget.mul(cell).addi(in.mul(candidate));
      hidden = out.mul(Transforms.tanh(cell));
    }
    INDArray logits =
        hidden.mmul(weights.get("dense_2/kernel")).addRowVector(weights.get("dense_2/bias"));
    assertClose(Transforms.softmax(logits), predicted(network));
  }

  private static INDArray block(INDArray sums, int block) {
    INDArray part = Nd4j.create(1, 5);
    for (int i = 0; i < 5; i++) {
      part.putScalar(0, i, sums.getDouble(0, block * 5L + i));
    }
    return part;
  }
}
