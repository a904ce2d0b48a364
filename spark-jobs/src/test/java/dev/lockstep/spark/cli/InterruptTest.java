package dev.lockstep.spark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Ctrl-C while a process of its own is training. */
class InterruptTest {
  @TempDir Path directory;

  @Test
  @EnabledOnOs(OS.LINUX)
  void endsWithinSecondsWithoutAStackTraceAndWithoutAManifest() throws Exception {
    Path configuration = SmallMnist.configuration(SmallMnist.write(directory));
    Path err = directory.resolve("err");
    Process training =
        new ProcessBuilder(command(configuration)).redirectError(err.toFile()).start();
    try (BufferedReader out = training.inputReader(StandardCharsets.UTF_8)) {
      assertThat(out.readLine()).startsWith("Epoch 1/100000");
      new ProcessBuilder("kill", "-INT", Long.toString(training.pid())).start().waitFor();

      assertThat(training.waitFor(10, TimeUnit.SECONDS)).isTrue();
      assertThat(training.exitValue()).isEqualTo(130);
      assertThat(out.lines()).allMatch(line -> line.startsWith("Epoch "));
      assertThat(Files.readString(err, StandardCharsets.UTF_8)).doesNotContain("\tat ");
      assertThat(filesOfTheRun()).containsExactly("configuration.yaml");
    } finally {
      training.destroyForcibly();
    }
  }

  /** A shell in the background lets its children ignore SIGINT, which env takes back. */
  private List<String> command(Path configuration) {
    List<String> command =
        new ArrayList<>(
            List.of(
                "env",
                "--default-signal=INT",
                Path.of(System.getProperty("java.home"), "bin", "java").toString()));
    ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
        .filter(argument -> !argument.startsWith("-javaagent") && !argument.startsWith("-agent"))
        .forEach(command::add);
    command.addAll(
        List.of(
            "-cp",
            System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
            Main.class.getName(),
            "train",
            "--config",
            configuration.toString(),
            "--set",
            "training.epochs=100000",
            "--master",
            "local[2]",
            "--output",
            directory.resolve("runs").toString()));
    return command;
  }

  private List<String> filesOfTheRun() throws IOException {
    try (Stream<Path> runs = Files.list(directory.resolve("runs"));
        Stream<Path> files = Files.list(runs.findFirst().orElseThrow())) {
      return files.map(file -> file.getFileName().toString()).toList();
    }
  }
}
