package dev.lockstep.spark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a user tells Java, and the program cannot work with. */
@Timeout(60)
class JavaOptionsTest {
  @TempDir private Path directory;

  private String refusal(String option) throws Exception {
    Path err = directory.resolve("err");
    Process training =
        TrainingProcess.start(
            err,
            List.of(option),
            List.of(
                "train",
                "--config",
                "../conf/mnist-mlp.yaml",
                "--output",
                directory.resolve("runs").toString()));
    training.getInputStream().transferTo(java.io.OutputStream.nullOutputStream());
    assertThat(training.waitFor()).isEqualTo(2);
    assertThat(directory.resolve("runs")).doesNotExist();
    return TrainingProcess.text(err);
  }

  @Test
  void kernelsThatOpenBlasDoesNotHaveAreRefusedAndNotPassedOver() throws Exception {
    assertThat(refusal("-Dlockstep.openblas.core=Hasswell"))
        .contains(
            "lockstep train: -Dlockstep.openblas.core is 'Hasswell' but OpenBLAS has no such kernels")
        .doesNotContain("\tat ");
  }

  @Test
  void aHeapThatIsTooSmallForSparkIsSaidInOneSentence() throws Exception {
    assertThat(refusal("-Xmx300m").lines())
        .singleElement()
        .asString()
        .startsWith("lockstep train: Java's heap is 2")
        .endsWith(
            " MiB but Spark needs 450; give it -Xmx512m or more (in LOCKSTEP_JAVA_OPTS, or as"
                + " --driver-memory of spark-submit)");
  }
}
