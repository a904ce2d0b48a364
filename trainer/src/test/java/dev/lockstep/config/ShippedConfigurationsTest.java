package dev.lockstep.config;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.coordinator.Averaging;
import dev.lockstep.coordinator.TrainingPlan;
import dev.lockstep.data.Augmentation;
import dev.lockstep.data.Shape;
import dev.lockstep.network.Activation;
import dev.lockstep.network.Dense;
import dev.lockstep.network.Dropout;
import dev.lockstep.network.Initializer;
import dev.lockstep.network.Loss;
import dev.lockstep.network.NetworkDefinition;
import dev.lockstep.network.Regularizer;
import dev.lockstep.network.Segment;
import dev.lockstep.optimizer.Clipping;
import dev.lockstep.optimizer.LearningRate;
import dev.lockstep.optimizer.RmsProp;
import dev.lockstep.split.HoldOut;
import dev.lockstep.yaml.Section;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ShippedConfigurationsTest {
  private static final Path CONF = Path.of("..", "conf");

  static Stream<Path> configurations() throws IOException {
    return Files.list(CONF).filter(file -> file.toString().endsWith(".yaml"));
  }

  @ParameterizedTest
  @MethodSource("configurations")
  void everyShippedConfigurationReadsAndFitsMnist(Path file) throws IOException {
    Configuration configuration = read(file);

    assertThat(configuration.network(new Shape(28, 28, 1), 10).classes()).isEqualTo(10);
    String resolved = Section.write(configuration.resolved());
    assertThat(Configuration.read(file.toString(), resolved, List.of())).isEqualTo(configuration);
  }

  @ParameterizedTest
  @MethodSource("configurations")
  void noShippedTrainingIsAnotherOneWithAnotherNumberOfWorkers(Path file) throws IOException {
    Configuration configuration = read(file);
    boolean normalizesBatches =
        configuration.network(new Shape(28, 28, 1), 10).layout().segments().stream()
            .anyMatch(Segment::statistic);

    assertThat(!normalizesBatches || configuration.plan().microBatches().isPresent())
        .as("batch normalisation goes with microBatches")
        .isTrue();
  }

  @Test
  void everyShippedNetworkIsKnownByItsName() throws IOException {
    try (Stream<Path> files = Files.list(CONF.resolve("networks"))) {
      assertThat(files.map(file -> NetworkChoice.fileName(file.toString())))
          .containsExactlyInAnyOrderElementsOf(NetworkChoice.SHIPPED);
    }
  }

  @Test
  void mnistMlpIsTheClassicExampleOfKerasButForRho() throws IOException {
    Regularizer none = new Regularizer(0, 0);
    Initializer glorot = Initializer.GLOROT_UNIFORM;
    NetworkDefinition network =
        new NetworkDefinition(
            "mlp-512",
            List.of(
                new Dense(512, Activation.RELU, true, glorot, Initializer.ZEROS, none),
                new Dropout(0.3),
                new Dense(10, Activation.SOFTMAX, true, glorot, Initializer.ZEROS, none)),
            Loss.CATEGORICAL_CROSSENTROPY);
    RmsProp optimizer =
        new RmsProp(new LearningRate.Constant(0.001), Clipping.NONE, 0.99, 0, 1e-7, false);

    Configuration configuration = read(CONF.resolve("mnist-mlp.yaml"));

    assertThat(configuration.name()).isEqualTo("mnist-mlp");
    assertThat(configuration.dataset().asText()).isEqualTo("mnist");
    assertThat(configuration.network()).isEqualTo(new NetworkChoice.Defined(network));
    assertThat(configuration.validation()).isEqualTo(new HoldOut(10_000, 0, HoldOut.Select.FIRST));
    assertThat(configuration.plan())
        .isEqualTo(
            new TrainingPlan(
                1,
                5,
                128,
                64,
                optimizer,
                new Averaging.Gradients(),
                Augmentation.NONE,
                OptionalInt.empty(),
                Optional.empty()));
  }

  @Test
  void whatMnistMlpSaysOfItsOptimizerIsTheDefaultButForRho() throws IOException {
    String file = Files.readString(CONF.resolve("mnist-mlp.yaml"));
    assertThat(
            Configuration.read(
                "mnist-mlp.yaml",
                file,
                List.of(
                    "training.optimizer=null",
                    "training.averaging=null",
                    "seed=null",
                    "dataset=null",
                    "validation.select=null")))
        .isEqualTo(
            Configuration.read("mnist-mlp.yaml", file, List.of("training.optimizer.rho=0.9")));
  }

  private static Configuration read(Path file) throws IOException {
    return Configuration.read(file.toString(), Files.readString(file), List.of());
  }
}
