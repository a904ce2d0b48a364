package dev.lockstep.spark.cli;

import java.io.File;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.spi.ToolProvider;
import java.util.stream.Stream;

/** {@code lockstep} in a process of its own, which may be interrupted or killed. */
final class TrainingProcess {
  private TrainingProcess() {}

  /** A shell in the background lets its children ignore SIGINT, which env takes back. */
  static Process start(Path err, List<String> arguments) throws IOException {
    return start(err, List.of(), arguments);
  }

  /**
   * As the other, with further {@code options} of Java, which win over those of this process. It
   * does not verify its classes, as the JVM of this process does.
   */
  static Process start(Path err, List<String> options, List<String> arguments) throws IOException {
    return start(err, Redirect.PIPE, options, arguments);
  }

  /** As the other, with its results going to {@code out}. */
  static Process start(Path err, Redirect out, List<String> options, List<String> arguments)
      throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of(
                "env",
                "--default-signal=INT",
                Path.of(System.getProperty("java.home"), "bin", "java").toString()));
    ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
        .filter(argument -> !argument.startsWith("-javaagent") && !argument.startsWith("-agent"))
        .forEach(command::add);
    command.addAll(List.of("-XX:+UnlockDiagnosticVMOptions", "-XX:-BytecodeVerificationRemote"));
    command.addAll(List.of("-cp", classPath()));
    command.addAll(options);
    command.add(Main.class.getName());
    command.addAll(arguments);
    return new ProcessBuilder(command).redirectError(err.toFile()).redirectOutput(out).start();
  }

  private static String classPath() {
    return System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
  }

  /**
   * Runs the command once, and keeps the classes that it has loaded.
   *
   * @param directory receives them
   * @return options of Java with which such a command starts in two thirds of the time
   */
  static List<String> archiveClasses(Path directory, List<String> options, List<String> arguments)
      throws Exception {
    Path archive = directory.resolve("classes.jsa");
    List<String> jars = List.of("-cp", jars(directory));
    Path err = directory.resolve("classes.err");
    List<String> archiving = List.of("-Xlog:disable", "-XX:ArchiveClassesAtExit=" + archive);
    Process process =
        start(err, Stream.of(options, jars, archiving).flatMap(List::stream).toList(), arguments);
    if (process.waitFor() != 0 || !Files.exists(archive)) {
      throw new IllegalStateException("no classes were archived: " + text(err));
    }
    List<String> archived = List.of("-Xlog:disable", "-XX:SharedArchiveFile=" + archive);
    return Stream.of(options, jars, archived).flatMap(List::stream).toList();
  }

  /** The class path with its directories as jars, from which alone Java archives classes. */
  private static String jars(Path directory) {
    List<String> entries = new ArrayList<>();
    for (String entry : classPath().split(File.pathSeparator)) {
      Path jar = directory.resolve("classes-%d.jar".formatted(entries.size()));
      if (Files.isDirectory(Path.of(entry))) {
        ToolProvider.findFirst("jar")
            .orElseThrow()
            .run(System.err, System.err, "-c", "-0", "-f", jar.toString(), "-C", entry, ".");
        entries.add(jar.toString());
      } else if (Files.exists(Path.of(entry))) {
        entries.add(entry);
      }
    }
    return String.join(File.pathSeparator, entries);
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
