package dev.lockstep.benchmarks.contender;

import dev.lockstep.benchmarks.rival.Answer;
import dev.lockstep.benchmarks.rival.Assignment;
import dev.lockstep.benchmarks.rival.PyTorch;
import dev.lockstep.benchmarks.rival.TensorFlow;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A rival in a process of its own, one a training: it first trains a few batches that are not
 * counted, and ends with the training. Takes tasks without validation and test.
 *
 * @param before what stands before this process' class path
 * @param environment variables on top of this process' own
 * @param options for Java
 * @param main the class that is started
 * @param threads its argument
 */
public record ForkedContender(
    String name,
    String note,
    List<Path> before,
    Map<String, String> environment,
    List<String> options,
    Class<?> main,
    int threads)
    implements Contender {
  private static final int WARM_UP_BATCHES = 50;
  private static final long TIMEOUT_SECONDS = 240;
  private static final int MOST_OUTPUT = 1 << 16;
  private static final String LOGGING = "log4j2.configurationFile";

  /** TensorFlow with so many threads inside an operation. */
  public static ForkedContender tensorFlow(int threads) {
    return new ForkedContender(
        "TensorFlow, " + threads(threads),
        "TensorFlow for Java runs a graph in a `Session`, in a process of its own; its batches lie"
            + " ready as tensors before its clock starts; the threads are those inside an operation.",
        List.of(built().resolveSibling("tensorflow").resolve("javacpp.jar")),
        Map.of("TF_CPP_MIN_LOG_LEVEL", "1"),
        List.of(),
        TensorFlow.class,
        threads);
  }

  /** PyTorch with so many threads inside an operation. */
  public static ForkedContender pyTorch(int threads) {
    return new ForkedContender(
        "PyTorch by DJL, " + threads(threads),
        "PyTorch trains with the blocks and the trainer of the Deep Java Library, in a process of its"
            + " own; its batches lie ready as arrays before its clock starts; RMSProp, which DJL does"
            + " not have for PyTorch, is made of operations in place, and Adam is DJL's.",
        List.of(),
        // Threads that spin while they wait stand in each other's way where other processes run.
        Map.of("OMP_WAIT_POLICY", "passive", "OMP_NUM_THREADS", Integer.toString(threads)),
        List.of("-DDJL_CACHE_DIR=" + built().resolveSibling("djl")),
        PyTorch.class,
        threads);
  }

  private static String threads(int threads) {
    return threads == 1 ? "1 thread" : threads + " threads";
  }

  /** Where this module's classes are; what the build made for the rivals lies beside them. */
  private static Path built() {
    try {
      return Path.of(
          ForkedContender.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException("the class path has an entry that is no path", e);
    }
  }

  @Override
  public Run train(Task task) throws InterruptedException {
    if (task.data().split().validation().length > 0 || task.data().test().size() > 0) {
      throw new IllegalArgumentException(name + " cannot be evaluated, only timed");
    }
    int examples = task.data().split().training().length;
    int few = Math.min(examples, WARM_UP_BATCHES * task.plan().batchSize());
    List<Answer> answers =
        answers(
            Stream.of(few, examples)
                .map(count -> new Assignment(count, task.configuration()).line() + "\n")
                .collect(Collectors.joining()));
    Answer measured = answers.get(1);
    return Run.timed(measured.examples(), measured.seconds());
  }

  private List<Answer> answers(String assignments) throws InterruptedException {
    Process process = start();
    try {
      CompletableFuture<String> output = CompletableFuture.supplyAsync(() -> output(process));
      try (Writer in = process.outputWriter(StandardCharsets.UTF_8)) {
        in.write(assignments);
      }
      List<Answer> answers =
          output
              .get(TIMEOUT_SECONDS, TimeUnit.SECONDS)
              .lines()
              .filter(Answer::is)
              .map(Answer::of)
              .toList();
      if (answers.size() != 2) {
        throw failed("it gave %d answers to 2 assignments".formatted(answers.size()), null);
      }
      return answers;
    } catch (IOException | ExecutionException e) {
      throw failed("it broke off", e);
    } catch (TimeoutException e) {
      throw failed("it took more than %d s".formatted(TIMEOUT_SECONDS), e);
    } finally {
      process.destroyForcibly();
    }
  }

  private IllegalStateException failed(String how, Exception cause) {
    return new IllegalStateException(
        "%s was not measured: %s; its own messages are above".formatted(name, how), cause);
  }

  private static String output(Process process) {
    try (InputStream out = process.getInputStream()) {
      return new String(out.readNBytes(MOST_OUTPUT), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Process start() {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-Xmx2g");
    if (System.getProperty(LOGGING) != null) {
      command.add("-D" + LOGGING + "=" + System.getProperty(LOGGING));
    }
    command.addAll(options);
    command.add("-cp");
    command.add(
        Stream.concat(
                before.stream().map(Path::toString),
                Stream.of(System.getProperty("java.class.path")))
            .collect(Collectors.joining(File.pathSeparator)));
    command.add(main.getName());
    command.add(Integer.toString(threads));
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
    builder.environment().putAll(environment);
    try {
      return builder.start();
    } catch (IOException e) {
      throw failed("Java could not be started", e);
    }
  }
}
