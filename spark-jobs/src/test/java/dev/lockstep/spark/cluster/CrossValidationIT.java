package dev.lockstep.spark.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Folds on the executors of a real standalone cluster. */
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class CrossValidationIT {
  @TempDir private static Path directory;

  @Test
  void foldsOnExecutorsHaveTheBitsOfThoseInOneProcess() throws Exception {
    try (StandaloneCluster cluster = new StandaloneCluster(directory, 2, 1)) {
      Path here = validated(cluster, "here", "local[2]");
      Path there = validated(cluster, "there", cluster.master());

      assertThat(there.resolve("predictions.csv"))
          .hasSameTextualContentAs(here.resolve("predictions.csv"));
      for (String results : List.of("/results/test_loss", "/results/train_loss", "/confusion")) {
        assertThat(json(there).at(results)).isEqualTo(json(here).at(results)).isNotEmpty();
      }
      assertThat(there.resolve("final/model.zip")).exists();
    }
  }

  private static Path validated(StandaloneCluster cluster, String name, String master)
      throws Exception {
    Process validating =
        cluster.submit(
            name,
            master,
            List.of(),
            List.of(
                "cross-validate",
                "--config",
                Path.of("../conf/mnist-mlp.yaml").toAbsolutePath().normalize().toString(),
                "--output",
                directory.resolve(name).toString(),
                "--folds",
                "3",
                "--stratified",
                "--final-model",
                "--set",
                "training.epochs=1"));
    assertThat(validating.waitFor()).as(cluster.output(name)).isZero();
    try (Stream<Path> runs = Files.list(directory.resolve(name))) {
      return runs.findFirst().orElseThrow();
    }
  }

  private static JsonNode json(Path run) throws IOException {
    return new JsonMapper().readTree(run.resolve("cross-validation.json").toFile());
  }
}
