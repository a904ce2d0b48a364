package dev.lockstep.spark.job;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.lockstep.config.NetworkChoice;
import dev.lockstep.data.Shape;
import dev.lockstep.model.ModelArchive;
import dev.lockstep.model.ModelDescription;
import dev.lockstep.network.Network;
import dev.lockstep.spark.registry.ModelReference;
import dev.lockstep.spark.storage.Location;
import dev.lockstep.yaml.ConfigurationException;
import dev.lockstep.yaml.Section;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.nio.file.NotDirectoryException;
import java.util.Optional;
import java.util.OptionalInt;
import org.apache.hadoop.fs.ParentNotDirectoryException;

/**
 * The bytes of a {@code model.zip}, that the driver reads once and broadcasts. All tasks of one JVM
 * share the model in it. Safe for use by many threads.
 */
public final class ModelFile implements Serializable {
  /** The name of a model's file in its run directory. */
  public static final String NAME = "model.zip";

  private static final long serialVersionUID = 1L;

  private static final JsonMapper JSON = new JsonMapper();

  /** The parameters of the largest model, and as much again for its configuration. */
  private static final int MOST_BYTES = (1 << 30) + (1 << 26);

  private final String name;
  private final byte[] bytes;
  private transient ModelArchive archive;
  private transient TrainedModel opened;

  private ModelFile(String name, byte[] bytes) {
    this.name = name;
    this.bytes = bytes;
  }

  /**
   * Reads the model of a run directory, or the zip file itself.
   *
   * @param path of either, as {@link ModelReference#resolve}
   * @throws ConfigurationException if there is none, or it cannot be read
   */
  public static ModelFile read(String path) {
    Location location = ModelReference.resolve(path);
    try {
      boolean run = isDirectory(location);
      Location file = run ? location.child(NAME) : location;
      try (InputStream in = file.open().orElse(null)) {
        if (in == null) {
          throw new ConfigurationException(
              "%s: there is no such file; expected a run directory that holds %s, or such a file%s"
                  .formatted(file, NAME, run ? remedy(location) : ""));
        }
        byte[] bytes = in.readNBytes(MOST_BYTES + 1);
        if (bytes.length > MOST_BYTES) {
          throw new ConfigurationException(
              "%s: has more than %d bytes, the most that a model can have"
                  .formatted(file, MOST_BYTES));
        }
        return new ModelFile(file.toString(), bytes);
      }
    } catch (IOException e) {
      throw new ConfigurationException(
          "%s: cannot be read: %s".formatted(location, e.getMessage()), e);
    }
  }

  private static String remedy(Location directory) throws IOException {
    return directory.child("versions").files().isPresent()
        ? "; of a registry, the models are registry:%s/champion and registry:%s/<version>"
            .formatted(directory, directory)
        : ExistingRun.remedy(directory);
  }

  /**
   * The file of {@code archive}, in memory.
   *
   * @param name what errors call it
   */
  public static ModelFile of(String name, ModelArchive archive) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try {
      archive.write(bytes);
    } catch (IOException e) {
      throw new UncheckedIOException("bytes can be kept in memory", e);
    }
    return new ModelFile(name, bytes.toByteArray());
  }

  /** Writes the file's bytes; {@code out} stays open. */
  public void write(OutputStream out) throws IOException {
    out.write(bytes);
  }

  private static boolean isDirectory(Location location) throws IOException {
    try {
      return location.files().isPresent();
    } catch (NotDirectoryException | ParentNotDirectoryException e) {
      return false;
    }
  }

  /** What errors call it: its path. */
  public String name() {
    return name;
  }

  /** What Lockstep wrote about the model; empty if DL4J alone wrote it. */
  public Optional<ModelDescription> description() {
    return archive().description();
  }

  /** The data set that the model was trained on, as {@code DatasetSource.of} takes it. */
  public Optional<String> dataset() {
    return description()
        .map(about -> about.created().path("dataset").asText())
        .filter(written -> !written.isBlank());
  }

  /**
   * How many classes the model tells apart.
   *
   * @throws ConfigurationException if this is no model
   */
  public int classes() {
    return description()
        .map(ModelDescription::classes)
        .orElseGet(() -> classes(archive().configurationJson()));
  }

  /**
   * The model, for examples of shape {@code input}. What DL4J alone wrote says nothing of shapes
   * and classes, and is tried with these.
   *
   * @param classes how many classes the data has, if it has labels
   * @throws ConfigurationException if this is no model, or not one for such examples
   */
  public synchronized TrainedModel open(Shape input, OptionalInt classes) {
    if (opened == null) {
      ModelArchive read = archive();
      Network network =
          read.description().isPresent()
              ? described(read.description().get())
              : Network.fromDl4j(
                  name,
                  read.configurationJson(),
                  input,
                  classes.orElseGet(() -> classes(read.configurationJson())));
      if (network.layout().length() != read.parameters().length) {
        throw new ConfigurationException(
            "%s: the network has %d parameters but the archive holds %d; it is damaged"
                .formatted(name, network.layout().length(), read.parameters().length));
      }
      opened = new TrainedModel(network, read.parameters(), read.description());
    }
    requireFit(opened.network(), input, classes);
    return opened;
  }

  private void requireFit(Network network, Shape input, OptionalInt classes) {
    if (!network.input().equals(input)) {
      throw new ConfigurationException(
          "%s: the model takes inputs of %s but the data has inputs of %s"
              .formatted(name, network.input(), input));
    }
    if (classes.isPresent() && classes.getAsInt() != network.classes()) {
      throw new ConfigurationException(
          "%s: the model tells %d classes apart but the data has %d"
              .formatted(name, network.classes(), classes.getAsInt()));
    }
  }

  private synchronized ModelArchive archive() {
    try {
      if (archive == null) {
        archive = ModelArchive.read(name, new ByteArrayInputStream(bytes));
      }
      return archive;
    } catch (IOException e) {
      throw new UncheckedIOException("bytes in memory can be read", e);
    }
  }

  private Network described(ModelDescription description) {
    JsonNode tree = JsonNodeFactory.instance.objectNode().set("network", description.network());
    return NetworkChoice.read(Section.of(name, tree), name)
        .build(description.inputShape(), description.classes());
  }

  /** As many as the last layer has units, or two where it has one. */
  private int classes(String configurationJson) {
    try {
      JsonNode layers = JSON.readTree(configurationJson).path("confs");
      int units = layers.path(layers.size() - 1).path("layer").path("nout").asInt();
      if (units < 1) {
        throw new ConfigurationException(
            name + ": the last layer has no 'nout', so the number of classes is unknown");
      }
      return units == 1 ? 2 : units;
    } catch (JsonProcessingException e) {
      throw new ConfigurationException(
          "%s: the configuration is not valid JSON: %s".formatted(name, e.getOriginalMessage()), e);
    }
  }
}
