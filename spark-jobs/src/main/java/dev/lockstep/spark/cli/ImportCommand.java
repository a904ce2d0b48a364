package dev.lockstep.spark.cli;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lockstep.config.NetworkChoice;
import dev.lockstep.data.Shape;
import dev.lockstep.exchange.KerasModel;
import dev.lockstep.exchange.KerasModel.Content;
import dev.lockstep.model.ModelArchive;
import dev.lockstep.model.ModelDescription;
import dev.lockstep.network.Network;
import dev.lockstep.spark.gang.Preflight;
import dev.lockstep.spark.job.Versions;
import dev.lockstep.spark.storage.Location;
import dev.lockstep.yaml.ConfigurationException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code lockstep import}. */
@Command(
    name = "import",
    header = "Makes a model of a trained Sequential model of Keras 2 or 3.",
    description = {
      "",
      "evaluate, predict and export take the result as --model. Layers and settings that have no"
          + " equal here are refused by name.",
      ""
    },
    footer = {
      "",
      "Examples:",
      "  lockstep import --keras model.keras --output model.zip",
      "  lockstep import --keras model.json --weights model.weights.h5 --shape 28x28 --output"
          + " model.zip",
      "  lockstep evaluate --model model.zip --dataset mnist"
    })
final class ImportCommand implements Runnable {
  @Spec private CommandSpec spec;

  @Option(
      names = "--keras",
      required = true,
      paramLabel = "FILE",
      description = "A .keras file, a whole model as .h5, or the JSON of model.to_json().")
  private String keras;

  @Option(
      names = "--weights",
      paramLabel = "FILE",
      description = "With JSON: what model.save_weights wrote (.h5).")
  private String weights;

  @Option(
      names = "--shape",
      paramLabel = "SHAPE",
      description =
          "What an example of the data set is: HEIGHTxWIDTH or HEIGHTxWIDTHxCHANNELS, where the"
              + " model flattens images before its first layer. Default: the model's input.")
  private String shape;

  @Option(
      names = "--output",
      required = true,
      paramLabel = "FILE",
      description = "Where it goes, whole or not at all.")
  private String output;

  @Override
  public void run() {
    Preflight.requireNativeLibraries();
    OutputFile file = OutputFile.of("--output", output);
    ModelArchive archive = archive();
    file.write(archive::write);
    spec.commandLine().getOut().println(file.location());
  }

  private ModelArchive archive() {
    String name = NetworkChoice.fileName(keras);
    KerasModel model =
        KerasModel.read(name, content(keras), Optional.ofNullable(weights).map(this::content));
    int units = model.layers().units();
    Network network =
        model
            .layers()
            .build(
                shape == null ? inputOf(model) : ImageShape.read("--shape", shape),
                Math.max(2, units));
    float[] parameters = model.parameters(network);
    ObjectNode created =
        JsonNodeFactory.instance
            .objectNode()
            .put("lockstep", Versions.current().lockstep())
            .put("keras", NetworkChoice.fileName(keras));
    return new ModelArchive(
        network.dl4j().toJson(),
        parameters,
        Optional.of(
            new ModelDescription(
                new NetworkChoice.Defined(model.layers().definition()).tree(),
                network.input(),
                network.classes(),
                created)));
  }

  private Shape inputOf(KerasModel model) {
    return model
        .layers()
        .shape()
        .orElseThrow(
            () ->
                new ConfigurationException(
                    "%s: the model does not say the whole shape of its input; say it with --shape"
                        .formatted(keras)));
  }

  private Content content(String path) {
    Location file = Location.of(path);
    try (InputStream in = file.open().orElse(null)) {
      if (in == null) {
        throw new ConfigurationException("%s: there is no such file".formatted(file));
      }
      byte[] bytes = in.readNBytes(KerasModel.MOST_BYTES + 1);
      if (bytes.length > KerasModel.MOST_BYTES) {
        throw new ConfigurationException(
            "%s: has more than %d bytes, the most that a model can have"
                .formatted(file, KerasModel.MOST_BYTES));
      }
      return new Content(file.toString(), bytes);
    } catch (IOException e) {
      throw new ConfigurationException(
          "%s: cannot be read: %s".formatted(file, Location.reason(e)), e);
    }
  }
}
