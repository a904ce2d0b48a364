package dev.lockstep.exchange;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.lockstep.config.Configuration;
import dev.lockstep.coordinator.SharedMemoryCoordinator;
import dev.lockstep.coordinator.TrainingState;
import dev.lockstep.data.BatchOrder;
import dev.lockstep.data.Dataset;
import dev.lockstep.data.Digits;
import dev.lockstep.data.Examples;
import dev.lockstep.data.FloatFeatures;
import dev.lockstep.data.Shape;
import dev.lockstep.engine.Dl4jEngine;
import dev.lockstep.engine.Engine;
import dev.lockstep.engine.EngineFactory;
import dev.lockstep.engine.FloatVector;
import dev.lockstep.engine.FusedEngine;
import dev.lockstep.network.InputLayout;
import dev.lockstep.network.Loss;
import dev.lockstep.network.Network;
import dev.lockstep.network.NetworkDefinition;
import dev.lockstep.random.CounterRandom;
import dev.lockstep.split.Split;
import dev.lockstep.worker.BatchPredictor;
import dev.lockstep.worker.TrainingSet;
import dev.lockstep.worker.Worker;
import dev.lockstep.yaml.ConfigurationException;
import dev.lockstep.yaml.Section;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.misc.ElementWiseMultiplicationLayer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** Exported networks, as Microsoft's ONNX Runtime runs them. */
class OnnxModelTest {
  private static final float TOLERANCE = 1e-5f;
  private static final int STEPS = 40;
  private static final Dataset MNIST = Digits.MNIST;

  /** Leaves a rest of the images, for any number of examples must do. */
  private static final int BATCH = 768;

  /** What ONNX Runtime computes, {@code outputs} numbers an example. */
  private static float[] run(byte[] model, Network network, Examples examples) throws OrtException {
    int size = network.input().size();
    Shape shape = network.input();
    float[] outputs = new float[examples.size() * network.outputs()];
    OrtEnvironment environment = OrtEnvironment.getEnvironment();
    try (OrtSession session = environment.createSession(model)) {
      for (int from = 0; from < examples.size(); from += BATCH) {
        int count = Math.min(BATCH, examples.size() - from);
        float[] numbers = new float[count * size];
        for (int i = 0; i < count; i++) {
          examples.copy(from + i, numbers, i * size);
        }
        long[] sizes =
            network.inputLayout() == InputLayout.IMAGE
                ? new long[] {count, shape.channels(), shape.height(), shape.width()}
                : new long[] {count, size};
        try (OnnxTensor input =
                OnnxTensor.createTensor(environment, FloatBuffer.wrap(numbers), sizes);
            OrtSession.Result result = session.run(Map.of("input", input))) {
          int at = from * network.outputs();
          for (float[] row : (float[][]) result.get("output").orElseThrow().getValue()) {
            System.arraycopy(row, 0, outputs, at, row.length);
            at += row.length;
          }
        }
      }
    }
    return outputs;
  }

  /** The engine that trains such a network unless another is asked for. */
  private static EngineFactory engine(Network network) {
    return FusedEngine.unsupported(network).isEmpty() ? FusedEngine::new : Dl4jEngine::new;
  }

  private static float[] predict(
      EngineFactory engines, Network network, float[] parameters, Examples examples) {
    float[] outputs = new float[examples.size() * network.outputs()];
    int[] all = IntStream.range(0, examples.size()).toArray();
    try (Engine engine =
        engines.open(
            network,
            0,
            FloatVector.of(parameters),
            FloatVector.allocate(parameters.length),
            BatchPredictor.BATCH)) {
      BatchPredictor predictor = new BatchPredictor(network, engine::predict);
      for (int from = 0; from < all.length; from += BatchPredictor.BATCH) {
        int to = Math.min(from + BatchPredictor.BATCH, all.length);
        System.arraycopy(
            predictor.predict(examples, all, from, to),
            0,
            outputs,
            from * network.outputs(),
            (to - from) * network.outputs());
      }
    }
    return outputs;
  }

  private static int[] classes(float[] outputs, int units) {
    return IntStream.range(0, outputs.length / units)
        .map(i -> Loss.predictedClass(outputs, i * units, units))
        .toArray();
  }

  /** The parameters after a few steps on the beginning of MNIST. */
  private static float[] trained(Configuration configuration, Network network)
      throws InterruptedException {
    int[] first = IntStream.range(0, STEPS * configuration.plan().batchSize()).toArray();
    TrainingSet data =
        new TrainingSet(
            new Dataset("part", MNIST.training(), MNIST.test().select(new int[0])),
            new Split(first, new int[0]));
    BatchOrder order =
        new BatchOrder(
            first,
            configuration.plan().shards(),
            configuration.plan().batchSize(),
            configuration.seed());
    SharedMemoryCoordinator coordinator =
        new SharedMemoryCoordinator(
            configuration.plan(),
            network,
            order,
            1,
            TrainingState.start(
                configuration.plan(), network, network.initialParameters(configuration.seed())),
            false,
            false);
    new Worker(
            configuration.plan(),
            network,
            engine(network),
            data,
            order,
            0,
            1,
            configuration.plan().shards(0, 1))
        .run(coordinator, 0);
    return coordinator.result().parameters();
  }

  @ParameterizedTest
  @CsvSource({"mnist-mlp, 10000", "mnist-lenet, 10000", "mnist-cnn, 10000", "mnist-lstm, 1000"})
  void onnxRuntimePredictsTestImagesAsWeDo(String name, int count) throws Exception {
    Path file = Path.of("../conf/" + name + ".yaml");
    Configuration configuration =
        Configuration.read(
            file.toString(),
            Files.readString(file),
            List.of("training.epochs=1", "training.batchSize=32", "training.optimizer=adam"));
    Network network = configuration.network(MNIST.shape(), MNIST.classes());
    float[] parameters = trained(configuration, network);

    Examples images = MNIST.test().select(IntStream.range(0, count).toArray());
    float[] theirs = run(OnnxModel.of(name, network, parameters), network, images);

    float[] ours = predict(engine(network), network, parameters, images);
    assertThat(classes(theirs, 10)).isEqualTo(classes(ours, 10));
    assertThat(Arrays.stream(classes(ours, 10)).distinct().count()).isGreaterThan(5);
    assertThat(furthestApart(theirs, ours)).isLessThan(TOLERANCE);
  }

  private static float furthestApart(float[] some, float[] others) {
    float furthest = 0;
    for (int i = 0; i < others.length; i++) {
      furthest = Math.max(furthest, Math.abs(some[i] - others[i]));
    }
    return furthest;
  }

  /** Every layer of the network definition, in all its ways. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "[dense: {units: 7, activation: tanh, useBias: false}, batch_normalization: {epsilon: 0.01},"
            + " activation: {activation: leaky_relu}, dropout: {rate: 0.5}, dense: {units: 3,"
            + " activation: softmax}]",
        "[conv2d: {filters: 4, kernelSize: [3, 2], padding: same, strides: 2, activation: elu},"
            + " batch_normalization: {}, average_pooling2d: {poolSize: 3, strides: 2, padding: same},"
            + " flatten: {}, dense: {units: 3, activation: softmax}]",
        "[conv2d: {filters: 3, kernelSize: 2, useBias: false, activation: sigmoid}, max_pooling2d:"
            + " {poolSize: [2, 3], strides: 1, padding: same}, conv2d: {filters: 2, kernelSize: [3,"
            + " 1], strides: [2, 1], activation: relu}, max_pooling2d: {}, flatten: {},"
            + " batch_normalization: {}, dense: {units: 3}, activation: {activation: softmax}]",
        "[simple_rnn: {units: 5, activation: relu, returnSequences: true}, dropout: {rate: 0.5},"
            + " simple_rnn: {units: 4, activation: elu}, batch_normalization: {}, dense: {units: 3,"
            + " activation: softmax}]",
        "[lstm: {units: 5, recurrentActivation: elu, activation: linear, returnSequences: true},"
            + " activation: {activation: tanh}, lstm: {units: 4, returnSequences: true,"
            + " recurrentActivation: sigmoid, activation: leaky_relu}, simple_rnn: {units: 6,"
            + " activation: sigmoid, returnSequences: true}, lstm: {units: 4}, dense: {units: 3,"
            + " activation: softmax}]",
      })
  void everyLayerComputesWhatOursDoes(String layers) throws OrtException {
    assertSamePredictions(small(layers));
  }

  /** DL4J's list of layers has no flatten, but something before the next layer. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "[conv2d: {filters: 3, kernelSize: 2, activation: relu}, max_pooling2d: {}, flatten: {},"
            + " dense: {units: 4, activation: tanh}, dense: {units: 3, activation: softmax}]",
        "[dense: {units: 7, activation: tanh}, dense: {units: 3, activation: softmax}]",
      })
  void aNetworkOfDl4jsJsonComputesWhatItDoesHere(String layers) throws OrtException {
    Network ours = small(layers);

    assertSamePredictions(
        Network.fromDl4j("json", ours.dl4j().toJson(), ours.input(), ours.classes()));
  }

  private static Network small(String layers) {
    return NetworkDefinition.read(
            "small",
            Section.parse(
                "small", "{layers: %s, loss: categorical_crossentropy}".formatted(layers)))
        .build(new Shape(9, 8, 2), 3);
  }

  private static void assertSamePredictions(Network network) throws OrtException {
    CounterRandom random = new CounterRandom(11);
    float[] parameters = network.initialParameters(4);
    for (int i = 0; i < parameters.length; i++) {
      // Positive where it is a variance.
      parameters[i] = Math.abs(parameters[i]) + random.nextInt(100) / 100f;
    }
    float[][] rows = new float[60][network.input().size()];
    for (float[] row : rows) {
      for (int i = 0; i < row.length; i++) {
        row[i] = random.nextInt(2001) / 1000f - 1;
      }
    }
    Examples examples =
        new Examples(new FloatFeatures(network.input(), rows), 3, new byte[rows.length]);

    float[] theirs = run(OnnxModel.of("small", network, parameters), network, examples);

    float[] ours = predict(Dl4jEngine::new, network, parameters, examples);
    assertThat(furthestApart(theirs, ours)).isLessThan(TOLERANCE);
  }

  @Test
  void aLayerThatOnlyDl4jHasIsRefusedWithWhatToDo() {
    Network network =
        Network.fromDl4j(
            "json",
            new NeuralNetConfiguration.Builder()
                .list()
                .layer(new ElementWiseMultiplicationLayer.Builder().nIn(12).nOut(12).build())
                .layer(
                    new OutputLayer.Builder(LossFunction.MCXENT)
                        .nIn(12)
                        .nOut(3)
                        .activation(org.nd4j.linalg.activations.Activation.SOFTMAX)
                        .build())
                .build()
                .toJson(),
            new Shape(4, 3, 1),
            3);

    assertThatThrownBy(
            () -> OnnxModel.of("model.zip", network, new float[network.layout().length()]))
        .isInstanceOf(ConfigurationException.class)
        .hasMessage(
            "model.zip: layer 1 (ElementWiseMultiplicationLayer) is known only as DL4J's JSON sets it, so it cannot be exported in this format; use --format dl4j, or define the network with layers that `lockstep describe` lists by Keras' name");
  }
}
