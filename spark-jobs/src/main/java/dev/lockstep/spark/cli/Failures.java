package dev.lockstep.spark.cli;

import dev.lockstep.spark.job.RunEndedException;
import dev.lockstep.spark.job.StoppedException;
import dev.lockstep.spark.registry.LeaseException;
import dev.lockstep.yaml.ConfigurationException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import picocli.CommandLine;
import picocli.CommandLine.ExecutionException;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.IExecutionStrategy;
import picocli.CommandLine.IParameterExceptionHandler;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.RunLast;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * Tells a user in one message what went wrong, or that nothing is left to do, and gives the exit
 * code.
 */
final class Failures
    implements IExecutionStrategy, IParameterExceptionHandler, IExecutionExceptionHandler {
  /** The exit code of a command that could not do its work. */
  static final int FAILED = 1;

  private static final int DONE = 0;
  private static final int MISTAKEN = 2;
  private static final int HELD = 12;
  private static final int INTERRUPTED = 130;

  private final BooleanSupplier stacktrace;

  /** Failures whose stack traces are printed if {@code stacktrace} says so by then. */
  Failures(BooleanSupplier stacktrace) {
    this.stacktrace = stacktrace;
  }

  /** Runs the command that was given last; what is no Exception is told like one. */
  @Override
  public int execute(ParseResult parsed) {
    try {
      return new RunLast().execute(parsed);
    } catch (Error e) {
      List<CommandLine> commands = parsed.asCommandLineList();
      throw new ExecutionException(commands.get(commands.size() - 1), e.toString(), e);
    }
  }

  @Override
  public int handleParseException(ParameterException error, String[] arguments) {
    CommandLine command = error.getCommandLine();
    String name = command.getCommandSpec().qualifiedName();
    PrintWriter err = command.getErr();
    err.println(name + ": " + error.getMessage());
    UnmatchedArgumentException.printSuggestions(error, err);
    err.println("'" + name + " --help' says more");
    printStackTrace(error, err);
    return MISTAKEN;
  }

  @Override
  public int handleExecutionException(Exception error, CommandLine command, ParseResult parsed) {
    if (error instanceof RunEndedException ended) {
      command.getOut().println(ended.getMessage());
      command.getOut().println(ended.run());
      return DONE;
    }
    PrintWriter err = command.getErr();
    err.println(command.getCommandSpec().qualifiedName() + ": " + message(error));
    causes(error)
        .filter(each -> each instanceof StoppedException stopped && !stopped.logged())
        .forEach(each -> err.println(each.getMessage()));
    printStackTrace(error, err);
    return exitCode(error);
  }

  private String message(Throwable error) {
    Throwable known = known(error);
    if (known instanceof ConfigurationException || known instanceof LeaseException) {
      return known.getMessage();
    }
    if (known instanceof CancellationException) {
      return "interrupted";
    }
    if (known instanceof OutOfMemoryError) {
      return ("out of memory: %s; give the process more: -Xmx, -XX:MaxDirectMemorySize, or"
              + " -Dorg.bytedeco.javacpp.maxbytes and .maxphysicalbytes (in LOCKSTEP_JAVA_OPTS, or"
              + " --driver-memory and --driver-java-options of spark-submit)")
          .formatted(known.getMessage());
    }
    if (known instanceof UnsatisfiedLinkError) {
      return "a native library cannot be loaded: %s; build for this machine, with -Djavacpp.platform=<platform>"
          .formatted(known.getMessage());
    }
    Optional<Throwable> linkage = causes(error).filter(LinkageError.class::isInstance).findFirst();
    if (linkage.isPresent()) {
      return "Java cannot load a class that this program needs: %s; its jars are not those it was built with, build it again or take the whole distribution%s"
          .formatted(linkage.get(), whereItHappened());
    }
    Optional<String> told = told(error);
    if (told.isPresent()) {
      return "failed: %s%s".formatted(told.get(), whereItHappened());
    }
    Throwable root = known;
    String said = root.getMessage() == null ? "" : root.getMessage().lines().findFirst().orElse("");
    return "failed: %s (%s)%s"
        .formatted(
            said.isBlank() ? "no message" : said,
            root.getClass().getSimpleName(),
            whereItHappened());
  }

  /** In one sentence without advice, for those who are told by machines. */
  static String sentence(Throwable error) {
    Throwable known = known(error);
    return isToldAsItIs(known)
        ? known.getMessage()
        : told(error).orElse(String.valueOf(known.getMessage()));
  }

  private static boolean isToldAsItIs(Throwable error) {
    return error instanceof ConfigurationException
        || error instanceof LeaseException
        || error instanceof CancellationException;
  }

  /** What is said of a file that could not be read or written, if that says more than its cause. */
  private static Optional<String> told(Throwable error) {
    return causes(error)
        .filter(each -> each instanceof UncheckedIOException unchecked && tells(unchecked))
        .map(each -> each.getMessage().lines().findFirst().orElse(""))
        .findFirst();
  }

  private static boolean tells(UncheckedIOException error) {
    String message = error.getMessage();
    return message != null
        && !message.equals(error.getCause().toString())
        && !message.equals(error.getCause().getMessage());
  }

  private String whereItHappened() {
    return stacktrace.getAsBoolean() ? "" : "; --stacktrace shows where";
  }

  /** The exit code of a command that {@code error} ended. */
  static int exitCode(Throwable error) {
    Throwable known = known(error);
    if (known instanceof ConfigurationException) {
      return MISTAKEN;
    }
    if (known instanceof LeaseException) {
      return HELD;
    }
    return known instanceof CancellationException ? INTERRUPTED : FAILED;
  }

  /** The first of the causes that says what to do, or else the one that began it. */
  static Throwable known(Throwable error) {
    Throwable root = error;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    return causes(error).filter(Failures::isToldAsItIs).findFirst().orElse(root);
  }

  private static Stream<Throwable> causes(Throwable error) {
    return Stream.iterate(error, each -> each != null, Throwable::getCause);
  }

  private void printStackTrace(Exception error, PrintWriter err) {
    if (stacktrace.getAsBoolean()) {
      error.printStackTrace(err);
    }
  }
}
