package dev.lockstep.spark.gang;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.config.Configuration;
import dev.lockstep.coordinator.RunAbortedException;
import dev.lockstep.coordinator.TrainingResult;
import dev.lockstep.data.Dataset;
import dev.lockstep.engine.Batch;
import dev.lockstep.engine.Dl4jEngine;
import dev.lockstep.engine.Engine;
import dev.lockstep.engine.EngineFactory;
import dev.lockstep.engine.StepSums;
import dev.lockstep.spark.Digits;
import dev.lockstep.split.Split;
import dev.lockstep.worker.TrainingSet;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.Test;

/** A worker's task that dies in the middle of training MNIST. */
class GangTest {
  private static final int BATCH = 128;
  private static final int STEPS = 120;
  private static final int DYING_STEP = 100;

  @Test
  void aTaskThatDiesRunsAgainAndTheParametersHaveTheSameBits() {
    AtomicInteger deaths = new AtomicInteger();
    try (JavaSparkContext spark = spark("local[2,4]")) {
      TrainingResult undisturbed = Gang.of(training(Dl4jEngine::new), 2).run(spark);
      TrainingResult disturbed = Gang.of(training(dyingOnce(deaths)), 2).run(spark);

      assertThat(deaths).hasValue(1);
      assertThat(undisturbed.rounds().rounds()).isEqualTo(STEPS);
      assertThat(disturbed.parameters()).isEqualTo(undisturbed.parameters());
      assertThat(disturbed.test()).isEqualTo(undisturbed.test());
      assertThat(undisturbed.test().orElseThrow().accuracy()).isGreaterThan(0.85);
    }
  }

  @Test
  void whereTasksDoNotRunAgainTheRunFailsWithTheirError() {
    try (JavaSparkContext spark = spark("local[2]")) {
      Gang gang = Gang.of(training(dyingOnce(new AtomicInteger())), 2);

      assertThatThrownBy(() -> gang.run(spark))
          .isInstanceOf(RunAbortedException.class)
          .rootCause()
          .isInstanceOf(IllegalStateException.class)
          .hasMessage("this worker dies at step " + DYING_STEP);
    }
  }

  @Test
  void everyPartitionHoldsTheShardsOfItsWorker() {
    try (JavaSparkContext spark = spark("local[2]")) {
      assertThat(SmallGang.of("shards: 5", step -> {}).shards(spark).glom().collect())
          .containsExactly(List.of(0, 2, 4), List.of(1, 3));
    }
  }

  private static JavaSparkContext spark(String master) {
    return new JavaSparkContext(
        new SparkConf()
            .setMaster(master)
            .setAppName("gang")
            .set("spark.ui.enabled", "false")
            .set("spark.driver.host", "127.0.0.1")
            .set("spark.driver.bindAddress", "127.0.0.1"));
  }

  /** mlp-512 with its dropout, as the shipped configuration trains it, on a part of MNIST. */
  private static Training training(EngineFactory engines) {
    Configuration configuration =
        Configuration.read(
            "mnist-mlp.yaml",
            "{network: mlp-512, training: {epochs: 1, batchSize: %d}}".formatted(BATCH),
            List.of());
    Dataset part =
        new Dataset(
            "part",
            Digits.MNIST.training(),
            Digits.MNIST.test().select(IntStream.range(0, 1000).toArray()));
    return Training.fromScratch(
        configuration.plan(),
        configuration.network(part.shape(), part.classes()),
        new TrainingSet(part, new Split(IntStream.range(0, BATCH * STEPS).toArray(), new int[0])),
        engines);
  }

  /** Engines of which the first to reach the step fails, its gradient written but not sent. */
  private static EngineFactory dyingOnce(AtomicInteger deaths) {
    return (network, seed, parameters, gradient, capacity) -> {
      Engine engine = new Dl4jEngine(network, seed, parameters, gradient, capacity);
      return new Engine() {
        @Override
        public void gradient(Batch batch, long step, StepSums sums) {
          engine.gradient(batch, step, sums);
          if (step == DYING_STEP && deaths.compareAndSet(0, 1)) {
            throw new IllegalStateException("this worker dies at step " + step);
          }
        }

        @Override
        public void predict(Batch batch, FloatBuffer outputs) {
          engine.predict(batch, outputs);
        }

        @Override
        public void close() {
          engine.close();
        }
      };
    };
  }
}
