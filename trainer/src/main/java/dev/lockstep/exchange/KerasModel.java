package dev.lockstep.exchange;

import dev.lockstep.network.Flatten;
import dev.lockstep.network.InputLayout;
import dev.lockstep.network.KerasSequential;
import dev.lockstep.network.Network;
import dev.lockstep.yaml.ConfigurationException;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;

/**
 * A trained {@code Sequential} model of Keras 2 or 3: its layers and its weights. Belongs to one
 * thread.
 */
public final class KerasModel {
  /** The most bytes of a file of weights: those of the largest model, and as much for the rest. */
  public static final int MOST_BYTES = (1 << 30) + (1 << 26);

  private static final int LONGEST_JSON = 16 << 20;

  private final String where;
  private final KerasSequential layers;
  private final Hdf5Weights weights;

  private KerasModel(String where, KerasSequential layers, Hdf5Weights weights) {
    this.where = where;
    this.layers = layers;
    this.weights = weights;
  }

  /** A file by its name and its bytes. */
  @SuppressWarnings("ArrayRecordComponent") // read once, and compared with nothing
  public record Content(String name, byte[] bytes) {}

  /**
   * Reads a model.
   *
   * @param name what the network is to be called
   * @param model a {@code .keras} file, a whole model as {@code .h5}, or {@code to_json()}'s text
   * @param weights where {@code model} has none: what {@code save_weights} wrote
   * @throws ConfigurationException if a file is not one of these or is damaged, if weights are
   *     missing or there twice, or as {@link KerasSequential#read}
   */
  public static KerasModel read(String name, Content model, Optional<Content> weights) {
    if (Hdf5Weights.is(model.bytes())) {
      Hdf5Weights whole = new Hdf5Weights(model.name(), model.bytes());
      String json =
          whole
              .model()
              .orElseThrow(
                  () ->
                      new ConfigurationException(
                          "%s: has weights but no layers; give the model's JSON with --keras, and this file with --weights"
                              .formatted(model.name())));
      refuseSecond(model, weights);
      return new KerasModel(model.name(), KerasSequential.read(name, json), whole);
    }
    if (model.bytes().length > 1 && model.bytes()[0] == 'P' && model.bytes()[1] == 'K') {
      refuseSecond(model, weights);
      return archive(name, model);
    }
    if (model.bytes().length > LONGEST_JSON) {
      throw new ConfigurationException(
          "%s: neither a .keras nor an HDF5 file, and longer than a model's JSON may be"
              .formatted(model.name()));
    }
    String json = new String(model.bytes(), StandardCharsets.UTF_8);
    KerasSequential layers = KerasSequential.read(name, json);
    Content apart =
        weights.orElseThrow(
            () ->
                new ConfigurationException(
                    "%s: has no weights; name the file that save_weights wrote with --weights, or train the network: train takes this file as network"
                        .formatted(model.name())));
    if (!Hdf5Weights.is(apart.bytes())) {
      throw new ConfigurationException(
          "%s: not an HDF5 file; expected what Keras' save_weights wrote".formatted(apart.name()));
    }
    return new KerasModel(apart.name(), layers, new Hdf5Weights(apart.name(), apart.bytes()));
  }

  private static void refuseSecond(Content model, Optional<Content> weights) {
    weights.ifPresent(
        second -> {
          throw new ConfigurationException(
              "%s: has its weights; leave --weights %s out".formatted(model.name(), second.name()));
        });
  }

  /** A zip's table of contents stands at its end, so it is read from a file. */
  private static KerasModel archive(String name, Content model) {
    try {
      Path file = Files.createTempFile("lockstep", ".keras");
      try {
        Files.write(file, model.bytes());
        try (ZipFile zip = new ZipFile(file.toFile())) {
          byte[] json = entry(model, zip, "config.json", LONGEST_JSON);
          byte[] weights = entry(model, zip, "model.weights.h5", MOST_BYTES);
          return new KerasModel(
              model.name(),
              KerasSequential.read(name, new String(json, StandardCharsets.UTF_8)),
              new Hdf5Weights(model.name() + ": model.weights.h5", weights));
        }
      } finally {
        Files.deleteIfExists(file);
      }
    } catch (ZipException e) {
      throw new ConfigurationException(
          "%s: cannot be read as a .keras file: %s; it is damaged, copy it again"
              .formatted(model.name(), e.getMessage()),
          e);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static byte[] entry(Content model, ZipFile zip, String name, int most)
      throws IOException {
    ZipEntry entry = zip.getEntry(name);
    if (entry == null) {
      throw new ConfigurationException(
          "%s: the archive has no entry '%s'; expected a .keras file as Keras' model.save writes it"
              .formatted(model.name(), name));
    }
    try (InputStream in = zip.getInputStream(entry)) {
      byte[] bytes = in.readNBytes(most + 1);
      if (bytes.length > most) {
        throw new ConfigurationException(
            "%s: %s has more than %d bytes, the most that it may have"
                .formatted(model.name(), name, most));
      }
      CRC32 checksum = new CRC32();
      checksum.update(bytes);
      if (checksum.getValue() != entry.getCrc()) {
        throw new ZipException(name + " has another checksum than the archive says");
      }
      return bytes;
    } catch (EOFException e) {
      throw new ZipException(name + " ends too early");
    }
  }

  /** Its layers. */
  public KerasSequential layers() {
    return layers;
  }

  /**
   * Its weights as the parameters of {@code network}, in DL4J's order.
   *
   * @param network what {@link #layers} built
   * @throws ConfigurationException if the weights are of other layers or shapes, or damaged
   */
  public float[] parameters(Network network) {
    if (network.input().channels() > 1
        && network.inputLayout() != InputLayout.IMAGE
        && !beginsWithFlatten(network)) {
      throw new ConfigurationException(
          "%s: its first layer with weights takes numbers in a row, whose order of %d channels the file does not say; begin the model with the image and a Flatten"
              .formatted(where, network.input().channels()));
    }
    return KerasWeights.read(where, network, weights);
  }

  private static boolean beginsWithFlatten(Network network) {
    return network.layers().stream()
        .takeWhile(layer -> layer.segments().isEmpty())
        .anyMatch(layer -> layer.definition().orElseThrow() instanceof Flatten);
  }
}
