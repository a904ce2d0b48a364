package dev.lockstep.spark.cli;

import dev.lockstep.data.Shape;
import dev.lockstep.exchange.NumpyWeights;
import dev.lockstep.exchange.OnnxModel;
import dev.lockstep.model.ModelDescription;
import dev.lockstep.spark.gang.Preflight;
import dev.lockstep.spark.job.ModelFile;
import dev.lockstep.spark.job.TrainedModel;
import dev.lockstep.spark.storage.Content;
import dev.lockstep.yaml.ConfigurationException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code lockstep export}. */
@Command(
    name = "export",
    header = "Writes a trained model in another format.",
    description = {
      "",
      "onnx  the network and its weights, opset " + OnnxModel.OPSET + ", any number of examples",
      "npz   the weights for NumPy, with Keras' names and shapes",
      "dl4j  a zip that DL4J's MultiLayerNetwork.load opens",
      ""
    },
    footer = {
      "",
      "Examples:",
      "  lockstep export --model runs/mnist-cnn-20260105-181502 --format onnx --output cnn.onnx",
      "  lockstep export --model registry:models/digits/champion --format npz --output d.npz"
    })
final class ExportCommand implements Runnable {
  @Spec private CommandSpec spec;

  @Option(
      names = "--model",
      required = true,
      paramLabel = "RUN",
      description =
          "A run directory, its model.zip, registry:DIR/champion or registry:DIR/VERSION.")
  private String model;

  @Option(
      names = "--format",
      required = true,
      paramLabel = "FORMAT",
      description = "onnx, npz or dl4j.")
  private Format format;

  @Option(
      names = "--output",
      required = true,
      paramLabel = "FILE",
      description = "Where it goes, whole or not at all.")
  private String output;

  private enum Format {
    ONNX,
    NPZ,
    DL4J;

    /** The word for it. */
    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  @Override
  public void run() {
    Preflight.requireNativeLibraries();
    OutputFile file = OutputFile.of("--output", output);
    file.write(content(ModelFile.read(model)));
    spec.commandLine().getOut().println(file.location());
  }

  /** What cannot be exported is found before anything is written. */
  private Content content(ModelFile file) {
    Optional<ModelDescription> description = file.description();
    if (format == Format.DL4J) {
      return file::write;
    }
    Shape shape =
        description
            .map(ModelDescription::inputShape)
            .orElseThrow(
                () ->
                    new ConfigurationException(
                        "%s: DL4J alone wrote it, and it does not say what its inputs are; train or save it with Lockstep"
                            .formatted(file.name())));
    TrainedModel trained = file.open(shape, OptionalInt.empty());
    byte[] bytes =
        format == Format.ONNX
            ? OnnxModel.of(file.name(), trained.network(), trained.parameters())
            : npz(file.name(), trained);
    return out -> out.write(bytes);
  }

  private static byte[] npz(String name, TrainedModel trained) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try {
      NumpyWeights.write(name, trained.network(), trained.parameters(), bytes);
    } catch (IOException e) {
      throw new UncheckedIOException("bytes can be kept in memory", e);
    }
    return bytes.toByteArray();
  }
}
