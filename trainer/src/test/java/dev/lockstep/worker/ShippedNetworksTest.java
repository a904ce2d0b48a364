package dev.lockstep.worker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.config.Configuration;
import dev.lockstep.coordinator.TrainingResult;
import dev.lockstep.data.Dataset;
import dev.lockstep.data.Digits;
import dev.lockstep.engine.Dl4jEngine;
import dev.lockstep.engine.EngineFactory;
import dev.lockstep.engine.FusedEngine;
import dev.lockstep.metrics.EpochRecord;
import dev.lockstep.metrics.History;
import dev.lockstep.network.Network;
import dev.lockstep.split.Split;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Each network that is shipped learns a part of MNIST. */
class ShippedNetworksTest {
  private static final Dataset MNIST = Digits.MNIST;

  @ParameterizedTest
  @CsvSource({
    "mlp-512, 0.002, dl4j",
    "mlp-512, 0.002, fused",
    "lenet, 0.002, dl4j",
    "lenet, 0.002, fused",
    "lstm-rows, 0.01, dl4j"
  })
  void itsLossFalls(String name, double learningRate, String engine) {
    Configuration configuration =
        Configuration.read(
            "test.yaml",
            """
            network: %s
            training:
              epochs: 3
              batchSize: 32
              shards: 8
              optimizer: {name: adam, learningRate: %s}
            """
                .formatted(name, learningRate),
            List.of());
    Network network = configuration.network(MNIST.shape(), MNIST.classes());
    TrainingSet part =
        new TrainingSet(
            new Dataset(
                "part of MNIST",
                MNIST.training(),
                MNIST.test().select(IntStream.range(0, 200).toArray())),
            new Split(IntStream.range(0, 384).toArray(), IntStream.range(384, 484).toArray()));

    EngineFactory engines = engine.equals("fused") ? FusedEngine::new : Dl4jEngine::new;
    TrainingResult result = SimulatedGang.train(configuration.plan(), network, part, engines, 2);

    History history = result.history();
    assertThat(history.epochs())
        .extracting(EpochRecord::trainingLoss)
        .isSortedAccordingTo((earlier, later) -> Double.compare(later, earlier));
    assertThat(history.epochs().get(2).trainingLoss())
        .isLessThan(0.7 * history.epochs().get(0).trainingLoss());
    assertThat(result.test().orElseThrow().accuracy()).isGreaterThan(0.5);
  }
}
