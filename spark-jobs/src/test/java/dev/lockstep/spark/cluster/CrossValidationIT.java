package dev.lockstep.spark.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.lockstep.spark.Signal;
import dev.lockstep.spark.cli.SmallMnist;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Folds on the executors of a real standalone cluster. */
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class CrossValidationIT {
  @TempDir private static Path directory;
  private static StandaloneCluster cluster;
  private static Path here;

  @BeforeAll
  static void validateInOneProcess() throws Exception {
    SmallMnist.configuration(directory, SmallMnist.write(directory).toString());
    cluster = new StandaloneCluster(directory, 2, 1);
    here = finished("here", validate("here", "local[2]"));
  }

  @AfterAll
  static void end() {
    if (cluster != null) {
      cluster.close();
    }
  }

  @Test
  void foldsOnExecutorsHaveTheBitsOfThoseInOneProcess() throws Exception {
    Path there = finished("there", validate("there", cluster.master()));

    assertEqualResults(there);
    assertThat(there.resolve("final/model.zip")).exists();
  }

  @Test
  void interruptedItLeavesNoExecutorAndGoesOnLater() throws Exception {
    Process validating = validate("interrupted", cluster.master());
    cluster.await("interrupted", "fold 1/3: epoch ");

    Signal.send("INT", validating.toHandle());

    assertThat(validating.waitFor()).as(cluster.output("interrupted")).isEqualTo(130);
    assertThat(cluster.output("interrupted")).contains("lockstep cross-validate --resume ");
    cluster.awaitNoExecutor();
    Process resumed =
        cluster.submit(
            "resumed",
            cluster.master(),
            List.of(),
            List.of("cross-validate", "--resume", run("interrupted").toString()));
    assertThat(resumed.waitFor()).as(cluster.output("resumed")).isZero();
    assertEqualResults(run("interrupted"));
    assertThat(run("interrupted").resolve("final/model.zip")).exists();
  }

  private static void assertEqualResults(Path there) throws IOException {
    assertThat(there.resolve("predictions.csv"))
        .hasSameTextualContentAs(here.resolve("predictions.csv"));
    for (String results : List.of("/results/test_loss", "/results/train_loss", "/confusion")) {
      assertThat(json(there).at(results)).isEqualTo(json(here).at(results)).isNotEmpty();
    }
  }

  private static Process validate(String name, String master) {
    return cluster.submit(
        name,
        master,
        List.of(),
        List.of(
            "cross-validate",
            "--config",
            directory.resolve("small.yaml").toString(),
            "--output",
            directory.resolve(name).toString(),
            "--folds",
            "3",
            "--stratified",
            "--final-model",
            "--set",
            "training.epochs=60"));
  }

  private static Path finished(String name, Process validating) throws Exception {
    assertThat(validating.waitFor()).as(cluster.output(name)).isZero();
    return run(name);
  }

  private static Path run(String name) throws IOException {
    try (Stream<Path> runs = Files.list(directory.resolve(name))) {
      return runs.findFirst().orElseThrow();
    }
  }

  private static JsonNode json(Path run) throws IOException {
    return new JsonMapper().readTree(run.resolve("cross-validation.json").toFile());
  }
}
