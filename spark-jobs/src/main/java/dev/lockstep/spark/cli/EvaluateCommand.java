package dev.lockstep.spark.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.lockstep.metrics.ConfusionMatrix;
import dev.lockstep.metrics.Metrics;
import dev.lockstep.spark.gang.Preflight;
import dev.lockstep.spark.job.Evaluation;
import dev.lockstep.spark.job.ModelFile;
import dev.lockstep.spark.job.SharedInput;
import dev.lockstep.spark.source.DatasetSource;
import dev.lockstep.spark.source.InputSource;
import dev.lockstep.yaml.ConfigurationException;
import java.io.PrintWriter;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.apache.spark.api.java.JavaSparkContext;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code lockstep evaluate}. */
@Command(
    name = "evaluate",
    header = "Measures a model on the test examples of a data set, or on labelled inputs.",
    description = {
      "",
      "Prints accuracy, loss, mean squared error, recall, precision, F1 (macro means, and for each"
          + " class) and the confusion matrix.",
      ""
    },
    footer = {
      "",
      "Examples:",
      "  lockstep evaluate --model runs/mnist-mlp-20260105-181502",
      "  lockstep evaluate --model model.zip --dataset /data/fashion --json",
      "  lockstep evaluate --model registry:/models/digits/champion \\",
      "      --dataset '{partitions: /data/digits, window: 1}'",
      "  lockstep evaluate --model registry:/models/digits/champion \\",
      "      --input images.gz --labels labels.gz",
      "  lockstep evaluate --model model.zip --input '{parquet: new.parquet, label: species}'"
    })
final class EvaluateCommand implements Runnable {
  @Spec private CommandSpec spec;
  @Mixin private SparkOptions spark;

  @Option(
      names = "--model",
      required = true,
      paramLabel = "RUN",
      description =
          "A run directory, a model.zip of Lockstep's or DL4J's, registry:DIR/champion or"
              + " registry:DIR/VERSION.")
  private String model;

  @Option(
      names = "--dataset",
      paramLabel = "DATASET",
      description =
          "mnist or one of its relatives such as fashion-mnist, a directory of IDX files with"
              + " MNIST's names, or '{parquet: PATH, ...}' or '{partitions: PATH, ...}' as in a"
              + " configuration. Default: the data set that the model was trained on.")
  private String dataset;

  @Option(
      names = "--input",
      paramLabel = "INPUT",
      description =
          "Measure on these instead, all of them: an IDX file of images, plain or .gz, with --labels;"
              + " or '{parquet: PATH, label: COLUMN}', which may have features and shape as in a"
              + " configuration (default: those that the model was trained on).")
  private String input;

  @Option(
      names = "--labels",
      paramLabel = "FILE",
      description = "The true classes of --input, an IDX file.")
  private String labels;

  @Option(names = "--json", description = "Print one JSON object, with the keys of metrics.json.")
  private boolean json;

  @Override
  public void run() {
    requireOneSource();
    ModelFile file = ModelFile.read(model);
    if (input == null) {
      DatasetSource source = DatasetSource.of(dataset(file));
      evaluate(file, context -> Evaluation.run(context, file, source));
    } else {
      SharedInput inputs = new SharedInput(labelledInput(file), file.classes());
      evaluate(file, context -> Evaluation.run(context, file, inputs));
    }
  }

  private void requireOneSource() {
    if (input != null && dataset != null) {
      throw new ParameterException(
          spec.commandLine(),
          "--input cannot be used with --dataset: a model is measured on the one or the other");
    }
    if (input == null && labels != null) {
      throw new ParameterException(
          spec.commandLine(),
          "--labels needs --input: they are the true classes of its images, and a data set has its own");
    }
  }

  private InputSource labelledInput(ModelFile file) {
    InputSource source = InputSource.of(input, Optional.ofNullable(labels), file.dataset());
    if (!source.labelled()) {
      throw new ConfigurationException(
          "--input is %s, without the true classes that evaluate compares with; name them: --labels <IDX file> for images, or label: <column> in {parquet: ...}"
              .formatted(input));
    }
    return source;
  }

  private void evaluate(ModelFile file, Function<JavaSparkContext, Metrics> job) {
    Preflight.requireNativeLibraries();
    try (JavaSparkContext context = spark.open("lockstep evaluate " + file.name())) {
      Metrics metrics = job.apply(context);
      PrintWriter out = spec.commandLine().getOut();
      if (json) {
        out.println(json(metrics));
      } else {
        print(out, metrics);
      }
    }
  }

  private String dataset(ModelFile file) {
    return Optional.ofNullable(dataset)
        .or(file::dataset)
        .orElseThrow(
            () ->
                new ConfigurationException(
                    "%s: the model does not say what it was trained on; use --dataset or --input"
                        .formatted(file.name())));
  }

  private static String json(Metrics metrics) {
    try {
      return new JsonMapper()
          .writerWithDefaultPrettyPrinter()
          .writeValueAsString(Evaluation.toJson(Map.of("test", metrics)));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void print(PrintWriter out, Metrics metrics) {
    ConfusionMatrix confusion = metrics.confusion();
    out.printf(Locale.ROOT, "test examples  %,d%n", metrics.examples());
    out.printf(Locale.ROOT, "test accuracy  %.4f%n", metrics.accuracy());
    out.printf(Locale.ROOT, "test loss      %.4f%n", metrics.loss());
    out.printf(Locale.ROOT, "test mse       %.4f%n", metrics.mse());
    out.printf(Locale.ROOT, "test recall    %.4f (macro)%n", confusion.macroRecall());
    out.printf(Locale.ROOT, "test precision %.4f (macro)%n", confusion.macroPrecision());
    out.printf(Locale.ROOT, "test f1        %.4f (macro)%n", confusion.macroF1());
    out.println();
    out.println("class  examples  recall  precision      f1");
    for (int c = 0; c < confusion.classes(); c++) {
      out.printf(
          Locale.ROOT,
          "%5d  %,8d  %.4f     %.4f  %.4f%n",
          c,
          confusion.labelled(c),
          confusion.recall(c),
          confusion.precision(c),
          confusion.f1(c));
    }
    out.println();
    out.println("confusion: a row for each true class, a column for each predicted one");
    int width = Long.toString(metrics.examples()).length() + 1;
    for (int label = 0; label < confusion.classes(); label++) {
      StringBuilder row = new StringBuilder();
      for (int predicted = 0; predicted < confusion.classes(); predicted++) {
        row.append(
            String.format(Locale.ROOT, "%" + width + "d", confusion.count(label, predicted)));
      }
      out.println(row);
    }
  }
}
