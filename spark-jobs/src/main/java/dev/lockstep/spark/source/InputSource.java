package dev.lockstep.spark.source;

import dev.lockstep.data.Examples;
import dev.lockstep.data.Features;
import dev.lockstep.spark.source.ParquetRows.Label;
import dev.lockstep.spark.storage.Location;
import dev.lockstep.yaml.ConfigurationException;
import dev.lockstep.yaml.Section;
import java.io.Serializable;
import java.util.Optional;

/**
 * Where the inputs of a prediction come from. The driver sends this description to the executors,
 * and each opens the files itself. A value, safe for use by many threads.
 */
public sealed interface InputSource extends Serializable {
  /** Whether the true classes of the inputs are known. */
  boolean labelled();

  /**
   * The inputs with their true classes; where these are not known, all are of class 0.
   *
   * @param classes how many classes there are, 1 to 256; each label must be less
   * @throws ConfigurationException if a file is missing or defect
   */
  Examples examples(int classes);

  /**
   * The {@link #examples} as far as the driver of a cluster needs them: sizes, labels and shape,
   * with an {@link dev.lockstep.data.Outline} for features. Files are streamed through and checked
   * in full.
   *
   * @throws ConfigurationException as {@link #examples}
   */
  Examples outline(int classes);

  /**
   * The inputs that {@code written} names: an IDX file of images, with perhaps another of labels,
   * or <code>{parquet: path, features: columns, shape: sizes, label: column}</code>, of which all
   * but the path may be missing.
   *
   * @param labels the path of an IDX file
   * @param trainedOn a data set, as {@link DatasetSource#of} takes it, that says the features of
   *     Parquet files that {@code written} does not
   * @throws ConfigurationException if these cannot be used
   */
  static InputSource of(String written, Optional<String> labels, Optional<String> trainedOn) {
    if (!written.startsWith("{")) {
      return new IdxInput(
          Location.of(written).absolute(),
          labels.map(path -> Location.of(path).absolute()).orElse(""));
    }
    Section section = Section.parse("the input", written);
    String path = Location.of(section.text(ParquetDataset.KEY)).absolute();
    String label = section.text("label", "");
    ParquetColumns columns =
        ParquetColumns.readIfAny(section)
            .or(() -> trainedOn.flatMap(InputSource::columns))
            .orElseGet(() -> ParquetColumns.read(section));
    section.done();
    labels.ifPresent(
        file -> {
          throw new ConfigurationException(
              "--labels is %s, an IDX file's, but the input is Parquet; name the column of true classes in --input: {parquet: ..., label: <column>}"
                  .formatted(file));
        });
    return new ParquetInput(path, columns, label);
  }

  private static Examples unlabelled(Features inputs, int classes) {
    return new Examples(inputs, classes, new byte[inputs.size()]);
  }

  private static Optional<ParquetColumns> columns(String trainedOn) {
    DatasetSource source = DatasetSource.of(trainedOn);
    if (source instanceof PartitionedDataset days
        && days.format() instanceof PartitionedDataset.Parquet parquet) {
      return Optional.of(parquet.columns());
    }
    return source instanceof ParquetDataset parquet
        ? Optional.of(parquet.columns())
        : Optional.empty();
  }

  /**
   * Images in an IDX file, plain or gzipped.
   *
   * @param labels the path of the IDX file of labels; empty if there is none
   */
  record IdxInput(String images, String labels) implements InputSource {
    @Override
    public boolean labelled() {
      return !labels.isEmpty();
    }

    @Override
    public Examples examples(int classes) {
      return labelled()
          ? ImageFiles.examples(images, labels, classes)
          : unlabelled(ImageFiles.images(images), classes);
    }

    @Override
    public Examples outline(int classes) {
      return labelled()
          ? ImageFiles.outline(images, labels, classes)
          : unlabelled(ImageFiles.outline(images), classes);
    }
  }

  /**
   * Columns of Parquet files.
   *
   * @param path of a file or a directory of files
   * @param label the column of true classes; empty if there is none
   */
  record ParquetInput(String path, ParquetColumns columns, String label) implements InputSource {
    @Override
    public boolean labelled() {
      return !label.isEmpty();
    }

    @Override
    public Examples examples(int classes) {
      return read(classes, false);
    }

    @Override
    public Examples outline(int classes) {
      return read(classes, true);
    }

    private Examples read(int classes, boolean outlined) {
      Optional<Label> known =
          labelled()
              ? Optional.of(
                  new Label(label, classes - 1, "for the model tells %d apart".formatted(classes)))
              : Optional.empty();
      ParquetRows rows = new ParquetRows(columns, known, Optional.empty(), outlined);
      ParquetTable.at(path).read(rows);
      return labelled()
          ? new Examples(rows.features(), classes, rows.labels())
          : unlabelled(rows.features(), classes);
    }
  }
}
