package dev.lockstep.benchmarks.contender;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lockstep.benchmarks.contender.Run.Point;
import dev.lockstep.spark.cli.Main;
import dev.lockstep.yaml.Section;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.concurrent.TimeUnit;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Lockstep as a user runs it: the command {@code lockstep train} in a process of its own, with
 * nothing warm. Takes tasks on the whole of MNIST, which it reads itself.
 */
public record LockstepCommand(int workers) implements Contender {
  private static final long TIMEOUT_MINUTES = 30;

  @Override
  public String name() {
    return "`lockstep train`, %s".formatted(workers == 1 ? "1 worker" : workers + " workers");
  }

  @Override
  public String note() {
    return "Each `lockstep train` is a process of its own that has not trained before. The seconds of"
        + " training are those of its epochs; those of the command are from the start of the process"
        + " to its end: Java, Spark, reading MNIST, evaluating and writing the run directory too.";
  }

  @Override
  public Run train(Task task) throws InterruptedException {
    try {
      Path folder = Files.createTempDirectory("lockstep-command");
      try {
        return train(task, folder);
      } finally {
        delete(folder);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Run train(Task task, Path folder) throws IOException, InterruptedException {
    Path configuration = folder.resolve("configuration.yaml");
    Files.writeString(configuration, Section.write(task.configuration().resolved()));
    long started = System.nanoTime();
    Path run = Path.of(lastLine(configuration, folder));
    double commandSeconds = (System.nanoTime() - started) * 1e-9;
    ObjectNode history = json(run.resolve("history.json"));
    ObjectNode metrics = json(run.resolve("metrics.json"));
    return new Run(
        (long) numbers(history.path("examples")).sum(),
        curve(history),
        metrics.path("test.accuracy").asDouble(Double.NaN),
        Optional.empty(),
        Optional.empty(),
        OptionalDouble.of(commandSeconds));
  }

  private static ObjectNode json(Path file) throws IOException {
    return Section.tree(file.toString(), Files.readString(file));
  }

  private static List<Point> curve(ObjectNode history) {
    List<Point> curve = new ArrayList<>();
    double seconds = 0;
    for (int epoch = 0; epoch < history.path("seconds").size(); epoch++) {
      seconds += history.path("seconds").path(epoch).asDouble();
      curve.add(new Point(seconds, history.path("val_accuracy").path(epoch).asDouble(Double.NaN)));
    }
    return curve;
  }

  private static DoubleStream numbers(JsonNode array) {
    return IntStream.range(0, array.size()).mapToDouble(i -> array.path(i).asDouble());
  }

  /** Runs the command and gives the last line of its output, where its run directory is. */
  private String lastLine(Path configuration, Path folder)
      throws IOException, InterruptedException {
    Path output = folder.resolve("output.txt");
    Process process =
        new ProcessBuilder(command(configuration, folder))
            .redirectOutput(output.toFile())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try {
      if (!process.waitFor(TIMEOUT_MINUTES, TimeUnit.MINUTES)) {
        throw failed("it took more than %d minutes".formatted(TIMEOUT_MINUTES));
      }
    } finally {
      process.destroyForcibly();
    }
    if (process.exitValue() != 0) {
      throw failed("it ended with exit code %d".formatted(process.exitValue()));
    }
    List<String> lines = Files.readAllLines(output);
    return lines.get(lines.size() - 1);
  }

  private IllegalStateException failed(String how) {
    return new IllegalStateException(
        "%s was not measured: %s; its own messages are above".formatted(name(), how));
  }

  /** With this process' own options for Java. */
  private List<String> command(Path configuration, Path folder) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
        .filter(option -> !option.startsWith("-javaagent"))
        .forEach(command::add);
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), Main.class.getName()));
    command.addAll(List.of("train", "--config", configuration.toString()));
    command.addAll(List.of("--master", "local[%d,4]".formatted(workers)));
    command.addAll(List.of("--workers", Integer.toString(workers)));
    command.addAll(List.of("--output", folder.resolve("runs").toString()));
    return command;
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
