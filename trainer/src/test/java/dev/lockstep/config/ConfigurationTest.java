package dev.lockstep.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.TextNode;
import dev.lockstep.coordinator.Averaging;
import dev.lockstep.coordinator.CheckpointSchedule;
import dev.lockstep.coordinator.EarlyStopping;
import dev.lockstep.data.Shape;
import dev.lockstep.optimizer.Adam;
import dev.lockstep.optimizer.RmsProp;
import dev.lockstep.optimizer.Sgd;
import dev.lockstep.split.HoldOut;
import dev.lockstep.yaml.ConfigurationException;
import dev.lockstep.yaml.Section;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ConfigurationTest {
  private static final Shape MNIST = new Shape(28, 28, 1);
  private static final String SMALL =
      "{layers: [{dense: {units: 10, activation: softmax}}], loss: categorical_crossentropy}";

  @TempDir Path directory;

  @Test
  void whatIsNotSaidIsAsInKeras() {
    Configuration configuration = read("network: mlp-512");

    assertThat(configuration.seed()).isEqualTo(1);
    assertThat(configuration.dataset()).isEqualTo(TextNode.valueOf("mnist"));
    assertThat(configuration.engine()).isEqualTo(EngineChoice.AUTO);
    assertThat(configuration.validation()).isEqualTo(HoldOut.NONE);
    assertThat(configuration.workers()).isEmpty();
    assertThat(configuration.plan().epochs()).isEqualTo(1);
    assertThat(configuration.plan().batchSize()).isEqualTo(32);
    assertThat(configuration.plan().shards()).isEqualTo(64);
    assertThat(configuration.plan().optimizer()).isEqualTo(RmsProp.DEFAULT);
    assertThat(configuration.plan().averaging()).isEqualTo(new Averaging.Gradients());
    assertThat(configuration.plan().earlyStopping()).isEmpty();
    assertThat(configuration.checkpoints()).contains(new CheckpointSchedule(1, 0, 3));
  }

  @Test
  void everyKeyIsRead() {
    Configuration configuration =
        read(
            """
            name: nightly
            seed: 7
            dataset: {idx: data/fashion}
            network: lenet
            engine: dl4j
            validation: {fraction: 0.1, select: stratified}
            training:
              epochs: 3
              batchSize: 50
              shards: 16
              workers: 4
              averaging:
                mode: parameters
                interval: 20
                outer: {name: sgd, momentum: 0.9, nesterov: true, learningRate: 0.7}
              optimizer: {name: sgd}
              earlyStopping:
                monitor: validation.accuracy
                patience: 3
                minDelta: 0.001
                restoreBestWeights: true
              checkpoints: {everyEpochs: 0, everySteps: 500, keep: 2}
            """);

    assertThat(configuration.name()).isEqualTo("nightly");
    assertThat(configuration.checkpoints()).contains(new CheckpointSchedule(0, 500, 2));
    assertThat(configuration.seed()).isEqualTo(7);
    assertThat(configuration.dataset().path("idx").asText()).isEqualTo("data/fashion");
    assertThat(configuration.network().name()).isEqualTo("lenet");
    assertThat(configuration.engine()).isEqualTo(EngineChoice.DL4J);
    assertThat(configuration.validation())
        .isEqualTo(new HoldOut(0, 0.1, HoldOut.Select.STRATIFIED));
    assertThat(configuration.workers()).isEqualTo(OptionalInt.of(4));
    assertThat(configuration.plan().epochs()).isEqualTo(3);
    assertThat(configuration.plan().batchSize()).isEqualTo(50);
    assertThat(configuration.plan().shards()).isEqualTo(16);
    assertThat(configuration.plan().optimizer()).isEqualTo(Sgd.DEFAULT);
    assertThat(configuration.plan().averaging())
        .isInstanceOfSatisfying(
            Averaging.Parameters.class,
            averaging -> {
              assertThat(averaging.interval()).isEqualTo(20);
              assertThat(averaging.outer().orElseThrow().learningRate().at(0)).isEqualTo(0.7);
            });
    assertThat(configuration.plan().earlyStopping())
        .isEqualTo(Optional.of(new EarlyStopping(EarlyStopping.Monitor.ACCURACY, 3, 0.001, true)));
  }

  @Test
  void whatBecomesOfLostWorkersIsSaidInWordsAndSeconds() {
    WorkerLoss loss =
        read("network: mlp-512\n"
                + "training: {onWorkerLoss: fail, workerTimeout: 8, replacementTimeout: 30,"
                + " stepTimeout: 12}")
            .workerLoss();

    assertThat(loss)
        .isEqualTo(
            new WorkerLoss(
                WorkerLoss.Reaction.FAIL,
                Duration.ofSeconds(8),
                Duration.ofSeconds(30),
                Duration.ofSeconds(12)));
    assertThat(loss.heartbeatInterval()).isEqualTo(Duration.ofSeconds(2));
    assertThat(WorkerLoss.patience(loss.workerTimeout())).isEqualTo(Duration.ofSeconds(4));
    assertThat(loss.answerPatience()).isEqualTo(Duration.ofSeconds(4));
    assertThat(WorkerLoss.patience(loss.replacementTimeout())).isEqualTo(Duration.ofSeconds(10));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "onWorkerLoss: retry | training.onWorkerLoss is 'retry' but must be one of wait, fail",
        "workerTimeout: 0 | training.workerTimeout is '0' but must be a whole number of at least 1",
        "replacementTimeout: 10min | training.replacementTimeout is '10min' but must be",
        "stepTimeout: 0 | training.stepTimeout is '0' but must be a whole number of at least 1",
        "silenceTimeout: 5 | silenceTimeout"
      })
  void aDeadlineThatCannotBeUsedIsRefused(String setting, String message) {
    assertThatThrownBy(() -> read("network: mlp-512\ntraining: {%s}".formatted(setting)))
        .isInstanceOf(ConfigurationException.class)
        .hasMessageContaining(message);
  }

  @Test
  void theResolvedConfigurationHasEveryDefaultWrittenOut() {
    Configuration configuration =
        Configuration.read(
            "small.yaml",
            "network: {layers: [{dense: {units: 10}}], loss: mse}\nvalidation: {fraction: 0.1}\n"
                + "training: {earlyStopping: {}}",
            List.of());

    assertThat(Section.write(configuration.resolved()))
        .isEqualTo(
            """
            ---
            name: "small"
            seed: 1
            dataset: "mnist"
            network:
              name: "small"
              layers:
              - dense:
                  units: 10
                  activation: "linear"
                  useBias: true
                  kernelInitializer: "glorot_uniform"
                  biasInitializer: "zeros"
                  l1: 0.0
                  l2: 0.0
              loss: "mse"
            engine: "auto"
            validation:
              examples: 0
              fraction: 0.1
              select: "first"
            training:
              epochs: 1
              batchSize: 32
              shards: 64
              averaging: "gradients"
              optimizer:
                name: "rmsprop"
                learningRate: 0.001
                rho: 0.9
                momentum: 0.0
                epsilon: 1.0E-7
                centered: false
              earlyStopping:
                monitor: "validation.loss"
                patience: 0
                minDelta: 0.0
                restoreBestWeights: false
              onWorkerLoss: "wait"
              workerTimeout: 60
              replacementTimeout: 600
              stepTimeout: 600
              checkpoints:
                everyEpochs: 1
                everySteps: 0
                keep: 3
            """);
  }

  @ParameterizedTest
  @ValueSource(strings = {"false", "off", "no"})
  void checkpointsCanBeSwitchedOff(String off) {
    Configuration configuration = read("{network: lenet, training: {checkpoints: " + off + "}}");

    assertThat(configuration.checkpoints()).isEmpty();
    assertThat(configuration.resolved().path("training").path("checkpoints").booleanValue())
        .isFalse();
  }

  @Test
  void whatChangesTheResultIsToldKeyByKeyAndNothingElse() {
    Configuration run =
        read("{network: lenet, training: {epochs: 5, workers: 2, optimizer: adam}}");

    assertThat(
            run.differences(
                "in the run",
                read(
                    "{name: b, network: lenet, training: {epochs: 5, workers: 3, checkpoints: off, optimizer: adam}}"),
                "now"))
        .isEmpty();
    assertThat(
            run.differences(
                "in the run",
                read(
                    "{network: lenet, seed: 2, training: {epochs: 7, microBatches: 4, optimizer: adamw}}"),
                "now"))
        .containsExactly(
            "seed: 1 in the run, 2 now",
            "training.epochs: 5 in the run, 7 now",
            "training.optimizer.name: adam in the run, adamw now",
            "training.optimizer.weightDecay: nothing in the run, 0.004 now",
            "training.microBatches: nothing in the run, 4 now");
  }

  @Test
  void anOptimizerWithDefaultsIsItsNameAlone() {
    Configuration configuration =
        read(
            "{network: lenet, training: {optimizer: adam, averaging: {mode: parameters, interval:"
                + " epoch, outer: sgd}}}");

    assertThat(configuration.plan().optimizer()).isEqualTo(Adam.DEFAULT);
    assertThat(configuration.plan().averaging())
        .isEqualTo(new Averaging.Parameters(Averaging.Parameters.EPOCH, Optional.of(Sgd.DEFAULT)));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "conf/mnist-mlp.yaml | mnist-mlp",
        "hdfs://node:8020/conf/nightly.v2.yml | nightly.v2",
        "C:\\conf\\wide.yaml | wide",
        "plain | plain",
        ".hidden | .hidden"
      })
  void aConfigurationIsCalledAsItsFile(String source, String name) {
    assertThat(Configuration.read(source, "network: lenet", List.of()).name()).isEqualTo(name);
  }

  @ParameterizedTest
  @CsvSource({"mlp-512, 407050", "lenet, 431080", "lstm-rows, 81674"})
  void aShippedNetworkIsKnownByItsName(String name, int parameters) {
    assertThat(read("network: " + name).network(MNIST, 10).layout().length()).isEqualTo(parameters);
  }

  @Test
  void aNetworkMayStandInPlaceOrInAFileOfItsOwn() throws IOException {
    Path file = Files.writeString(directory.resolve("tiny.yaml"), SMALL);

    NetworkChoice fromFile = read("network: " + file).network();
    NetworkChoice inPlace = read("network: " + SMALL).network();

    assertThat(fromFile.name()).isEqualTo("tiny");
    assertThat(inPlace.name()).isEqualTo("small");
    assertThat(((NetworkChoice.Defined) inPlace).definition().layers())
        .isEqualTo(((NetworkChoice.Defined) fromFile).definition().layers());
    assertThat(inPlace.build(MNIST, 10).layout().length()).isEqualTo(7850);
  }

  @Test
  void aDl4jConfigurationMayStandInAFileOrInPlaceAsTextOrMapping() throws IOException {
    String json = read("network: " + SMALL).network(MNIST, 10).dl4j().toJson();
    Path file = Files.writeString(directory.resolve("theirs.json"), json);

    Configuration fromFile = read("network: " + file);
    Configuration asMapping = read("network: {dl4j: " + json.replace("\n", "\n  ") + "}");
    Configuration asText = read(Section.write(fromFile.resolved()));

    assertThat(fromFile.network().name()).isEqualTo("theirs");
    assertThat(asMapping.network().name()).isEqualTo("small");
    assertThat(asText).isEqualTo(fromFile);
    for (Configuration configuration : List.of(fromFile, asMapping, asText)) {
      assertThat(configuration.network(MNIST, 10).layout().length()).isEqualTo(7850);
    }
  }

  @Test
  void aKerasModelMayStandInAFileOrInPlaceAsTextOrMapping() throws IOException {
    String json =
        """
        {"class_name": "Sequential", "config": [
          {"class_name": "Flatten", "config": {"batch_input_shape": [null, 28, 28, 1]}},
          {"class_name": "Dense", "config": {"units": 10, "activation": "softmax"}}]}""";
    Path file = Files.writeString(directory.resolve("theirs.json"), json);

    Configuration fromFile = read("network: " + file);
    Configuration asMapping = read("network: {keras: " + json.replace("\n", "\n  ") + "}");
    Configuration asText = read(Section.write(fromFile.resolved()));

    assertThat(fromFile.network()).isInstanceOf(NetworkChoice.Keras.class);
    assertThat(fromFile.network().name()).isEqualTo("theirs");
    assertThat(asText).isEqualTo(fromFile);
    for (Configuration configuration : List.of(fromFile, asMapping, asText)) {
      assertThat(configuration.network(MNIST, 10).layout().length()).isEqualTo(7850);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{network: lenet, sed: 1} | small.yaml: unknown key 'sed'; did you mean 'seed'?;",
        "{network: lenet, name: ' '} | small.yaml: name is ' ' but must be a text that is not"
            + " blank",
        "{network: lenet, training: {checkpoints: often}} | training.checkpoints is 'often' but must"
            + " be {everyEpochs, everySteps, keep}, or false for none",
        "{network: lenet, training: {checkpoints: {everyEpochs: 0}}} | training.checkpoints:"
            + " everyEpochs and everySteps are both 0; write checkpoints: false for no checkpoints",
        "{network: lenet, training: {epoch: 1}} | small.yaml: training: unknown key 'epoch';"
            + " did you mean 'epochs'?;",
        "{network: lenet, training: {batch_sizes: 1}} | unknown key 'batch_sizes'; did you mean"
            + " 'batchSize'?;",
        "{network: lenet, validation: {example: 1}} | small.yaml: validation: unknown key"
            + " 'example'; did you mean 'examples'?;",
        "{network: lenet, training: {optimizer: {name: adam, lerningRate: 1}}} |"
            + " training.optimizer: unknown key 'lerningRate'; did you mean 'learningRate'?;",
        "{network: lenet, training: {averaging: {mode: parameters, intervall: 1, interval: 1}}} |"
            + " training.averaging: unknown key 'intervall'; did you mean 'interval'?;",
        "{network: lenet, training: {averaging: {mode: parameters, interval: 1, outer: {name: sgd,"
            + " moment: 0.9}}}} | training.averaging.outer: unknown key 'moment'; did you mean"
            + " 'momentum'?;",
        "{network: lenet, training: {earlyStopping: {patiense: 1}}} | training.earlyStopping:"
            + " unknown key 'patiense'; did you mean 'patience'?;",
        "{network: {layers: [flatten], los: mse, loss: mse}} | small.yaml: network: unknown key"
            + " 'los'; did you mean 'loss'?;",
        "{network: {layers: [{dense: {unit: 3, units: 3}}], loss: mse}} | small.yaml:"
            + " network.layer 1 (dense): unknown key 'unit'; did you mean 'units'?;",
        "{network: {dl4j: {}, layers: []}} | small.yaml: network: unknown key 'layers'"
      })
  void anUnknownKeyIsRefusedWithTheNearestKnownOne(String yaml, String message) {
    refused(yaml, message);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{} | small.yaml: 'network' is missing; it must be a shipped network (mlp-512, lenet,"
            + " lstm-rows), the path of a .yaml file or of a .json file of Keras or DL4J, or a"
            + " definition in place: {layers: ..., loss: ...}",
        "network: mlp-521 | small.yaml: network is 'mlp-521' but must be a shipped network"
            + " (mlp-512, lenet, lstm-rows), the path of a .yaml file or of a .json"
            + " file of Keras or DL4J, or a definition in place: {layers: ..., loss: ...}; did you mean"
            + " 'mlp-512'?",
        "network: 5 | small.yaml: network is '5' but must be a shipped network",
        "network: [lenet] | small.yaml: network is a list but must be a shipped network",
        "network: no/such.yaml | small.yaml: network is 'no/such.yaml' but there is no such file"
            + " (looked for /",
        "network: {dl4j: 5} | small.yaml: network.dl4j is '5' but must be a DL4J configuration, as"
            + " a mapping or as JSON in a text",
        "{network: lenet, seed: -1} | small.yaml: seed is '-1' but must be a whole number of at"
            + " least 0",
        "{network: lenet, dataset: mnits} | {partitions: <directory>, ...}; did you mean 'mnist'?",
        "{network: lenet, epochs: 3} | small.yaml: unknown key 'epochs'; did you mean"
            + " 'training.epochs'?",
        "{network: lenet, training: {optimizer: {name: sgd, lr: 3}}} | unknown key 'lr'; did you mean"
            + " 'learningRate'?",
        "{network: lenet, dataset: [mnist]} | small.yaml: dataset is a list but must be mnist,"
            + " fashion-mnist, kmnist, emnist-mnist, emnist-digits, emnist-letters,"
            + " emnist-balanced, emnist-byclass, emnist-bymerge, {idx: <directory>}, {parquet:",
        "{network: lenet, engine: fast} | small.yaml: engine is 'fast' but must be one of auto,"
            + " fused, dl4j",
        "{network: lenet, training: 5} | small.yaml: training is '5' but must be a mapping",
        "{network: lenet, training: {epochs: 0}} | small.yaml: training.epochs is '0' but must be a"
            + " whole number of at least 1",
        "{network: lenet, training: {batchSize: 1.5}} | training.batchSize is '1.5' but must be a"
            + " whole number of at least 1",
        "{network: lenet, training: {shards: many}} | training.shards is 'many' but must be a whole"
            + " number of at least 1",
        "{network: lenet, training: {workers: 0}} | training.workers is '0' but must be a whole"
            + " number of at least 1",
        "{network: lenet, training: {workers: 9, shards: 8}} | small.yaml: training.workers is 9 but"
            + " there are only 8 shards to deal to them; ask for at most 8 workers, or set"
            + " training.shards to at least 9",
        "{network: lenet, training: {workers: 9, microBatches: 8}} | small.yaml: training.workers is 9"
            + " but training.microBatches is 8, and every worker needs a micro-batch; ask for at most"
            + " 8 workers",
        "{network: lenet, training: {shards: 7, microBatches: 8}} | small.yaml: training: microBatches"
            + " is 8 but must be at most the number of shards, 7",
        "{network: lenet, training: {microBatches: 8, averaging: {mode: parameters, interval: 5}}} |"
            + " training: microBatches is 8 but averaging is parameters; micro-batches fix the order in"
            + " which gradients are added, so they go with averaging gradients only",
        "{network: lenet, training: {earlyStopping: {}}} | small.yaml: training.earlyStopping"
            + " watches validation.loss but nothing is held out for validation; add validation:"
            + " {fraction: 0.1}, or leave earlyStopping out",
        "{network: lenet, validation: {select: shuffled}} | small.yaml: validation.select is"
            + " 'shuffled' but nothing is held out; say how many with examples or fraction",
        "{network: lenet, training: {averaging: {wire: float16}}} |"
            + " small.yaml: training.averaging.wire is 'float16' but must be one of float32, bfloat16",
        "{network: lenet, training: {averaging: {mode: parameters, interval: 5, wire: bfloat16}}} |"
            + " training.averaging.wire is 'bfloat16' but must be left out: parameters travel as",
        "{network: lenet, training: {microBatches: 8, averaging: {wire: bfloat16}}} |"
            + " training: microBatches is 8 but averaging.wire is bfloat16; what is rounded depends",
        "{network: lenet, training: {averaging: {interval: 5}}} |"
            + " small.yaml: training.averaging.interval is '5' but must be left out: gradients are"
            + " averaged at every step",
        "{network: lenet, training: {averaging: {outer: {name: sgd}}}} |"
            + " training.averaging.outer is a mapping but must be left out: gradients are averaged"
            + " at every step",
        "{network: lenet, training: {optimizer: adamm}} | small.yaml: training.optimizer.name is"
            + " 'adamm' but must be one of sgd, rmsprop, adam, adamw; did you mean 'adam'?",
        "{network: lenet, training: {optimizer: {learningRate: 1}}} | small.yaml:"
            + " training.optimizer: 'name' is missing; it must be one of sgd, rmsprop, adam, adamw",
        "{network: lenet, training: {averaging: parameters}} | averaging 'parameters' needs an"
            + " interval; write averaging: {mode: parameters, interval: 20}",
        "{network: lenet, validation: {examples: 5, fraction: 0.5}} | small.yaml: validation:"
            + " 'examples' is 5 and 'fraction' is 0.5 but only one of them may be given; null takes one away"
      })
  void aMistakeIsSaidWithItsPlaceAndItsRemedy(String yaml, String message) {
    refused(yaml, message);
  }

  @Test
  void aNetworkFileThatIsNoTextIsRefused() throws IOException {
    Path file = Files.write(directory.resolve("bytes.yaml"), new byte[] {(byte) 0xFF, 0, 1});

    refused("network: " + file, "network is '" + file + "', which is not text in UTF-8");
  }

  @Test
  void aNetworkFileBeyondReasonIsRefusedUnread() throws IOException {
    Path file = Files.write(directory.resolve("huge.json"), new byte[(16 << 20) + 1]);

    refused(
        "network: " + file,
        "network is '" + file + "', which has 16777217 bytes but must have at most 16777216");
  }

  @ParameterizedTest
  @ValueSource(strings = {"network: [", "just words", "network: lenet\nnetwork: lenet"})
  void whatIsNoMappingIsRefusedByTheNameOfItsFile(String yaml) {
    refused(yaml, "small.yaml: ");
  }

  private static Configuration read(String yaml) {
    return Configuration.read("conf/small.yaml", yaml, List.of());
  }

  private static void refused(String yaml, String message) {
    assertThatThrownBy(() -> Configuration.read("small.yaml", yaml, List.of()))
        .isInstanceOf(ConfigurationException.class)
        .hasMessageContaining(message);
  }
}
