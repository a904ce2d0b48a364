package dev.lockstep.spark.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.config.Configuration;
import dev.lockstep.coordinator.Position;
import dev.lockstep.coordinator.TrainingState;
import dev.lockstep.engine.Batch;
import dev.lockstep.engine.Engine;
import dev.lockstep.engine.EngineFactory;
import dev.lockstep.engine.FusedEngine;
import dev.lockstep.engine.StepSums;
import dev.lockstep.spark.gang.Gang;
import dev.lockstep.spark.gang.SelectedEngine;
import dev.lockstep.spark.gang.Training;
import dev.lockstep.spark.job.TrainingJob.Prepared;
import dev.lockstep.spark.storage.Location;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A worker that is lost for good. */
class CheckpointedGangTest {
  private static final int DYING_STEP = 30;
  private static final int WORKERS = 2;

  @TempDir Path directory;

  @Test
  void leavesACheckpointOfItsLastWholeStepAndSaysHowToGoOn() {
    Configuration configuration =
        Configuration.read(
            "small.yaml",
            """
            network: {layers: [{dense: {units: 10, activation: softmax}}], loss: categorical_crossentropy}
            training: {optimizer: adam}
            """,
            List.of());
    Training whole = Training.of(configuration);
    Training training =
        new Training(
            whole.recipe(),
            whole.plan(),
            whole.network(),
            whole.data(),
            whole.initialParameters(),
            dying());
    SelectedEngine engine = SelectedEngine.of(configuration.engine(), whole.network());
    Location run = Location.of(directory.toString());
    Checkpoints checkpoints =
        new Checkpoints(
            run, configuration, new Prepared(training, engine, WORKERS), Optional.empty());
    CheckpointedGang gang =
        new CheckpointedGang(
            Gang.of(training, WORKERS),
            checkpoints,
            configuration.checkpoints().orElseThrow(),
            Optional.empty(),
            run);

    try (JavaSparkContext spark = spark()) {
      assertThatThrownBy(() -> gang.run(spark))
          .isInstanceOf(StoppedException.class)
          .hasMessage(
              "a checkpoint holds its state after 0 epochs and 30 steps; to go on from there:"
                  + " lockstep train --resume "
                  + directory)
          .hasRootCauseMessage("this worker dies at step 30");
    }

    assertThat(checkpoints.newest())
        .map(TrainingState::position)
        .map(Position::step)
        .contains((long) DYING_STEP);
  }

  private static JavaSparkContext spark() {
    return new JavaSparkContext(
        new SparkConf()
            .setMaster("local[2]")
            .setAppName("dying")
            .set("spark.ui.enabled", "false")
            .set("spark.driver.host", "127.0.0.1")
            .set("spark.driver.bindAddress", "127.0.0.1"));
  }

  private static EngineFactory dying() {
    return (network, seed, parameters, gradient, capacity) -> {
      Engine engine = new FusedEngine(network, seed, parameters, gradient, capacity);
      return new Engine() {
        @Override
        public void gradient(Batch batch, long step, StepSums sums) {
          engine.gradient(batch, step, sums);
          if (step == DYING_STEP) {
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
