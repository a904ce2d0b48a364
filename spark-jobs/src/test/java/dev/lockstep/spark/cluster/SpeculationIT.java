package dev.lockstep.spark.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Training on a cluster that copies slow tasks and whose executors come and go as needed. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class SpeculationIT {
  @TempDir private Path directory;

  @Test
  void speculativeCopiesDisturbNobodyAndTakeThePlacesOfAKilledExecutorsWorkers() throws Exception {
    try (StandaloneCluster cluster = new StandaloneCluster(directory, 2, 2)) {
      Process local = train(cluster, "local", "local[2]", List.of());
      assertThat(local.waitFor()).as(cluster.output("local")).isZero();
      Process training =
          train(
              cluster,
              "copied",
              cluster.master(),
              List.of(
                  "spark.dynamicAllocation.enabled=true",
                  "spark.dynamicAllocation.shuffleTracking.enabled=true",
                  "spark.dynamicAllocation.executorIdleTimeout=1s",
                  "spark.executor.cores=2",
                  "spark.speculation=true",
                  "spark.speculation.task.duration.threshold=2s"));

      for (int rank = 0; rank < 2; rank++) {
        cluster.await(
            "copied", "a speculative copy of the worker of rank %d stands by".formatted(rank));
      }
      assertThat(cluster.executors()).hasSize(2);
      assertThat(cluster.output("copied")).doesNotContain("is lost", "is fenced off");
      cluster.executors().get(0).destroyForcibly();

      assertThat(training.waitFor()).as(cluster.output("copied")).isZero();
      assertThat(cluster.output("copied")).contains("is lost", "is back");
      assertThat(model("copied")).isEqualTo(model("local"));
    }
  }

  private Process train(
      StandaloneCluster cluster, String name, String master, List<String> settings) {
    return cluster.submit(
        name,
        master,
        settings,
        List.of(
            "train",
            "--config",
            SparkProcesses.EXAMPLE,
            "--output",
            directory.resolve(name).toString(),
            "--set",
            "training.workers=2",
            "--set",
            "training.epochs=6"));
  }

  private byte[] model(String name) throws IOException {
    try (Stream<Path> runs = Files.list(directory.resolve(name))) {
      return Files.readAllBytes(runs.findFirst().orElseThrow().resolve("model.zip"));
    }
  }
}
