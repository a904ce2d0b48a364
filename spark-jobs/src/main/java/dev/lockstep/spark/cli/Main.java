package dev.lockstep.spark.cli;

import dev.lockstep.spark.job.Versions;
import dev.lockstep.spark.job.WatchedGang;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** The command {@code lockstep}. */
@Command(
    name = "lockstep",
    scope = ScopeType.INHERIT,
    header = "Trains neural networks on Apache Spark, data-parallel and in lockstep.",
    description = {
      "",
      "Results go to standard output, progress and messages to standard error.",
      "",
      "Options of Java stand in the variable LOCKSTEP_JAVA_OPTS, settings of Spark among them, such as"
          + " -Dspark.ui.enabled=false. With spark-submit both are its own options.",
      ""
    },
    synopsisSubcommandLabel = "COMMAND",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class,
    usageHelpWidth = 90,
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:done",
      "1:failed: one message says why, and --stacktrace where",
      "2:the command line, the configuration or a file cannot be used: one message says what would"
          + " be right",
      "12:another process is at this run, or has the registry's lease",
      "130:interrupted with Ctrl-C; 143: told to end (SIGTERM)",
      "141:done, but whoever read standard output has stopped before its end"
    },
    subcommands = {
      TrainCommand.class,
      CrossValidateCommand.class,
      EvaluateCommand.class,
      PredictCommand.class,
      ExportCommand.class,
      ImportCommand.class,
      RetrainCommand.class,
      ModelsCommand.class,
      ReportCommand.class,
      DescribeCommand.class
    })
public final class Main implements Runnable {
  private static final long LAST_WORDS_SECONDS = 8;

  /** As a shell has it of a program that SIGPIPE ends. */
  private static final int UNREAD = 128 + 13;

  @Spec private CommandSpec spec;

  @Option(
      names = "--stacktrace",
      scope = ScopeType.INHERIT,
      description = "After an error's message, print where it happened.")
  private boolean stacktrace;

  /**
   * Runs the command and exits with its code. After success it returns: YARN takes a driver in its
   * container that exits by itself for one that has failed.
   */
  public static void main(String[] arguments) {
    // Pictures of curves are drawn without a screen, also where there is one.
    System.setProperty("java.awt.headless", "true");
    CountDownLatch ended = new CountDownLatch(1);
    Runtime.getRuntime().addShutdownHook(new Thread(() -> awaitLastWords(ended), "last-words"));
    StandardOutput standard = new StandardOutput();
    PrintWriter out = writer(standard);
    int code;
    try {
      code = execute(out, writer(System.err), arguments);
      if (out.checkError() && code == 0) {
        code = unwritten(standard);
      }
    } finally {
      ended.countDown();
    }
    if (code != 0) {
      System.exit(code);
    }
  }

  /**
   * A command whose training Ctrl-C ends says how to go on, which takes longer than stopping Spark
   * may. Any other ends at once.
   */
  private static void awaitLastWords(CountDownLatch ended) {
    try {
      if (ended.getCount() > 0 && !WatchedGang.anyRuns()) {
        System.err.println("lockstep: interrupted");
        return;
      }
      ended.await(LAST_WORDS_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** What becomes of a command that has done its work, but could not print all of it. */
  private static int unwritten(StandardOutput standard) {
    if (standard.unread) {
      return UNREAD;
    }
    System.err.println("lockstep: standard output cannot be written to; results are lost");
    return Failures.FAILED;
  }

  /** Knows whether nobody reads it any more, as when {@code head} has seen enough. */
  private static final class StandardOutput extends FileOutputStream {
    private boolean unread;

    StandardOutput() {
      super(FileDescriptor.out);
    }

    @Override
    public synchronized void write(byte[] bytes, int from, int length) throws IOException {
      try {
        super.write(bytes, from, length);
      } catch (IOException e) {
        unread |= isPipe() || "Broken pipe".equals(e.getMessage());
        throw e;
      }
    }

    /** The system's words for what went wrong may be in any language. */
    private static boolean isPipe() {
      try {
        return Files.readSymbolicLink(Path.of("/proc/self/fd/1")).toString().startsWith("pipe:");
      } catch (IOException | UnsupportedOperationException e) {
        return false;
      }
    }
  }

  private static PrintWriter writer(OutputStream stream) {
    return new PrintWriter(stream, true, Charset.defaultCharset());
  }

  /**
   * Runs the command.
   *
   * @param out receives results
   * @param err receives messages
   * @return the exit code: 0, 1 after a failure, 2 after a mistake of the user's, 12 if another
   *     process has the lease of a registry or a run, 130 if interrupted
   */
  static int execute(PrintWriter out, PrintWriter err, String... arguments) {
    Main main = new Main();
    Failures failures = new Failures(() -> main.stacktrace);
    return commandLine(main, failures).setOut(out).setErr(err).execute(arguments);
  }

  /** The command of the annotated {@code program}, whatever ends it told by {@code failures}. */
  static CommandLine commandLine(Runnable program, Failures failures) {
    return new CommandLine(program)
        .setExecutionStrategy(failures)
        .setParameterExceptionHandler(failures)
        .setExecutionExceptionHandler(failures);
  }

  @Override
  public void run() {
    throw new ParameterException(
        spec.commandLine(),
        "which command? one of " + String.join(", ", spec.subcommands().keySet()));
  }

  /** What this program is made of. */
  static final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
      Versions versions = Versions.current();
      return new String[] {
        "lockstep " + versions.lockstep(),
        "Spark " + versions.spark(),
        "DL4J " + versions.dl4j(),
        "Java " + versions.java(),
        versions.os()
      };
    }
  }
}
