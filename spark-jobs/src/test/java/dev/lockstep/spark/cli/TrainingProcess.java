package dev.lockstep.spark.cli;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** {@code lockstep} in a process of its own, which may be interrupted or killed. */
final class TrainingProcess {
  private TrainingProcess() {}

  /** A shell in the background lets its children ignore SIGINT, which env takes back. */
  static Process start(Path err, List<String> arguments) throws IOException {
    return start(err, List.of(), arguments);
  }

  /** As the other, with further {@code options} of Java. */
  static Process start(Path err, List<String> options, List<String> arguments) throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of(
                "env",
                "--default-signal=INT",
                Path.of(System.getProperty("java.home"), "bin", "java").toString()));
    ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
        .filter(argument -> !argument.startsWith("-javaagent") && !argument.startsWith("-agent"))
        .forEach(command::add);
    command.addAll(options);
    command.addAll(
        List.of(
            "-cp",
            System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
            Main.class.getName()));
    command.addAll(arguments);
    return new ProcessBuilder(command).redirectError(err.toFile()).start();
  }

  /** What it wrote to standard error. */
  static String text(Path err) throws IOException {
    return Files.readString(err, StandardCharsets.UTF_8);
  }

  /** The one directory in {@code runs}. */
  static Path run(Path runs) throws IOException {
    try (Stream<Path> all = Files.list(runs)) {
      return all.findFirst().orElseThrow();
    }
  }
}
