package dev.lockstep.spark.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lockstep.yaml.ConfigurationException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunDirectoryTest {
  private static final LocalDateTime STARTED = LocalDateTime.of(2026, 11, 23, 18, 15, 2);

  @TempDir Path directory;

  @Test
  void isNamedByTheRunAndItsStart() {
    RunDirectory run = create("runs", "mnist-mlp");

    assertThat(run.location())
        .hasToString(directory.resolve("runs/mnist-mlp-20261123-181502").toString());
    assertThat(directory.resolve("runs/mnist-mlp-20261123-181502")).isEmptyDirectory();
  }

  @Test
  void aNameThatIsTakenGetsANumber() {
    create("runs", "mlp");

    assertThat(create("runs", "mlp").location().toString()).endsWith("/mlp-20261123-181502-2");
    assertThat(create("runs", "mlp").location().toString()).endsWith("/mlp-20261123-181502-3");
  }

  @Test
  void aNameCannotLeaveTheOutputDirectory() {
    assertThat(create("runs", "../a b:c").location().toString())
        .isEqualTo(directory.resolve("runs/..-a-b-c-20261123-181502").toString());
  }

  @Test
  void runsThatStartAtOnceGetDifferentDirectories() throws Exception {
    int runs = 32;
    CyclicBarrier start = new CyclicBarrier(runs);
    ExecutorService threads = Executors.newFixedThreadPool(runs);
    try {
      List<Future<String>> created = new ArrayList<>();
      for (int i = 0; i < runs; i++) {
        created.add(
            threads.submit(
                () -> {
                  start.await();
                  return create("runs", "mlp").location().toString();
                }));
      }
      Set<String> different = new HashSet<>();
      for (Future<String> path : created) {
        different.add(path.get());
      }
      assertThat(different).hasSize(runs);
    } finally {
      threads.shutdownNow();
    }
  }

  @Test
  void filesAreWrittenByUriToo() throws IOException {
    RunDirectory run = RunDirectory.create(directory.toUri() + "runs", "mlp", STARTED);

    run.write("metrics.json", new byte[] {'{', '}'});

    assertThat(directory.resolve("runs/mlp-20261123-181502/metrics.json")).hasContent("{}");
  }

  @Test
  void aFileInPlaceOfTheOutputDirectoryIsAnErrorForTheReader() throws IOException {
    Files.createFile(directory.resolve("runs"));

    assertThatThrownBy(() -> create("runs", "mlp"))
        .isInstanceOf(ConfigurationException.class)
        .hasMessageContainingAll(
            "cannot create the run directory mlp-20261123-181502 in '" + directory.resolve("runs"),
            "is not a directory",
            "choose another --output");
  }

  @Test
  void aPlaceThatCannotBeWrittenToIsAnErrorForTheReader() {
    assumeTrue(Files.isDirectory(Path.of("/proc/self")), "a directory nobody can write to");

    assertThatThrownBy(() -> RunDirectory.create("/proc/self", "mlp", STARTED))
        .isInstanceOf(ConfigurationException.class)
        .hasMessageContainingAll("in '/proc/self'", "choose another --output");
  }

  @Test
  void anErrorInWritingNamesTheFile() {
    RunDirectory run = create("runs", "mlp");

    assertThatThrownBy(
            () ->
                run.write(
                    "model.zip",
                    out -> {
                      throw new IOException("No space left on device");
                    }))
        .isInstanceOf(IOException.class)
        .hasMessage(
            "cannot write %s: No space left on device"
                .formatted(directory.resolve("runs/mlp-20261123-181502/model.zip")));
  }

  private RunDirectory create(String output, String name) {
    return RunDirectory.create(directory.resolve(output).toString(), name, STARTED);
  }
}
