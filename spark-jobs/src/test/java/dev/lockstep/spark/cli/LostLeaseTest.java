package dev.lockstep.spark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerJobStart;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Whoever finds that another process has taken over its run ends at once, with nothing more. */
@Timeout(300)
class LostLeaseTest {
  private static final String LISTENERS = "spark.extraListeners";
  private static final String TIMEOUT = "spark.lockstep.leaseTimeout";

  /** They take a minute or more. */
  private static final int EPOCHS = 10_000;

  @TempDir private Path directory;

  @BeforeEach
  void renewOften() {
    System.setProperty(LISTENERS, TakingOver.class.getName());
    System.setProperty(TIMEOUT, "1s");
    TakingOver.runs = directory.resolve("runs");
  }

  @AfterEach
  void leaveSparkAlone() {
    System.clearProperty(LISTENERS);
    System.clearProperty(TIMEOUT);
  }

  /** Is taken over when a job begins while the run has the directory {@code part}. */
  private Invocation losing(String part, String command, String... more) throws IOException {
    TakingOver.part = part;
    List<String> arguments =
        new ArrayList<>(
            List.of(
                command,
                "--config",
                SmallMnist.configuration(SmallMnist.write(directory)).toString(),
                "--master",
                "local[2]",
                "--output",
                TakingOver.runs.toString()));
    arguments.addAll(List.of(more));
    Invocation lost = Invocation.of(arguments.toArray(String[]::new));

    assertThat(lost.exitCode()).as(lost.err()).isEqualTo(12);
    assertThat(lost.err())
        .contains("lost the lease (fence 1); it is held by process 12 on far")
        .doesNotContain("--resume");
    return lost;
  }

  private static Path run() throws IOException {
    return TrainingProcess.run(TakingOver.runs);
  }

  @Test
  void aTraining() throws IOException {
    Invocation lost = losing("lease", "train", "--set", "training.epochs=" + EPOCHS);

    assertThat(lost.out()).noneMatch(line -> line.contains(EPOCHS + "/" + EPOCHS));
    assertThat(run().toFile().list()).doesNotContain("manifest.json", "model.zip", "history.json");
  }

  @Test
  void theFoldsOfACrossValidation() throws IOException {
    losing("lease", "cross-validate", "--folds", "2", "--set", "training.epochs=" + EPOCHS);

    assertThat(run().toFile().list()).containsOnly("cross-validation.yaml", "folds", "lease");
    assertThat(run().resolve("folds")).isEmptyDirectory();
  }

  /** It has a lease of its own, which nobody takes. */
  @Test
  void theFinalModelOfACrossValidation() throws IOException {
    losing(
        "final", "cross-validate", "--hold-out", "--final-model", "--set", "training.epochs=1000");

    assertThat(run().resolve("cross-validation.json")).exists();
    assertThat(run().resolve("final").toFile().list()).doesNotContain("manifest.json", "model.zip");
    assertThat(run().resolve("manifest.json")).doesNotExist();
  }

  /** Another process, which finds this one's claim expired when a job of its begins. */
  public static final class TakingOver extends SparkListener {
    private static Path runs;
    private static String part;

    @Override
    public void onJobStart(SparkListenerJobStart start) {
      try {
        if (Files.exists(run().resolve(part))) {
          OtherProcess.claim(run(), 2);
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
