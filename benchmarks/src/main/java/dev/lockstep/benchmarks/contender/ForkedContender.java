package dev.lockstep.benchmarks.contender;

import dev.lockstep.benchmarks.rival.Answer;
import dev.lockstep.benchmarks.rival.Assignment;
import dev.lockstep.benchmarks.rival.PyTorch;
import dev.lockstep.benchmarks.rival.TensorFlow;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
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
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A rival in a process of its own, which starts with the first training and stays until {@link
 * #close}: what it trains first warms it up for all that comes after. Takes tasks without
 * validation and test. Belongs to one thread.
 */
public final class ForkedContender implements Contender {
  private static final Logger LOG = LoggerFactory.getLogger(ForkedContender.class);
  private static final long TIMEOUT_SECONDS = 240;
  private static final long END_SECONDS = 10;
  private static final int LONGEST_LINE = 1 << 16;
  private static final String LOGGING = "log4j2.configurationFile";
  private static final String WAITING = "OMP_WAIT_POLICY";

  private final String name;
  private final String note;
  private final List<Path> before;
  private final Map<String, String> environment;
  private final List<String> options;
  private final Class<?> main;
  private final int threads;
  private Process process;
  private InputStream answers;

  /**
   * A rival that has not started.
   *
   * @param before what stands before this process' class path
   * @param environment variables on top of this process' own
   * @param options for Java
   * @param main the class that is started
   * @param threads its argument
   */
  private ForkedContender(
      String name,
      String note,
      List<Path> before,
      Map<String, String> environment,
      List<String> options,
      Class<?> main,
      int threads) {
    this.name = name;
    this.note = note;
    this.before = before;
    this.environment = environment;
    this.options = options;
    this.main = main;
    this.threads = threads;
  }

  /** TensorFlow with so many threads inside an operation. */
  public static ForkedContender tensorFlow(int threads) {
    return new ForkedContender(
        "TensorFlow, " + threads(threads),
        "TensorFlow for Java runs a graph in a `Session`, in a process of its own that stays for all"
            + " measurements; before its clock starts its batches lie ready as tensors, and the graph"
            + " has made a step and has its first parameters again; the threads are those inside an"
            + " operation.",
        List.of(built().resolveSibling("tensorflow").resolve("javacpp.jar")),
        Map.of("TF_CPP_MIN_LOG_LEVEL", "1"),
        List.of(),
        TensorFlow.class,
        threads);
  }

  /**
   * PyTorch with so many threads inside an operation. How they wait is passive unless the
   * environment of this process says otherwise: threads that spin stand in each other's way where
   * other processes run.
   */
  public static ForkedContender pyTorch(int threads) {
    String waiting = System.getenv().getOrDefault(WAITING, "passive");
    return new ForkedContender(
        "PyTorch by DJL, " + threads(threads),
        ("PyTorch trains with the blocks and the trainer of the Deep Java Library, in a process of its"
                + " own that stays for all measurements, with %s=%s; its batches lie ready as arrays"
                + " before its clock starts; RMSProp, which DJL does not have for PyTorch, is made of"
                + " operations in place, and Adam is DJL's.")
            .formatted(WAITING, waiting),
        List.of(),
        Map.of(WAITING, waiting, "OMP_NUM_THREADS", Integer.toString(threads)),
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
  public String name() {
    return name;
  }

  @Override
  public String note() {
    return note;
  }

  @Override
  public Run train(Task task) throws InterruptedException {
    if (task.data().split().validation().length > 0 || task.data().test().size() > 0) {
      throw new IllegalArgumentException(name + " cannot be evaluated, only timed");
    }
    Assignment assignment =
        new Assignment(task.data().split().training().length, task.configuration());
    if (process == null) {
      start();
    }
    CompletableFuture<Answer> answer = CompletableFuture.supplyAsync(this::answer);
    try {
      OutputStream assignments = process.getOutputStream();
      assignments.write((assignment.line() + "\n").getBytes(StandardCharsets.UTF_8));
      assignments.flush();
      Answer measured = answer.get(TIMEOUT_SECONDS, TimeUnit.SECONDS);
      return Run.timed(measured.examples(), measured.seconds());
    } catch (IOException | ExecutionException e) {
      throw failed("it broke off", e);
    } catch (TimeoutException e) {
      throw failed("it took more than %d s".formatted(TIMEOUT_SECONDS), e);
    }
  }

  /** The next answer; native libraries may write other lines before it. */
  private Answer answer() {
    try {
      String line = line();
      while (!Answer.is(line)) {
        line = line();
      }
      return Answer.of(line);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private String line() throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    for (int c = answers.read(); c != '\n'; c = answers.read()) {
      if (c < 0 || line.size() == LONGEST_LINE) {
        throw new IOException(c < 0 ? "it has ended" : "a line of its output does not end");
      }
      line.write(c);
    }
    return line.toString(StandardCharsets.UTF_8);
  }

  private IllegalStateException failed(String how, Exception cause) {
    return new IllegalStateException(
        "%s was not measured: %s; its own messages are above".formatted(name, how), cause);
  }

  private void start() {
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
      process = builder.start();
    } catch (IOException e) {
      throw failed("Java could not be started", e);
    }
    answers = new BufferedInputStream(process.getInputStream());
  }

  /** Ends the process, which ends by itself when it is given nothing more. */
  @Override
  public void close() {
    if (process == null) {
      return;
    }
    try {
      process.getOutputStream().close();
      process.waitFor(END_SECONDS, TimeUnit.SECONDS);
    } catch (IOException e) {
      LOG.debug("{} has ended already", name, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      process.destroyForcibly();
    }
  }
}
