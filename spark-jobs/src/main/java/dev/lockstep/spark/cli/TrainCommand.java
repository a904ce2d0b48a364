package dev.lockstep.spark.cli;

import dev.lockstep.config.Configuration;
import dev.lockstep.metrics.Metrics;
import dev.lockstep.spark.job.ExistingRun;
import dev.lockstep.spark.job.TrainingJob;
import dev.lockstep.spark.job.TrainingJob.Outcome;
import dev.lockstep.spark.job.TrainingJob.Place;
import dev.lockstep.spark.job.TrainingJob.Place.Existing;
import dev.lockstep.spark.job.TrainingJob.Place.NewIn;
import dev.lockstep.spark.storage.Location;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.apache.spark.api.java.JavaSparkContext;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
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
      "  report.html         all of it to look at, in one file; accuracy.png, loss.png to paste",
      "  report.json         the report's data, for lockstep report",
      "  events.out.tfevents.lockstep  for TensorBoard",
      "  manifest.json       versions, seed, data fingerprints, checksums; written last",
      "  checkpoints/        the training's newest states, as training.checkpoints says",
      "  lease/              which process is at the run; gone when it has ended",
      ""
    },
    footer = {
      "",
      "Examples:",
      "  lockstep train --config conf/mnist-mlp.yaml",
      "  lockstep train --config conf/mnist-mlp.yaml --set training.epochs=1 --set seed=7",
      "  lockstep train --config conf/mnist-mlp.yaml --set dataset.idx=/data/fashion",
      "  lockstep train --config conf/mnist-mlp.yaml --master 'local[4,3]' --workers 2",
      "  lockstep train --resume runs/mnist-mlp-20261123-181502"
    })
final class TrainCommand implements Runnable {
  private static final String DEFAULT_OUTPUT = "runs";

  @Spec private CommandSpec spec;
  @Mixin private SparkOptions spark;

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = "The configuration, a YAML file. Needed unless a run is resumed.")
  private String config;

  @Option(
      names = "--resume",
      paramLabel = "RUN",
      description = {
        "Goes on with the run in this directory from its newest checkpoint and ends as if it had"
            + " never been stopped. It keeps its configuration: with --config or --set, only what"
            + " does not change the result may differ: name and, of training, workers, checkpoints,"
            + " onWorkerLoss, workerTimeout, replacementTimeout and stepTimeout. A run that has ended"
            + " is left as it is."
      })
  private String resume;

  @Option(
      names = "--set",
      paramLabel = "KEY=VALUE",
      description = {
        "Puts a value over the file's; may be repeated. The key is a path with dots, the value is"
            + " YAML, and null takes the key away: --set 'training.optimizer={name: adam}'"
      })
  private List<String> overrides = new ArrayList<>();

  @Option(
      names = "--workers",
      paramLabel = "N",
      description =
          "How many workers train: short for --set training.workers=N. On a local master the"
              + " default is as many as there are free slots; on a cluster, as many as the application"
              + " asks for (spark.cores.max, or spark.executor.instances and .cores), unless allocation"
              + " is dynamic. The result hardly depends on it.")
  private Integer workers;

  @Option(
      names = "--output",
      paramLabel = "DIRECTORY",
      description = "Where the run's directory is made. Default: " + DEFAULT_OUTPUT + ".")
  private String output;

  @Override
  public void run() {
    if (workers != null) {
      overrides.add("training.workers=" + workers);
    }
    if (resume != null) {
      resume();
    } else if (config != null) {
      String parent = output == null ? DEFAULT_OUTPUT : output;
      SparkOptions.requireLastingOutput(parent);
      train(ConfigurationFile.read(config, overrides), new NewIn(parent));
    } else {
      throw new ParameterException(
          spec.commandLine(),
          "--config is missing: it names the configuration; or --resume, which names a run");
    }
  }

  private void resume() {
    if (output != null) {
      throw new ParameterException(
          spec.commandLine(),
          "--output cannot be used with --resume: a run goes on in its own directory");
    }
    Location directory = Location.of(resume);
    ExistingRun run = new ExistingRun(directory, ConfigurationFile.ofRun(directory));
    String recorded = directory.child(ExistingRun.CONFIGURATION).toString();
    Configuration now =
        run.goingOnAs(ConfigurationFile.read(config == null ? recorded : config, overrides));
    ExistingRun.requireUnended(directory);
    train(now, new Existing(directory));
  }

  private void train(Configuration configuration, Place place) {
    TrainingJob job = new TrainingJob(configuration, place);
    String name = "lockstep train " + configuration.name();
    try (JavaSparkContext context = spark.open(name, job::workersOnCluster)) {
      print(train(context, job));
    }
  }

  private Outcome train(JavaSparkContext context, TrainingJob job) {
    try (TrainingDisplay display = TrainingDisplay.of(spec.commandLine().getOut())) {
      return job.run(context, display);
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
