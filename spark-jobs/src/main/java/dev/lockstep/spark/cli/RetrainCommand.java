package dev.lockstep.spark.cli;

import dev.lockstep.config.Configuration;
import dev.lockstep.config.NetworkChoice;
import dev.lockstep.config.Retraining;
import dev.lockstep.spark.job.RetrainingJob;
import dev.lockstep.spark.job.RetrainingResult;
import dev.lockstep.spark.job.RetrainingResult.Decision;
import dev.lockstep.spark.registry.LeaseException;
import dev.lockstep.yaml.ConfigurationException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code lockstep retrain}. */
@Command(
    name = "retrain",
    header = "Trains a challenger on new data and promotes it if it is good enough.",
    description = {
      "",
      "Made to be started by a scheduler, as often as you like and by as many as like: one of them"
          + " works. Prints one line, a JSON object: decision, reason, version, champion, data,"
          + " metrics, exitCode.",
      ""
    },
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:a challenger was promoted or refused by the gate, or there was nothing to do",
      "1:failed: one message says why, and --stacktrace where",
      "2:the command line or the configuration cannot be used",
      "10:the gate refused the challenger, now or when it last saw these data, and"
          + " --fail-on-refusal was given",
      "11:the data cannot be read, are not what the configuration's retrain.data says, or were"
          + " changed during the training",
      "12:another process has the registry's lease",
      "130:interrupted with Ctrl-C; 143: told to end (SIGTERM)"
    },
    footer = {
      "",
      "Examples:",
      "  lockstep retrain --config conf/retrain.yaml",
      "  lockstep retrain --config conf/retrain.yaml --fail-on-refusal"
          + " --metrics-file /var/lib/node_exporter/retrain.prom"
    })
final class RetrainCommand implements Callable<Integer> {
  private static final Logger LOG = LoggerFactory.getLogger(RetrainCommand.class);
  private static final int GATE_REFUSED = 10;
  private static final int DATA_REFUSED = 11;

  @Spec private CommandSpec spec;
  @Mixin private SparkOptions spark;

  @Option(
      names = "--config",
      required = true,
      paramLabel = "FILE",
      description = "The configuration, a YAML file with a section retrain.")
  private String config;

  @Option(
      names = "--set",
      paramLabel = "KEY=VALUE",
      description =
          "Puts a value over the file's; may be repeated: --set retrain.gate.minimum.accuracy=0.95")
  private List<String> overrides = new ArrayList<>();

  @Option(
      names = "--workers",
      paramLabel = "N",
      description = "How many workers train: short for --set training.workers=N.")
  private Integer workers;

  @Option(
      names = "--fail-on-refusal",
      description =
          "Exit with "
              + GATE_REFUSED
              + " if the gate keeps the champion, again at each start until there are other data or"
              + " the version is promoted by hand.")
  private boolean failOnRefusal;

  @Option(
      names = "--metrics-file",
      paramLabel = "FILE",
      description =
          "Where to write how it went, for Prometheus' node exporter (a name that ends in .prom). A"
              + " run that meets the lease leaves it as it is.")
  private String metricsFile;

  @Option(
      names = "--webhook-file",
      paramLabel = "FILE",
      description =
          "A file that holds a URL, to which the JSON line is posted. A file, because such a URL is a"
              + " secret, and command lines are public.")
  private String webhookFile;

  private String name;
  private Optional<OutputFile> metrics = Optional.empty();
  private Optional<Webhook> webhook = Optional.empty();

  @Override
  public Integer call() {
    Instant started = Instant.now();
    name = NetworkChoice.fileName(config);
    RetrainingResult result;
    try {
      result = retrain();
    } catch (RuntimeException | Error e) {
      say(new RetrainSummary(name, failure(e), Failures.exitCode(e), started));
      throw e;
    }
    int code = exitCode(result);
    say(new RetrainSummary(name, result, code, started));
    return code;
  }

  /** Those who are to be told first, so that they are told of a mistake in the configuration. */
  private RetrainingResult retrain() {
    webhook = Optional.ofNullable(webhookFile).map(Webhook::read);
    metrics = Optional.ofNullable(metricsFile).map(RetrainCommand::metrics);
    if (workers != null) {
      overrides.add("training.workers=" + workers);
    }
    Configuration configuration = ConfigurationFile.read(config, overrides);
    name = configuration.name();
    Retraining retraining = ConfigurationFile.retraining(config, overrides);
    SparkOptions.requireLastingRegistry(retraining.registry());
    return run(new RetrainingJob(configuration, retraining));
  }

  private static OutputFile metrics(String path) {
    if (!path.endsWith(".prom")) {
      throw new ConfigurationException(
          "--metrics-file is '%s' but its name must end in .prom: Prometheus' node exporter reads no others"
              .formatted(path));
    }
    return OutputFile.of("--metrics-file", path);
  }

  /** Standard output is for the one line. */
  private RetrainingResult run(RetrainingJob job) {
    try (TrainingDisplay display = TrainingDisplay.of(spec.commandLine().getErr())) {
      return job.run(() -> spark.open("lockstep retrain " + name), display);
    } catch (IOException e) {
      throw new UncheckedIOException(e.getMessage(), e);
    }
  }

  /** A scheduler that tries again must not take a refusal of before for a success. */
  private int exitCode(RetrainingResult result) {
    if (result.decision() == Decision.DATA_REFUSED) {
      return DATA_REFUSED;
    }
    boolean reigns =
        result.champion().filter(entry -> entry.version() == result.version()).isPresent();
    boolean refused =
        result.decision() == Decision.REFUSED
            || !reigns && result.about().filter(version -> !version.promoted()).isPresent();
    return refused && failOnRefusal ? GATE_REFUSED : 0;
  }

  private static RetrainingResult failure(Throwable error) {
    Decision decision =
        Failures.known(error) instanceof LeaseException ? Decision.LEASE_HELD : Decision.FAILED;
    return new RetrainingResult(
        decision,
        Failures.sentence(error),
        List.of(),
        Optional.empty(),
        0,
        Optional.empty(),
        Optional.empty());
  }

  /** What has been decided stays decided, whether it can be told or not. */
  private void say(RetrainSummary summary) {
    String line = summary.toJson().toString();
    spec.commandLine().getOut().println(line);
    if (summary.result().decision() != Decision.LEASE_HELD) {
      metrics.ifPresent(file -> write(summary, file));
    }
    webhook.ifPresent(hook -> hook.post(line));
  }

  private static void write(RetrainSummary summary, OutputFile file) {
    try {
      byte[] text = summary.toPrometheus().getBytes(StandardCharsets.UTF_8);
      file.write(out -> out.write(text));
    } catch (UncheckedIOException e) {
      LOG.warn("{}", e.getMessage());
    }
  }
}
