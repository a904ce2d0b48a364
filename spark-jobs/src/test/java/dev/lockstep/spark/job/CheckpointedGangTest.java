package dev.lockstep.spark.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.config.Configuration;
import dev.lockstep.coordinator.CheckpointSchedule;
import dev.lockstep.coordinator.Position;
import dev.lockstep.coordinator.RunAbortedException;
import dev.lockstep.coordinator.TrainingState;
import dev.lockstep.engine.Batch;
import dev.lockstep.engine.Engine;
import dev.lockstep.engine.EngineFactory;
import dev.lockstep.engine.FusedEngine;
import dev.lockstep.engine.StepSums;
import dev.lockstep.spark.LogLines;
import dev.lockstep.spark.gang.Gang;
import dev.lockstep.spark.gang.SelectedEngine;
import dev.lockstep.spark.gang.Training;
import dev.lockstep.spark.job.TrainingJob.Prepared;
import dev.lockstep.spark.registry.Lease;
import dev.lockstep.spark.registry.LeaseException;
import dev.lockstep.spark.storage.Location;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A training that ends before its time. */
class CheckpointedGangTest {
  private static final int DYING_STEP = 30;
  private static final int WORKERS = 2;

  private static final Configuration CONFIGURATION =
      Configuration.read(
          "small.yaml",
          """
          network: {layers: [{dense: {units: 10, activation: softmax}}], loss: categorical_crossentropy}
          training: {optimizer: adam}
          """,
          List.of());

  private static final CheckpointSchedule SEVENTH = new CheckpointSchedule(0, 7, 3);
  private static final String STORAGE_TIMEOUT = "spark.lockstep.storageTimeout";

  @TempDir Path directory;

  @Test
  void leavesACheckpointOfItsLastWholeStepAndSaysHowToGoOn() throws Exception {
    try (Lease lease = lease()) {
      Training training =
          training(
              () -> {
                throw new IllegalStateException("this worker dies at step " + DYING_STEP);
              });
      Checkpoints checkpoints = checkpoints(training, lease);
      Gang gang = Gang.of(training, WORKERS);

      assertThatThrownBy(() -> run(gang, checkpoints))
          .isInstanceOf(StoppedException.class)
          .hasMessage(
              "a checkpoint holds its state after 0 epochs and 30 steps; to go on from there:"
                  + " lockstep train --resume "
                  + directory)
          .hasRootCauseMessage("this worker dies at step 30");
      assertThat(checkpoints.newest())
          .map(TrainingState::position)
          .map(Position::step)
          .contains((long) DYING_STEP);
    }
  }

  @Test
  void whoseRunAnotherProcessHasTakenOverWritesNoCheckpointAndNamesThatProcess() throws Exception {
    LeaseException loss = new LeaseException("another process has the run");
    AtomicReference<Gang> running = new AtomicReference<>();
    Training training = training(() -> running.get().abort(loss));
    Lease lost = lease();
    Checkpoints checkpoints = checkpoints(training, lost);
    lost.close();
    try (Lease another = lease()) {
      running.set(Gang.of(training, WORKERS));

      assertThatThrownBy(() -> run(running.get(), checkpoints)).hasCause(loss);
      assertThat(checkpoints.newest()).isEmpty();
      another.check();
    }
  }

  @Test
  void whoseCheckpointIsStillBeingWrittenSaysThatItWaits() throws Exception {
    System.setProperty(STORAGE_TIMEOUT, "4s");
    try (LogLines log = LogLines.open();
        Lease lease = lease();
        ServerSocket mute = new ServerSocket(0, 50, InetAddress.getByName("127.0.0.1"))) {
      Location run = Location.of("hdfs://127.0.0.1:%d/run".formatted(mute.getLocalPort()));
      CompletableFuture<Socket> asked = CompletableFuture.supplyAsync(() -> accept(mute));
      Training training =
          training(
              () -> {
                asked.join();
                throw new IllegalStateException("this worker dies");
              });

      assertThatThrownBy(
              () ->
                  run(Gang.of(training, WORKERS), checkpoints(run, training, lease), SEVENTH, run))
          .isInstanceOf(RunAbortedException.class);

      assertThat(log.with("waiting since 2 s for a checkpoint"))
          .containsExactly(
              "waiting since 2 s for a checkpoint to be written to %s; giving up when its file system leaves one operation unanswered for 4 s (spark.lockstep.storageTimeout)"
                  .formatted(run));
      assertThat(log.with("the checkpoint after 0 epochs and 7 steps cannot be written to " + run))
          .hasSize(1);
      asked.join().close();
    } finally {
      System.clearProperty(STORAGE_TIMEOUT);
    }
  }

  /** Waits until somebody has connected, who then waits for an answer. */
  private static Socket accept(ServerSocket mute) {
    try {
      return mute.accept();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Location run() {
    return Location.of(directory.toString());
  }

  private Lease lease() throws IOException {
    return Lease.take(run(), Duration.ofMinutes(10));
  }

  /** Its workers do as usual until step 30, and then {@code atStep30}. */
  private static Training training(Runnable atStep30) {
    Training whole = Training.of(CONFIGURATION);
    return new Training(
        whole.recipe(),
        whole.plan(),
        whole.network(),
        whole.data(),
        whole.initialParameters(),
        engines(atStep30));
  }

  private Checkpoints checkpoints(Training training, Lease lease) {
    return checkpoints(run(), training, lease);
  }

  private static Checkpoints checkpoints(Location run, Training training, Lease lease) {
    SelectedEngine engine = SelectedEngine.of(CONFIGURATION.engine(), training.network());
    return new Checkpoints(run, CONFIGURATION, new Prepared(training, engine, WORKERS), lease);
  }

  private void run(Gang gang, Checkpoints checkpoints) {
    run(gang, checkpoints, CONFIGURATION.checkpoints().orElseThrow(), run());
  }

  private static void run(
      Gang gang, Checkpoints checkpoints, CheckpointSchedule schedule, Location run) {
    CheckpointedGang checkpointed =
        new CheckpointedGang(gang, checkpoints, schedule, Optional.empty(), run);
    try (JavaSparkContext spark = spark()) {
      checkpointed.run(spark);
    }
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

  private static EngineFactory engines(Runnable atStep30) {
    return (network, seed, parameters, gradient, capacity) -> {
      Engine engine = new FusedEngine(network, seed, parameters, gradient, capacity);
      return new Engine() {
        @Override
        public void gradient(Batch batch, long step, StepSums sums) {
          engine.gradient(batch, step, sums);
          if (step == DYING_STEP) {
            atStep30.run();
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
