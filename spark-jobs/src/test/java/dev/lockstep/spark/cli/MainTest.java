package dev.lockstep.spark.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.spark.job.StoppedException;
import dev.lockstep.yaml.ConfigurationException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import org.apache.spark.SparkConf;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;
import picocli.CommandLine.Command;

class MainTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "train",
        "cross-validate",
        "evaluate",
        "predict",
        "export",
        "import",
        "describe",
        "report",
        "retrain",
        "models"
      })
  void everyCommandHelpsWithExitCodes(String command) {
    Invocation given =
        Invocation.of(
            command.isEmpty() ? new String[] {"--help"} : new String[] {command, "--help"});

    assertThat(given.exitCode()).isZero();
    assertThat(String.join("\n", given.out())).contains("Usage: lockstep").contains("Exit codes:");
    assertThat(
            given.out().stream().anyMatch(line -> line.startsWith("  lockstep " + command + " ")))
        .as("has an example")
        .isEqualTo(!command.isEmpty());
  }

  @Test
  void theVersionNamesWhatItIsMadeOf() {
    assertThat(Invocation.of("--version").out())
        .anyMatch(line -> line.matches("lockstep \\d.*"))
        .anyMatch(line -> line.startsWith("Spark 3.5."))
        .contains("DL4J 1.0.0-M2")
        .anyMatch(line -> line.startsWith("Java "));
  }

  @Test
  void describeListsLayersShapesAndParameters() {
    Invocation given = Invocation.of("describe", "--network", "mlp-512");

    assertThat(given.exitCode()).isZero();
    assertThat(given.out())
        .contains("engine  fused")
        .contains("1  dense    512        401,920  512 units, relu")
        .contains("2  dropout  512              0  rate 0.3")
        .contains("3  dense    10           5,130  10 units, softmax")
        .contains("parameters    407,050 (1.6 MB)");
  }

  @Test
  void describeSaysWhyTheEngineIsWhatItIs() {
    String lstm = "engine  dl4j (fused does not know layer 1 (lstm))";
    assertThat(Invocation.of("describe", "--network", "lstm-rows").out()).contains(lstm);
    assertThat(describe("engine=dl4j").out()).contains("engine  dl4j (as configured)");
    assertThat(describe("engine=fused").out()).contains("engine  fused (as configured)");
  }

  @Test
  void describePrintsNothingOfANetworkThatItsEngineCannotTake() {
    Invocation refused = describe("network=lstm-rows", "engine=fused");

    assertThat(refused.exitCode()).isEqualTo(2);
    assertThat(refused.out()).isEmpty();
    assertThat(refused.err()).contains("it does not know layer 1 (lstm)");
  }

  private static Invocation describe(String... settings) {
    List<String> arguments =
        new ArrayList<>(List.of("describe", "--config", "../conf/mnist-mlp.yaml"));
    for (String setting : settings) {
      arguments.addAll(List.of("--set", setting));
    }
    return Invocation.of(arguments.toArray(String[]::new));
  }

  @Test
  void describeFitsTheNetworkToTheShapeItIsGiven() {
    Invocation given = Invocation.of("describe", "--network", "lstm-rows", "--input", "20x30x3");

    assertThat(given.exitCode()).isZero();
    assertThat(given.out()).contains("input   20 x 30 x 3, 10 classes");
  }

  @Test
  void aFailureIsOneMessageWithItsRootCause() {
    Exception failure =
        new IllegalStateException("outer", new RuntimeException("the disk is full\nand more"));

    assertThat(handled(false, failure))
        .isEqualTo(
            "1 lockstep: failed: the disk is full (RuntimeException); --stacktrace shows where\n");
    assertThat(handled(true, failure))
        .startsWith("1 lockstep: failed: the disk is full (RuntimeException)\n")
        .contains("\tat ");
  }

  @Test
  void anErrorOfTheMachineIsOneMessageToo() {
    assertThat(ended(new OutOfMemoryError("Java heap space")))
        .isEqualTo(
            "1 lockstep: out of memory: Java heap space; give the process more: -Xmx,"
                + " -XX:MaxDirectMemorySize, or -Dorg.bytedeco.javacpp.maxbytes and"
                + " .maxphysicalbytes (in LOCKSTEP_JAVA_OPTS, or --driver-memory and"
                + " --driver-java-options of spark-submit)\n");
    assertThat(ended(new UnsatisfiedLinkError("no jnind4jcpu in java.library.path")))
        .isEqualTo(
            "1 lockstep: a native library cannot be loaded: no jnind4jcpu in java.library.path;"
                + " build for this machine, with -Djavacpp.platform=<platform>\n");
    assertThat(ended(new NoClassDefFoundError("org/apache/Missing")))
        .isEqualTo(
            "1 lockstep: Java cannot load a class that this program needs:"
                + " java.lang.NoClassDefFoundError: org/apache/Missing; its jars are not those it"
                + " was built with, build it again or take the whole distribution; --stacktrace"
                + " shows where\n");
    assertThat(ended(new StackOverflowError()))
        .isEqualTo(
            "1 lockstep: failed: no message (StackOverflowError); --stacktrace shows where\n");
  }

  /** What a command that ends with {@code error} says and exits with. */
  private static String ended(Error error) {
    StringWriter err = new StringWriter();
    Failures failures = new Failures(() -> false);
    CommandLine command =
        Main.commandLine(new Ending(error), failures).setErr(new PrintWriter(err, true));
    return command.execute() + " " + err.toString().replace("\r\n", "\n");
  }

  @Command(name = "lockstep")
  private record Ending(Error error) implements Runnable {
    @Override
    public void run() {
      throw error;
    }
  }

  @Test
  void aMistakeThatATaskFoundIsStillAMistake() {
    assertThat(
            handled(
                false,
                new IllegalStateException(
                    new ConfigurationException("what would be right", new RuntimeException()))))
        .isEqualTo("2 lockstep: what would be right\n");
  }

  @Test
  void anInterruptionHasTheShellsExitCode() {
    assertThat(handled(false, new RuntimeException(new CancellationException())))
        .isEqualTo("130 lockstep: interrupted\n");
  }

  @Test
  void afterACheckpointTheNextLineSaysHowToGoOn() {
    RuntimeException cause = new IllegalStateException("the worker is lost");

    assertThat(handled(false, new StoppedException("to go on: lockstep train --resume a", cause)))
        .isEqualTo(
            "1 lockstep: failed: the worker is lost (IllegalStateException); --stacktrace shows"
                + " where\nto go on: lockstep train --resume a\n");
  }

  private static String handled(boolean stacktrace, Exception failure) {
    StringWriter err = new StringWriter();
    CommandLine command = new CommandLine(new Main()).setErr(new PrintWriter(err, true));
    int exitCode = new Failures(() -> stacktrace).handleExecutionException(failure, command, null);
    return exitCode + " " + err.toString().replace("\r\n", "\n");
  }

  @Test
  void aLocalSparkListensOnTheLoopbackAddressOnly() {
    SparkConf settings = settings(new SparkConf(false));

    assertThat(settings.get("spark.master")).isEqualTo("local[*,4]");
    assertThat(settings.get("spark.driver.host")).isEqualTo("127.0.0.1");
    assertThat(settings.get("spark.driver.bindAddress")).isEqualTo("127.0.0.1");
    assertThat(settings.get("spark.ui.showConsoleProgress")).isEqualTo("false");
    assertThat(settings.get("spark.app.name")).isEqualTo("name");
  }

  @Test
  void sparksOwnSettingsStayAsTheyAre() {
    SparkConf submitted =
        new SparkConf(false)
            .setMaster("spark://localhost:7077")
            .set("spark.app.name", "mine")
            .set("spark.ui.showConsoleProgress", "true");
    SparkConf settings = settings(submitted);

    assertThat(settings.get("spark.master")).isEqualTo("spark://localhost:7077");
    assertThat(settings.get("spark.app.name")).isEqualTo("mine");
    assertThat(settings.get("spark.ui.showConsoleProgress")).isEqualTo("true");
    assertThat(settings.contains("spark.driver.host")).isFalse();
    assertThat(settings(submitted, "--master", "local[3]").get("spark.master"))
        .isEqualTo("local[3]");
  }

  @Test
  void aDriverOnTheClusterWritesNoResultsToItsOwnDirectory() {
    System.setProperty("spark.submit.deployMode", "cluster");
    try {
      Invocation given = Invocation.of("train", "--config", "none.yaml", "--output", "runs");

      assertThat(given.exitCode()).isEqualTo(2);
      assertThat(given.err())
          .contains("--output is 'runs', in the current directory of the driver")
          .contains("such as hdfs://<host>/runs");
      assertThat(Invocation.of("train", "--config", "none.yaml", "--output", "/runs").err())
          .contains("none.yaml: there is no such file");
    } finally {
      System.clearProperty("spark.submit.deployMode");
    }
  }

  private static SparkConf settings(SparkConf given, String... arguments) {
    SparkOptions options = new SparkOptions();
    CommandLine.populateCommand(options, arguments);
    return options.settings(given, "name");
  }

  @Test
  void aSettingOfOursThatDoesNotExistIsRefusedWithTheNearestOneThatDoes() {
    SparkConf written = new SparkConf(false).set("spark.lockstep.prot", "4711");

    assertThatThrownBy(() -> new SparkOptions().settings(written, "test"))
        .isInstanceOf(ConfigurationException.class)
        .hasMessage(
            "spark.lockstep.prot is not a setting; known are spark.lockstep.port, spark.lockstep.storageTimeout, spark.lockstep.leaseTimeout; did you mean 'spark.lockstep.port'?");
  }

  @Test
  void aTimeOfOursThatIsNoneIsRefusedBeforeAnythingElse() {
    SparkConf written = new SparkConf(false).set("spark.lockstep.leaseTimeout", "soon");

    assertThatThrownBy(() -> new SparkOptions().settings(written, "test"))
        .isInstanceOf(ConfigurationException.class)
        .hasMessage(
            "spark.lockstep.leaseTimeout is 'soon' but must be a time of at least 1s, such as 30s or 10min");
  }
}
