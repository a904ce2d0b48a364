package dev.lockstep.spark.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Training on a cluster that copies slow tasks and whose executors come and go as needed. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class SpeculationIT {
  @TempDir private Path directory;

  @Test
  void speculativeCopiesDisturbNobodyAndTakeThePlacesOfAKilledExecutorsWorkers() throws Exception {
    try (ExampleTrainings trainings = new ExampleTrainings(directory, 2)) {
      byte[] undisturbed = trainings.here("local");
      Process training =
          trainings.start(
              "copied",
              List.of(
                  "spark.dynamicAllocation.enabled=true",
                  "spark.dynamicAllocation.shuffleTracking.enabled=true",
                  "spark.dynamicAllocation.executorIdleTimeout=1s",
                  "spark.executor.cores=2",
                  "spark.speculation=true",
                  "spark.speculation.task.duration.threshold=2s"));

      for (int rank = 0; rank < 2; rank++) {
        trainings
            .cluster()
            .await(
                "copied", "a speculative copy of the worker of rank %d stands by".formatted(rank));
      }
      List<ProcessHandle> executors = trainings.cluster().executors();
      assertThat(executors).hasSize(2);
      assertThat(trainings.output("copied")).doesNotContain("is lost", "is fenced off");
      executors.get(0).destroyForcibly();

      assertThat(training.waitFor()).as(trainings.output("copied")).isZero();
      assertThat(trainings.output("copied")).contains("is lost", "is back");
      assertThat(trainings.model("copied")).isEqualTo(undisturbed);
    }
  }
}
