package dev.lockstep.spark.source;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lockstep.config.Configuration;
import dev.lockstep.data.Dataset;
import dev.lockstep.data.IdxDirectory;
import dev.lockstep.data.Mnist;
import dev.lockstep.data.MnistRelative;
import dev.lockstep.spark.storage.Location;
import dev.lockstep.spark.storage.StoredFile;
import dev.lockstep.yaml.ConfigurationException;
import dev.lockstep.yaml.Section;
import java.io.IOException;
import java.io.Serializable;
import java.util.List;

/**
 * Where a data set comes from. The driver sends this description to the executors, and each opens
 * the data set itself. A value, safe for use by many threads.
 */
public sealed interface DatasetSource extends Serializable
    permits DatasetSource.EmbeddedMnist,
        DatasetSource.IdxFiles,
        NamedDataset,
        ParquetDataset,
        PartitionedDataset {
  /** The word for the data set that comes with the program. */
  String MNIST = "mnist";

  /**
   * The data set in memory. All who ask in one JVM share one copy, which is loaded once and kept
   * while memory allows, or until the files have changed.
   *
   * @throws ConfigurationException if it cannot be read, or is defect
   */
  Dataset load();

  /**
   * The data set as far as the driver of a cluster needs it, which hands no example on: sizes,
   * labels, shape and the fingerprints of {@link #load}, with an {@link dev.lockstep.data.Outline}
   * for features. Files are streamed through and checked in full. Not kept.
   *
   * @throws ConfigurationException if it cannot be read, or is defect
   */
  Dataset outline();

  /** How {@link #of} is told of it, from any current directory. */
  String written();

  /**
   * The data set that {@code written} names: {@code mnist}, one of its relatives such as {@code
   * kmnist}, a directory of IDX files as {@link Location#of}, or what a configuration may say, such
   * as <code>{parquet: ...}</code>.
   *
   * @throws ConfigurationException if it is not a path that can be used
   */
  static DatasetSource of(String written) {
    if (written.startsWith("{")) {
      ObjectNode tree = JsonNodeFactory.instance.objectNode();
      tree.set("dataset", Section.tree("dataset", written));
      return read(Section.of("the data set", tree));
    }
    if (written.equals(MNIST)) {
      return new EmbeddedMnist();
    }
    return MnistRelative.named(written)
        .<DatasetSource>map(NamedDataset::cached)
        .orElseGet(() -> directory(written));
  }

  private static DatasetSource directory(String written) {
    String near = Section.suggestion(written, Configuration.DATASET_NAMES);
    if (!near.isEmpty() && isAbsent(Location.of(written))) {
      throw new ConfigurationException(
          "'%s' is no data set's name, and there is no such directory%s".formatted(written, near));
    }
    return IdxFiles.in(written);
  }

  private static boolean isAbsent(Location directory) {
    try {
      return directory.files().isEmpty();
    } catch (IOException e) {
      return false; // Whoever reads it says why it cannot be.
    }
  }

  /**
   * The data set that {@code configuration} names.
   *
   * @throws ConfigurationException if it names none
   */
  static DatasetSource of(Configuration configuration) {
    ObjectNode tree = JsonNodeFactory.instance.objectNode();
    tree.set("dataset", configuration.dataset());
    return read(Section.of(configuration.name(), tree));
  }

  /**
   * The data set that the key {@code dataset} of {@code section} names: {@code mnist} (which it is
   * when the key is missing), one of its relatives, {@code {idx: <directory>}} or what {@link
   * NamedDataset}, {@link ParquetDataset} or {@link PartitionedDataset} reads.
   *
   * @throws ConfigurationException if it is none of these
   */
  static DatasetSource read(Section section) {
    JsonNode value = section.value("dataset");
    if (value.isMissingNode() || value.asText().equals(MNIST)) {
      return new EmbeddedMnist();
    }
    if (value.isTextual() && MnistRelative.named(value.textValue()).isPresent()) {
      return NamedDataset.cached(MnistRelative.named(value.textValue()).get());
    }
    if (!value.isObject()) {
      throw section.wrong("dataset", value, Configuration.DATASETS);
    }
    Section dataset = section.section("dataset");
    if (dataset.has(NamedDataset.KEY)) {
      return NamedDataset.read(dataset);
    }
    if (dataset.has(ParquetDataset.KEY)) {
      return ParquetDataset.read(dataset);
    }
    if (dataset.has(PartitionedDataset.KEY)) {
      return PartitionedDataset.read(dataset);
    }
    if (!dataset.has("idx")) {
      throw dataset.missing(
          List.of("idx", ParquetDataset.KEY, PartitionedDataset.KEY, NamedDataset.KEY));
    }
    String directory = dataset.text("idx");
    dataset.done();
    return IdxFiles.in(directory);
  }

  /** The MNIST data set that comes with the program. */
  record EmbeddedMnist() implements DatasetSource {
    @Override
    public String written() {
      return MNIST;
    }

    @Override
    public Dataset load() {
      return DatasetCache.SHARED.get(this, List.of(), Mnist::load);
    }

    @Override
    public Dataset outline() {
      return Mnist.outline();
    }
  }

  /**
   * A directory of IDX files with MNIST's names, plain or gzipped.
   *
   * @param directory an absolute path or URI, for executors have other current directories
   */
  record IdxFiles(String directory) implements DatasetSource {
    /**
     * The directory that a user wrote, as {@link Location#of}.
     *
     * @throws ConfigurationException if it is not a path that can be used
     */
    public static IdxFiles in(String written) {
      return new IdxFiles(Location.of(written).absolute());
    }

    @Override
    public String written() {
      return directory;
    }

    @Override
    public Dataset load() {
      Location location = Location.of(directory);
      return DatasetCache.SHARED.get(this, idxFiles(location), files(location)::dataset);
    }

    @Override
    public Dataset outline() {
      Location location = Location.of(directory);
      idxFiles(location); // says when there is no such directory
      return files(location).outline();
    }

    private IdxDirectory files(Location location) {
      return new IdxDirectory(directory, name -> location.child(name).open());
    }

    private static List<StoredFile> idxFiles(Location location) {
      try {
        return location
            .files()
            .orElseThrow(
                () ->
                    new ConfigurationException(
                        "%s: there is no such directory; expected one with the IDX files train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte, plain or .gz"
                            .formatted(location)))
            .stream()
            .filter(file -> file.name().contains("-ubyte"))
            .toList();
      } catch (IOException e) {
        throw new ConfigurationException(
            "%s: cannot be listed: %s; expected a directory of IDX files"
                .formatted(location, Location.reason(e)),
            e);
      }
    }
  }
}
