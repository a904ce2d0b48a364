package dev.lockstep.spark.cli;

import dev.lockstep.spark.gang.Preflight;
import dev.lockstep.spark.job.ModelFile;
import dev.lockstep.spark.job.Prediction;
import dev.lockstep.spark.job.SharedInput;
import dev.lockstep.spark.source.InputSource;
import dev.lockstep.spark.storage.Location;
import dev.lockstep.yaml.ConfigurationException;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.function.Consumer;
import org.apache.spark.api.java.JavaSparkContext;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code lockstep predict}. */
@Command(
    name = "predict",
    header = "Predicts the class of each image of an IDX file, or each row of Parquet files.",
    description = {
      "",
      "Writes a heading, then a line an input with its number (from 0), the predicted class and the"
          + " probability of each class; Parquet has the probabilities in an array.",
      ""
    },
    footer = {
      "",
      "Examples:",
      "  lockstep predict --model runs/mnist-mlp-20260105-181502 --input images.gz",
      "  lockstep predict --model model.zip --input images --labels labels --output p.csv",
      "  lockstep predict --model model.zip --input '{parquet: new.parquet, label: species}'",
      "  lockstep predict --model registry:hdfs:///models/mnist/champion \\",
      "      --input hdfs:///new/images --format parquet --output hdfs:///predicted"
    })
final class PredictCommand implements Runnable {
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
      names = "--input",
      required = true,
      paramLabel = "INPUT",
      description =
          "An IDX file of images, plain or .gz; or '{parquet: PATH}', which may have features and"
              + " shape as in a configuration (default: those that the model was trained on), and"
              + " label, the column of true classes, for a column 'label'.")
  private String input;

  @Option(
      names = "--labels",
      paramLabel = "FILE",
      description = "Their true classes, an IDX file, for a column 'label'.")
  private String labels;

  @Option(
      names = "--output",
      paramLabel = "PATH",
      description =
          "Where they go, whole or not at all: a CSV file, or with --format a new directory."
              + " A file that is there is replaced. Default: standard output.")
  private String output;

  @Option(
      names = "--format",
      paramLabel = "FORMAT",
      description =
          "csv or parquet: the tasks write a directory of such files, and no prediction passes"
              + " through the driver. Needs --output.")
  private Prediction.Format format;

  @Option(names = "--overwrite", description = "Replace the directory if it is there.")
  private boolean overwrite;

  @Override
  public void run() {
    if (format == null) {
      Optional<OutputFile> file =
          Optional.ofNullable(output).map(path -> OutputFile.of("--output", path));
      requireFormat();
      predict(prediction -> file.ifPresentOrElse(to -> write(to, prediction), print(prediction)));
    } else {
      Location directory = directory();
      predict(prediction -> prediction.write(directory, format, overwrite));
    }
  }

  private void requireFormat() {
    if (overwrite) {
      throw new ConfigurationException(
          "--overwrite is for directories, which --format writes; a file is replaced anyway");
    }
  }

  private Location directory() {
    if (output == null) {
      throw new ConfigurationException("--format needs --output, the directory to write");
    }
    Location directory = Location.of(output);
    if (Prediction.exists(directory)) {
      if (!overwrite) {
        throw new ConfigurationException(
            "--output: %s is there already; name another directory, or use --overwrite"
                .formatted(directory));
      }
      return directory;
    }
    try {
      directory.prepare();
    } catch (IOException e) {
      throw new ConfigurationException(
          "--output cannot be written: %s; name a directory where one can be made"
              .formatted(Location.reason(e)),
          e);
    }
    return directory;
  }

  private void predict(Consumer<Prediction> use) {
    ModelFile file = ModelFile.read(model);
    SharedInput inputs =
        new SharedInput(
            InputSource.of(input, Optional.ofNullable(labels), file.dataset()), file.classes());
    Preflight.requireNativeLibraries();
    try (JavaSparkContext context = spark.open("lockstep predict " + file.name())) {
      use.accept(Prediction.of(context, file, inputs));
    }
  }

  private Runnable print(Prediction prediction) {
    return () -> prediction.print(spec.commandLine().getOut());
  }

  private static void write(OutputFile file, Prediction prediction) {
    file.write(
        out -> {
          PrintWriter csv = new PrintWriter(out, false, StandardCharsets.UTF_8);
          prediction.print(csv);
          if (csv.checkError()) {
            throw new IOException(file.location() + ": cannot be written; is the disk full?");
          }
        });
  }
}
