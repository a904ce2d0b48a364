package dev.lockstep.spark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lockstep.random.CounterRandom;
import dev.lockstep.spark.LogLines;
import dev.lockstep.spark.Signal;
import dev.lockstep.spark.registry.StoreThatReplacesInTwoSteps;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A run that was stopped, whatever became of its process or its newest checkpoint. */
class ResumeTest {
  private static final JsonMapper JSON = new JsonMapper();
  private static final int KEPT = 4;
  private static final String EVERY_7_STEPS =
      "training.checkpoints={everyEpochs: 1, everySteps: 7, keep: %d}".formatted(KEPT);
  private static final int MOST_ATTEMPTS = 5;

  /** Enough for steps to go on while checkpoints are written. */
  private static final int EPOCHS = 60;

  private static final String AVERAGING =
      "training.averaging={mode: parameters, interval: 3, outer: {name: sgd, momentum: 0.9}}";

  @TempDir static Path directory;
  private static Path configuration;

  /** A run that has ended, with its checkpoints, and one as a killed process leaves it. */
  private static Path undisturbed;

  private static Path stopped;

  @BeforeAll
  static void train() throws IOException {
    configuration = SmallMnist.configuration(SmallMnist.write(directory));
    undisturbed = trainWithCheckpoints();
    stopped = asIfKilled(undisturbed, "stopped");
  }

  /** A slow disk may leave time for fewer; then the same is trained once more. */
  private static Path trainWithCheckpoints() throws IOException {
    for (int attempt = 1; ; attempt++) {
      Path run = train("undisturbed-" + attempt, List.of());
      if (checkpoints(run).size() == KEPT || attempt == MOST_ATTEMPTS) {
        return run;
      }
    }
  }

  private static Path train(String runs, List<String> more) {
    List<String> arguments = arguments(runs, "local[2]");
    arguments.addAll(more);
    Invocation trained = Invocation.of(arguments.toArray(String[]::new));
    assertThat(trained.exitCode()).as(trained.err()).isZero();
    return Path.of(trained.lastLine());
  }

  private static List<String> arguments(String runs, String master) {
    return new ArrayList<>(
        List.of(
            "train",
            "--config",
            configuration.toString(),
            "--master",
            master,
            "--output",
            directory.resolve(runs).toString(),
            "--set",
            EVERY_7_STEPS,
            "--set",
            "training.epochs=" + EPOCHS));
  }

  private static Invocation resume(Path run, String... more) {
    List<String> arguments =
        new ArrayList<>(List.of("train", "--resume", run.toString(), "--master", "local[3]"));
    arguments.addAll(List.of(more));
    return Invocation.of(arguments.toArray(String[]::new));
  }

  /** The configuration and the checkpoints of {@code run}, without its results and last states. */
  private static Path asIfKilled(Path run, String name) throws IOException {
    Path copy = directory.resolve(name);
    copy(run.resolve("checkpoints"), copy.resolve("checkpoints"));
    Files.copy(run.resolve("configuration.yaml"), copy.resolve("configuration.yaml"));
    delete(newest(copy));
    return copy;
  }

  private static void copy(Path from, Path to) throws IOException {
    Files.createDirectories(to);
    try (Stream<Path> entries = Files.walk(from)) {
      for (Path each : entries.filter(Files::isRegularFile).toList()) {
        Path target = to.resolve(from.relativize(each));
        Files.createDirectories(target.getParent());
        Files.copy(each, target);
      }
    }
  }

  private static void delete(Path tree) throws IOException {
    try (Stream<Path> entries = Files.walk(tree)) {
      for (Path each : entries.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(each);
      }
    }
  }

  private static List<Path> checkpoints(Path run) throws IOException {
    try (Stream<Path> entries = Files.list(run.resolve("checkpoints"))) {
      return entries
          .filter(entry -> entry.getFileName().toString().startsWith("epoch-"))
          .sorted()
          .toList();
    }
  }

  private static Path newest(Path run) throws IOException {
    List<Path> all = checkpoints(run);
    return all.get(all.size() - 1);
  }

  private static void assertEqualResults(Path found, Path expected) throws IOException {
    for (String file : List.of("model.zip", "metrics.json")) {
      assertThat(found.resolve(file)).hasSameBinaryContentAs(expected.resolve(file));
    }
    assertThat(timeless(found)).isEqualTo(timeless(expected));
    assertThat(found.toFile().list()).containsExactlyInAnyOrder(expected.toFile().list());
  }

  private static JsonNode timeless(Path run) throws IOException {
    ObjectNode history = (ObjectNode) JSON.readTree(run.resolve("history.json").toFile());
    return history.remove(List.of("seconds", "examples_per_second"));
  }

  /** Goes on with {@code run}, from {@code checkpoint} and no other. */
  private static Invocation resumeFrom(Path checkpoint, Path run) {
    try (LogLines log = LogLines.open("dev.lockstep.spark.job.Checkpoints")) {
      Invocation resumed = resume(run);
      assertThat(log.with("going on from "))
          .as(resumed.err())
          .singleElement()
          .asString()
          .startsWith(goingOnFrom(checkpoint));
      return resumed;
    }
  }

  private static String goingOnFrom(Path checkpoint) {
    return "going on from " + checkpoint + ": ";
  }

  private static JsonNode progress(Path checkpoint) throws IOException {
    return JSON.readTree(checkpoint.resolve("progress.json").toFile());
  }

  @Test
  void keepsTheNewestCheckpointsByEpochAndStep() throws IOException {
    assertThat(checkpoints(undisturbed))
        .hasSize(KEPT)
        .allMatch(path -> path.getFileName().toString().matches("epoch-\\d{4}-step-\\d{8}"));
    assertThat(newest(undisturbed).toFile().list())
        .containsExactlyInAnyOrder(
            "configuration.yaml",
            "progress.json",
            "parameters.bin",
            "optimizer.bin",
            "manifest.json");
  }

  @Test
  void goesOnInMidEpochAndLeavesWhatAnUndisturbedRunLeaves() throws IOException {
    Path run = asIfKilled(undisturbed, "mid-epoch");
    while (progress(newest(run)).path("batch").asInt() == 0) {
      delete(newest(run));
    }

    Invocation resumed = resumeFrom(newest(run), run);

    assertThat(resumed.exitCode()).as(resumed.err()).isZero();
    assertThat(resumed.lastLine()).isEqualTo(run.toString());
    assertEqualResults(run, undisturbed);
    assertThat(run.resolve("configuration.yaml"))
        .hasSameTextualContentAs(undisturbed.resolve("configuration.yaml"));
  }

  @Test
  void goesOnWhereParametersAreAveragedAndAnOuterOptimizerRemembers() throws IOException {
    Path whole = train("averaged", List.of("--set", AVERAGING));
    Path run = asIfKilled(whole, "averaged-stopped");
    while (progress(newest(run)).path("batch").asInt() == 0) {
      delete(newest(run));
    }

    assertThat(newest(run).toFile().list()).contains("outer.bin");
    Invocation otherWorkers = resume(run, "--workers", "1");
    assertThat(otherWorkers.exitCode()).isEqualTo(2);
    assertThat(otherWorkers.err())
        .contains(
            "whose examples are dealt to 2 workers that average parameters; go on with"
                + " --workers 2, not 1");
    assertThat(resume(run).exitCode()).isZero();
    assertEqualResults(run, whole);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 4, 5, 6, 7})
  void aDamagedNewestCheckpointIsSetAsideAndTheOlderOneGivesTheSameResult(int round)
      throws IOException {
    CounterRandom random = new CounterRandom(round);
    Path run = asIfKilled(undisturbed, "damaged-" + round);
    Path damaged = newest(run);
    List<Path> all = checkpoints(run);
    List<String> parts = Stream.of(damaged.toFile().list()).sorted().toList();
    Path part = damaged.resolve(parts.get(round % parts.size()));
    damage(part, round % 2 == 0, random);

    Invocation resumed = resumeFrom(all.get(all.size() - 2), run);

    assertThat(resumed.exitCode()).as(resumed.err()).isZero();
    assertEqualResults(run, undisturbed);
    assertThat(run.resolve("checkpoints/damaged-" + damaged.getFileName())).isDirectory();
  }

  private static void damage(Path file, boolean truncates, CounterRandom random)
      throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    int at = random.nextInt(bytes.length);
    if (truncates) {
      try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
        channel.truncate(at);
      }
    } else {
      bytes[at] ^= (byte) (1 << random.nextInt(8));
      Files.write(file, bytes);
    }
  }

  @Test
  void whereEveryCheckpointIsDamagedItSaysWhyAndWhatToDo() throws IOException {
    Path run = asIfKilled(undisturbed, "hopeless");
    for (Path checkpoint : checkpoints(run)) {
      Files.delete(checkpoint.resolve("manifest.json"));
    }

    Invocation resumed = resume(run);

    assertThat(resumed.exitCode()).isEqualTo(2);
    assertThat(resumed.err())
        .contains("no checkpoint in " + run.resolve("checkpoints") + " can be used:")
        .contains(newest(run).getFileName() + ": ", "manifest.json is missing")
        .contains("train anew: lockstep train --config " + run.resolve("configuration.yaml"));
    assertThat(resume(run).exitCode()).isEqualTo(2);
  }

  @Test
  void aRunThatWasStoppedBeforeItsFirstCheckpointBeginsAnew() throws IOException {
    Path run = Files.createDirectory(directory.resolve("early"));
    Files.copy(undisturbed.resolve("configuration.yaml"), run.resolve("configuration.yaml"));

    assertThat(resume(run).exitCode()).isZero();
    assertEqualResults(run, undisturbed);
  }

  @Test
  void whoeverAsksForResultsOfAStoppedRunIsToldHowToGetThem() throws IOException {
    Path run = Files.createDirectory(directory.resolve("without-results"));
    Files.copy(undisturbed.resolve("configuration.yaml"), run.resolve("configuration.yaml"));

    for (String[] command :
        new String[][] {
          {"evaluate", "--model", run.toString()}, {"report", run.toString()},
        }) {
      Invocation asked = Invocation.of(command);

      assertThat(asked.exitCode()).isEqualTo(2);
      assertThat(asked.err())
          .contains(
              "; the run there has not ended, and goes on with: lockstep train --resume " + run);
    }
  }

  @Test
  void aRunThatHasEndedIsLeftAsItIs() throws IOException {
    byte[] manifest = Files.readAllBytes(undisturbed.resolve("manifest.json"));

    Invocation resumed = resume(undisturbed);

    assertThat(resumed.exitCode()).isZero();
    assertThat(resumed.out())
        .containsExactly(
            "the run has ended already; nothing is left to do", undisturbed.toString());
    assertThat(undisturbed.resolve("manifest.json")).hasBinaryContent(manifest);
  }

  @Test
  void whatWouldChangeTheResultIsRefusedWithTheDifference() throws IOException {
    Invocation changed =
        resume(
            stopped,
            "--config",
            configuration.toString(),
            "--set",
            "training.epochs=3",
            "--set",
            "training.optimizer.beta1=0.8");

    assertThat(changed.exitCode()).isEqualTo(2);
    assertThat(changed.err())
        .contains(stopped + " cannot go on as something else:")
        .contains("  - training.epochs: " + EPOCHS + " in the run, 3 now")
        .contains("  - training.optimizer.beta1: 0.9 in the run, 0.8 now");
  }

  @Test
  void aConfigurationThatWasEditedInTheRunIsRefusedWithTheDifference() throws IOException {
    Path run = asIfKilled(undisturbed, "edited");
    Path file = run.resolve("configuration.yaml");
    Files.writeString(file, Files.readString(file).replace("epochs: " + EPOCHS, "epochs: 4"));

    Invocation resumed = resume(run);

    assertThat(resumed.exitCode()).isEqualTo(2);
    assertThat(resumed.err()).contains("  - training.epochs: " + EPOCHS + " in the run, 4 now");
  }

  @Test
  void otherDataUnderTheSamePathAreRefused() throws IOException {
    Path data = Files.createDirectory(directory.resolve("data"));
    SmallMnist.write(data);
    Path whole = train("on-data", List.of("--set", "dataset.idx=" + data));
    Path run = asIfKilled(whole, "on-other-data");
    Path labels = data.resolve("t10k-labels-idx1-ubyte");
    byte[] bytes = Files.readAllBytes(labels);
    bytes[bytes.length - 1] = (byte) ((bytes[bytes.length - 1] + 1) % 10);
    Files.write(labels, bytes);

    Invocation resumed = resume(run);

    assertThat(resumed.exitCode()).isEqualTo(2);
    assertThat(resumed.err())
        .containsPattern(
            "the test examples of .*: fingerprint [0-9a-f]{64} in the run, [0-9a-f]{64} now");
  }

  @Test
  void withMicroBatchesAnyNumberOfWorkersGoesOnToTheSameBits() throws IOException {
    Path whole = train("exact", List.of("--set", "training.microBatches=3"));
    Path run = asIfKilled(whole, "exact-stopped");

    assertThat(resume(run, "--workers", "3").exitCode()).isZero();

    JsonNode one = JSON.readTree(whole.resolve("metrics.json").toFile());
    assertThat(JSON.readTree(run.resolve("metrics.json").toFile())).isEqualTo(one);
    assertThat(coefficients(run)).isEqualTo(coefficients(whole));
  }

  private static byte[] coefficients(Path run) throws IOException {
    try (java.util.zip.ZipFile zip = new java.util.zip.ZipFile(run.resolve("model.zip").toFile())) {
      return zip.getInputStream(zip.getEntry("coefficients.bin")).readAllBytes();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"missing", "data-without-a-run"})
  void whatIsNoRunIsSaid(String name) throws IOException {
    Path there = directory.resolve(name);
    if (!name.equals("missing")) {
      Files.createDirectory(there);
    }

    Invocation resumed = resume(there);

    assertThat(resumed.exitCode()).isEqualTo(2);
    assertThat(resumed.err())
        .contains(
            there
                + ": there is no such run; --resume must name a run's directory, which holds"
                + " configuration.yaml");
  }

  @Test
  void aRunOnAStoreThatReplacesFilesInTwoStepsGoesOnToTheSameBits() throws IOException {
    String implementation = "spark.hadoop.fs.AbstractFileSystem.steps.impl";
    System.setProperty(implementation, StoreThatReplacesInTwoSteps.class.getName());
    Path run = asIfKilled(undisturbed, "stored");
    try {
      Invocation resumed =
          Invocation.of("train", "--resume", "steps:" + run, "--master", "local[2]");

      assertThat(resumed.exitCode()).as(resumed.err()).isZero();
      assertEqualResults(run, undisturbed);
    } finally {
      System.clearProperty(implementation);
    }
  }

  @Test
  void resultsThatCannotBeWrittenAreNamedAndWrittenWhenThatIsMended() throws IOException {
    Path run = asIfKilled(undisturbed, "full");
    Path inTheWay = Files.createDirectories(run.resolve("model.zip/in-the-way"));

    Invocation failing = resume(run);

    assertThat(failing.exitCode()).isEqualTo(1);
    assertThat(failing.err())
        .contains("failed: " + run.resolve("model.zip") + ": cannot be written: ")
        .contains("; when that is mended: lockstep train --resume " + run);
    delete(inTheWay.getParent());
    Invocation resumed = resume(run);
    assertThat(resumed.exitCode()).as(resumed.err()).isZero();
    assertEqualResults(run, undisturbed);
  }

  @Test
  void aCrossValidationIsSentToItsOwnCommand() throws IOException {
    Path run = Files.createDirectory(directory.resolve("validated"));
    Files.copy(undisturbed.resolve("configuration.yaml"), run.resolve("configuration.yaml"));
    Files.createFile(run.resolve("cross-validation.yaml"));

    Invocation resumed = resume(run);

    assertThat(resumed.exitCode()).isEqualTo(2);
    assertThat(resumed.err()).contains("lockstep cross-validate --resume " + run);
    assertThat(run.toFile().list()).hasSize(2);
  }

  /** The process dies at an instant of its own; the state it leaves is whatever it is then. */
  @Test
  @EnabledOnOs(OS.LINUX)
  void aDriverThatIsKilledInMidEpochGoesOnInANewProcess() throws Exception {
    List<String> arguments = arguments("killed", "local[2]");
    Path runs = directory.resolve("killed");
    Process training = TrainingProcess.start(directory.resolve("killed.err"), arguments);
    try {
      stopAfterACheckpoint(training, runs);
      Invocation tooEarly = resume(TrainingProcess.run(runs));
      assertThat(tooEarly.exitCode()).isEqualTo(12);
      assertThat(tooEarly.err())
          .contains("the lease is held by process " + training.pid())
          .contains("only one process may be at a run");
    } finally {
      training.destroyForcibly();
    }
    assertThat(training.waitFor(10, TimeUnit.SECONDS)).isTrue();
    Path run = TrainingProcess.run(runs);
    assertThat(training.exitValue()).isEqualTo(128 + 9);
    assertThat(run.resolve("manifest.json")).doesNotExist();
    Path left = newest(run);

    Path err = directory.resolve("resumed.err");
    Process resumed =
        TrainingProcess.start(
            err,
            List.of("-Dlog4j2.configurationFile=../deploy/local/log4j2.properties"),
            List.of("train", "--resume", run.toString(), "--master", "local[2]"));
    resumed.getInputStream().transferTo(java.io.OutputStream.nullOutputStream());

    assertThat(resumed.waitFor()).as(TrainingProcess.text(err)).isZero();
    assertThat(TrainingProcess.text(err)).contains(goingOnFrom(left));
    assertEqualResults(run, undisturbed);
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void aDriverThatSleptWhileAnotherEndedItsRunLeavesItAsItIs() throws Exception {
    Path runs = directory.resolve("asleep");
    Path err = directory.resolve("asleep.err");
    Process training = TrainingProcess.start(err, arguments("asleep", "local[2]"));
    try {
      stopAfterACheckpoint(training, runs);
      Path run = TrainingProcess.run(runs);
      Path claim = run.resolve("lease/000001.json");
      Files.writeString(
          claim,
          Files.readString(claim)
              .replaceFirst("(\"expires\" : )[^,]*", "$1\"2026-01-01T00:00:00Z\""));
      Invocation resumed = resume(run, "--workers", "2");
      assertThat(resumed.exitCode()).as(resumed.err()).isZero();
      String manifest = Files.readString(run.resolve("manifest.json"));

      Signal.send("CONT", training.toHandle());

      assertThat(training.waitFor(40, TimeUnit.SECONDS)).isTrue();
      assertThat(training.exitValue()).isEqualTo(12);
      assertThat(TrainingProcess.text(err))
          .contains("lost the lease (fence 1)")
          .doesNotContain("--resume");
      assertThat(run.resolve("manifest.json")).hasContent(manifest);
      assertThat(run.resolve("lease")).doesNotExist();
      assertEqualResults(run, undisturbed);
    } finally {
      training.destroyForcibly();
    }
  }

  @Test
  void whoeverWaitedForARunThatAnotherEndedMeanwhileLeavesItAsItIs() throws Exception {
    Path run = asIfKilled(undisturbed, "ended");

    Invocation resumed = OtherProcess.endsTheRunBefore(run, () -> resume(run));

    assertThat(resumed.exitCode()).as(resumed.err()).isZero();
    assertThat(resumed.out())
        .containsExactly("the run has ended already; nothing is left to do", run.toString());
    assertThat(run.resolve("manifest.json")).hasContent("{}");
    assertThat(run.resolve("lease")).doesNotExist();
  }

  private static void stopAfterACheckpoint(Process training, Path runs) throws Exception {
    Awaitility.await()
        .pollInterval(Duration.ofMillis(5))
        .atMost(Duration.ofSeconds(40))
        .until(() -> Files.isDirectory(runs) && hasCheckpoint(runs));
    Signal.send("STOP", training.toHandle());
  }

  private static boolean hasCheckpoint(Path runs) throws IOException {
    try (Stream<Path> all = Files.list(runs)) {
      for (Path run : all.toList()) {
        if (Files.isDirectory(run.resolve("checkpoints")) && !checkpoints(run).isEmpty()) {
          return true;
        }
      }
    }
    return false;
  }
}
