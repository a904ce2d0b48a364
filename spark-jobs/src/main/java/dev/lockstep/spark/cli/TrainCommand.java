package dev.lockstep.spark.cli;

import dev.lockstep.config.Configuration;
import dev.lockstep.metrics.Metrics;
import dev.lockstep.spark.job.TrainingJob;
import dev.lockstep.spark.job.TrainingJob.Outcome;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.apache.spark.api.java.JavaSparkContext;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code lockstep train}. */
@Command(
    name = "train",
    header = "Trains a network as a configuration says.",
    description = {
      "",
      "Prints a line an epoch, then the test metrics, and last the run directory. In it:",
      "  configuration.yaml  the configuration, every default written out",
      "  history.json, .csv  loss, metrics and pace of every epoch",
      "  metrics.json        test.accuracy, test.recall.macro, validation.loss ...",
      "  model.zip           the model; DL4J's MultiLayerNetwork.load opens it too",
      "  manifest.json       versions, seed, data fingerprints, checksums; written last",
      ""
    },
    footer = {
      "",
      "Examples:",
      "  lockstep train --config conf/mnist-mlp.yaml",
      "  lockstep train --config conf/mnist-mlp.yaml --set training.epochs=1 --set seed=7",
      "  lockstep train --config conf/mnist-mlp.yaml --set dataset.idx=/data/fashion",
      "  lockstep train --config conf/mnist-mlp.yaml --master 'local[4,3]' --workers 2"
    })
final class TrainCommand implements Runnable {
  @Spec private CommandSpec spec;
  @Mixin private SparkOptions spark;

  @Option(
      names = "--config",
      required = true,
      paramLabel = "FILE",
      description = "The configuration, a YAML file.")
  private String config;

  @Option(
      names = "--set",
      paramLabel = "KEY=VALUE",
      description = {
        "Puts a value over the file's; may be repeated. The key is a path with dots, the value is"
            + " YAML, and null takes the key away: --set training.optimizer.name=adam"
      })
  private List<String> overrides = new ArrayList<>();

  @Option(
      names = "--workers",
      paramLabel = "N",
      description =
          "How many workers train: short for --set training.workers=N. Default: as many as there are"
              + " free slots. The result hardly depends on it.")
  private Integer workers;

  @Option(
      names = "--output",
      paramLabel = "DIRECTORY",
      defaultValue = "runs",
      description = "Where the run's directory is made. Default: ${DEFAULT-VALUE}.")
  private String output;

  @Override
  public void run() {
    if (workers != null) {
      overrides.add("training.workers=" + workers);
    }
    Configuration configuration = ConfigurationFile.read(config, overrides);
    try (JavaSparkContext context = spark.open("lockstep train " + configuration.name())) {
      print(train(context, configuration));
    }
  }

  private Outcome train(JavaSparkContext context, Configuration configuration) {
    try (TrainingDisplay display = TrainingDisplay.of(spec.commandLine().getOut())) {
      return new TrainingJob(configuration, output).run(context, display);
    }
  }

  private void print(Outcome outcome) {
    PrintWriter out = spec.commandLine().getOut();
    if (outcome.result().stoppedEarly()) {
      out.println(
          "stopped early after epoch %d; these are the parameters of epoch %d"
              .formatted(outcome.result().history().epochs().size(), outcome.result().epoch()));
    }
    outcome.result().test().ifPresent(test -> print(out, test));
    out.println(outcome.directory());
  }

  private static void print(PrintWriter out, Metrics test) {
    out.printf(Locale.ROOT, "test accuracy %.4f%n", test.accuracy());
    out.printf(Locale.ROOT, "test loss     %.4f%n", test.loss());
    out.printf(Locale.ROOT, "test recall   %.4f (macro)%n", test.confusion().macroRecall());
  }
}
