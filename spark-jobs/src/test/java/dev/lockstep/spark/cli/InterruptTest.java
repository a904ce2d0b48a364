package dev.lockstep.spark.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.lockstep.spark.Signal;
import java.io.BufferedReader;
import java.io.File;
import java.io.OutputStream;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Ctrl-C while a process of its own is training. */
class InterruptTest {
  @TempDir Path directory;

  @Test
  @EnabledOnOs(OS.LINUX)
  void endsWithinSecondsWithACheckpointAndSaysHowToGoOn() throws Exception {
    Path configuration = SmallMnist.configuration(SmallMnist.write(directory));
    Path err = directory.resolve("err");
    Process training =
        TrainingProcess.start(
            err,
            List.of(
                "train",
                "--config",
                configuration.toString(),
                "--set",
                "training.epochs=100000",
                "--set",
                "training.checkpoints={everyEpochs: 0, everySteps: 100000000}",
                "--master",
                "local[2]",
                "--output",
                directory.resolve("runs").toString()));
    try (BufferedReader out = training.inputReader(StandardCharsets.UTF_8)) {
      assertThat(out.readLine()).startsWith("Epoch 1/100000");
      Signal.send("INT", training.toHandle());

      assertThat(training.waitFor(10, TimeUnit.SECONDS)).isTrue();
      assertThat(training.exitValue()).isEqualTo(130);
      assertThat(out.lines()).allMatch(line -> line.startsWith("Epoch "));
      Path run = TrainingProcess.run(directory.resolve("runs"));
      assertThat(TrainingProcess.text(err))
          .doesNotContain("\tat ")
          .containsPattern("a checkpoint holds its state after \\d+ epochs and \\d+ steps")
          .containsOnlyOnce("to go on from there: lockstep train --resume " + run);
      assertThat(run.toFile().list()).containsOnly("configuration.yaml", "checkpoints", "lease");
      assertThat(run.resolve("checkpoints").toFile().list()).hasSize(1);
    } finally {
      training.destroyForcibly();
    }
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void aCrossValidationKeepsItsFinishedFoldsAndSaysHowToGoOn() throws Exception {
    Path configuration = SmallMnist.configuration(SmallMnist.write(directory));
    Path err = directory.resolve("err");
    Process validating =
        TrainingProcess.start(
            err,
            List.of("-Dlog4j2.configurationFile=../deploy/local/log4j2.properties"),
            List.of(
                "cross-validate",
                "--config",
                configuration.toString(),
                "--folds",
                "3",
                "--grid",
                "training.epochs=1,100000",
                "--master",
                "local[2]",
                "--output",
                directory.resolve("runs").toString()));
    try (BufferedReader out = validating.inputReader(StandardCharsets.UTF_8)) {
      for (int fold = 1; fold <= 3; fold++) {
        assertThat(out.readLine()).startsWith("candidate 1, fold ");
      }
      Signal.send("INT", validating.toHandle());

      assertThat(validating.waitFor(10, TimeUnit.SECONDS)).isTrue();
      assertThat(validating.exitValue()).isEqualTo(130);
      Path run = TrainingProcess.run(directory.resolve("runs"));
      assertThat(TrainingProcess.text(err))
          .doesNotContain("\tat ")
          .contains("to go on from there: lockstep cross-validate --resume " + run);
      assertThat(run.toFile().list()).containsOnly("cross-validation.yaml", "folds", "lease");
      assertThat(
              run.resolve("folds")
                  .toFile()
                  .list((folder, name) -> name.matches(".*fold-[0-9][.]json")))
          .hasSize(3);
    } finally {
      validating.destroyForcibly();
    }
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void aCommandThatHasNotBegunToTrainEndsAtOnce() throws Exception {
    Path pipe = directory.resolve("configuration");
    assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor()).isZero();
    Path err = directory.resolve("err");
    Process training = TrainingProcess.start(err, List.of("train", "--config", pipe.toString()));
    try (OutputStream opened = Files.newOutputStream(pipe)) {
      // It reads now, and there is nothing to read.
      Signal.send("INT", training.toHandle());

      assertThat(training.waitFor(5, TimeUnit.SECONDS)).isTrue();
      assertThat(training.exitValue()).isEqualTo(130);
      assertThat(TrainingProcess.text(err)).isEqualToIgnoringNewLines("lockstep: interrupted");
    } finally {
      training.destroyForcibly();
    }
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void resultsThatCannotBePrintedAreAFailure() throws Exception {
    Path err = directory.resolve("err");
    Process describing =
        TrainingProcess.start(
            err,
            Redirect.to(new File("/dev/full")),
            List.of(),
            List.of("describe", "--network", "lenet"));

    assertThat(describing.waitFor(1, TimeUnit.MINUTES)).isTrue();
    assertThat(describing.exitValue()).isEqualTo(1);
    assertThat(TrainingProcess.text(err))
        .isEqualToIgnoringNewLines(
            "lockstep: standard output cannot be written to; results are lost");
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void whoeverHasReadEnoughOfTheResultsHearsNothingOfTheRest() throws Exception {
    Path err = directory.resolve("err");
    Process describing =
        TrainingProcess.start(err, List.of(), List.of("describe", "--network", "lenet"));
    describing.getInputStream().close();

    assertThat(describing.waitFor(1, TimeUnit.MINUTES)).isTrue();
    assertThat(describing.exitValue()).isEqualTo(128 + 13);
    assertThat(TrainingProcess.text(err)).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({"INT, 130", "TERM, 143"})
  @EnabledOnOs(OS.LINUX)
  void aRetrainingSumsUpAndGivesTheLeaseBack(String signal, int code) throws Exception {
    NightlyRetraining nightly = NightlyRetraining.in(directory);
    nightly.write(0);
    Path err = directory.resolve("err");
    Process retraining =
        TrainingProcess.start(
            err,
            List.of(
                "retrain",
                "--config",
                directory.resolve("retrain.yaml").toString(),
                "--set",
                "training.epochs=100000",
                "--master",
                "local[1]"));
    try {
      await()
          .atMost(Duration.ofMinutes(1))
          .until(() -> TrainingProcess.text(err).contains("Epoch 1/100000"));
      Signal.send(signal, retraining.toHandle());

      assertThat(retraining.waitFor(10, TimeUnit.SECONDS)).isTrue();
      assertThat(retraining.exitValue()).isEqualTo(code);
      JsonNode summary = new ObjectMapper().readTree(retraining.getInputStream());
      assertThat(summary.path("decision").asText()).isEqualTo("failed");
      assertThat(summary.path("exitCode").asInt()).isEqualTo(130);
      assertThat(nightly.models().numbers()).isEmpty();
      assertThat(nightly.retrain().exitCode()).isZero();
    } finally {
      retraining.destroyForcibly();
    }
  }
}
