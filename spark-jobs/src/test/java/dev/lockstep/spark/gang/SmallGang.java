package dev.lockstep.spark.gang;

import dev.lockstep.config.Configuration;
import dev.lockstep.coordinator.SharedMemoryCoordinator;
import dev.lockstep.coordinator.TrainingState;
import dev.lockstep.data.Dataset;
import dev.lockstep.engine.Batch;
import dev.lockstep.engine.Engine;
import dev.lockstep.engine.EngineFactory;
import dev.lockstep.engine.FusedEngine;
import dev.lockstep.engine.StepSums;
import dev.lockstep.network.Network;
import dev.lockstep.spark.Digits;
import dev.lockstep.split.Split;
import dev.lockstep.worker.TrainingSet;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.Optional;
import java.util.function.LongConsumer;
import java.util.stream.IntStream;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;

/** Gangs of two whose training takes a second, and does what a test wants in its midst. */
final class SmallGang {
  static final int STEPS = 60;
  private static final int BATCH = 20;

  private SmallGang() {}

  /** Spark on this machine's loopback, with {@code settings}, {@code key=value}. */
  static JavaSparkContext spark(String master, String... settings) {
    SparkConf conf =
        new SparkConf()
            .setMaster(master)
            .setAppName("gang")
            .set("spark.ui.enabled", "false")
            .set("spark.driver.host", "127.0.0.1")
            .set("spark.driver.bindAddress", "127.0.0.1");
    for (String setting : settings) {
      conf.set(setting.split("=", 2)[0], setting.split("=", 2)[1]);
    }
    return new JavaSparkContext(conf);
  }

  /**
   * A gang of two.
   *
   * @param settings of the key {@code training}
   * @param afterStep is told the step, by the worker that has computed its part of it
   */
  static Gang of(String settings, LongConsumer afterStep) {
    return of(settings, afterStep, () -> {});
  }

  /**
   * A gang of two.
   *
   * @param atEnd is done by each worker before it leaves
   */
  static Gang of(String settings, LongConsumer afterStep, Runnable atEnd) {
    return Gang.of(training(settings, afterStep, atEnd), 2);
  }

  /** What such a gang trains. */
  static Training training(String settings, LongConsumer afterStep, Runnable atEnd) {
    Configuration configuration =
        Configuration.read(
            "small.yaml",
            "{network: {layers: [{dense: {units: 10, activation: softmax}}], loss: categorical_crossentropy}, training: {batchSize: %d, %s}}"
                .formatted(BATCH, settings),
            List.of());
    Dataset part =
        new Dataset(
            "part",
            Digits.MNIST.training(),
            Digits.MNIST.test().select(IntStream.range(0, 100).toArray()));
    Network network = configuration.network(part.shape(), part.classes());
    Split split = new Split(IntStream.range(0, BATCH * STEPS).toArray(), new int[0]);
    return new Training(
        Optional.of(ConfiguredTraining.of(configuration)),
        configuration.plan(),
        network,
        new TrainingSet(part, split),
        network.initialParameters(configuration.seed()),
        observed(afterStep, atEnd));
  }

  /** Of a gang of two that trains so. */
  static SharedMemoryCoordinator coordinator(Training training) {
    return new SharedMemoryCoordinator(
        training.plan(),
        training.network(),
        training.order(),
        2,
        TrainingState.start(training.plan(), training.network(), training.initialParameters()),
        false,
        true);
  }

  private static EngineFactory observed(LongConsumer afterStep, Runnable atEnd) {
    return (network, seed, parameters, gradient, capacity) -> {
      Engine engine = new FusedEngine(network, seed, parameters, gradient, capacity);
      return new Engine() {
        @Override
        public void gradient(Batch batch, long step, StepSums sums) {
          engine.gradient(batch, step, sums);
          afterStep.accept(step);
        }

        @Override
        public void predict(Batch batch, FloatBuffer outputs) {
          engine.predict(batch, outputs);
        }

        @Override
        public void close() {
          engine.close();
          atEnd.run();
        }
      };
    };
  }
}
