package dev.lockstep.spark.cli;

import dev.lockstep.data.Examples;
import dev.lockstep.network.Loss;
import dev.lockstep.network.Network;
import dev.lockstep.spark.gang.Preflight;
import dev.lockstep.spark.job.ModelFile;
import dev.lockstep.spark.job.Prediction;
import dev.lockstep.spark.job.Prediction.Input;
import dev.lockstep.spark.source.InputSource;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
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
      "Writes CSV: a heading, then a line an input with its number (from 0), the predicted class and"
          + " the probability of each class.",
      ""
    },
    footer = {
      "",
      "Examples:",
      "  lockstep predict --model runs/mnist-mlp-20260105-181502 --input images.gz",
      "  lockstep predict --model model.zip --input images --labels labels --output p.csv",
      "  lockstep predict --model model.zip --input '{parquet: new.parquet, label: species}'"
    })
final class PredictCommand implements Runnable {
  @Spec private CommandSpec spec;
  @Mixin private SparkOptions spark;

  @Option(
      names = "--model",
      required = true,
      paramLabel = "RUN",
      description = "A run directory, or a model.zip of Lockstep's or DL4J's.")
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
      paramLabel = "FILE",
      description = "Where the CSV goes, whole or not at all. Default: standard output.")
  private String output;

  @Override
  public void run() {
    Optional<OutputFile> destination = Optional.ofNullable(output).map(OutputFile::of);
    ModelFile file = ModelFile.read(model);
    InputSource source = InputSource.of(input, Optional.ofNullable(labels), file.dataset());
    Input inputs = new Input(source);
    Preflight.requireNativeLibraries();
    Network network = file.open(inputs.features().shape(), OptionalInt.empty()).network();
    Optional<Examples> labelled = source.examples(network.classes());
    try (JavaSparkContext context = spark.open("lockstep predict " + file.name())) {
      List<float[]> outputs = Prediction.run(context, file, inputs);
      if (destination.isPresent()) {
        write(destination.get(), network, labelled, outputs);
      } else {
        writeCsv(spec.commandLine().getOut(), network, labelled, outputs);
      }
    }
  }

  private static void write(
      OutputFile file, Network network, Optional<Examples> labelled, List<float[]> outputs) {
    file.write(
        out -> {
          PrintWriter csv = new PrintWriter(out, false, StandardCharsets.UTF_8);
          writeCsv(csv, network, labelled, outputs);
          if (csv.checkError()) {
            throw new IOException(file.location() + ": cannot be written; is the disk full?");
          }
        });
  }

  private static void writeCsv(
      PrintWriter csv, Network network, Optional<Examples> labelled, List<float[]> outputs) {
    StringBuilder line = new StringBuilder("example");
    labelled.ifPresent(examples -> line.append(",label"));
    line.append(",class");
    for (int c = 0; c < network.classes(); c++) {
      line.append(",probability_").append(c);
    }
    csv.print(line.append('\n'));
    int units = network.outputs();
    int example = 0;
    for (float[] rows : outputs) {
      for (int row = 0; row < rows.length; row += units) {
        line.setLength(0);
        line.append(example);
        if (labelled.isPresent()) {
          line.append(',').append(labelled.get().label(example));
        }
        line.append(',').append(Loss.predictedClass(rows, row, units));
        if (units == 1) {
          line.append(',').append(1 - rows[row]);
        }
        for (int unit = 0; unit < units; unit++) {
          line.append(',').append(rows[row + unit]);
        }
        csv.print(line.append('\n'));
        example++;
      }
    }
    csv.flush();
  }
}
