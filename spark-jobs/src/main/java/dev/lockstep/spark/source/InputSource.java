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
  /**
   * The inputs.
   *
   * @throws ConfigurationException if a file is missing or defect
   */
  Features features();

  /**
   * The inputs with their true classes, if the source has those too.
   *
   * @param classes how many classes there are, 1 to 256; each label must be less
   * @throws ConfigurationException if a file is missing or defect
   */
  Optional<Examples> examples(int classes);

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
    public Features features() {
      return ImageFiles.images(images);
    }

    @Override
    public Optional<Examples> examples(int classes) {
      return labels.isEmpty()
          ? Optional.empty()
          : Optional.of(ImageFiles.examples(images, labels, classes));
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
    public Features features() {
      return read(Optional.empty()).features();
    }

    @Override
    public Optional<Examples> examples(int classes) {
      if (label.isEmpty()) {
        return Optional.empty();
      }
      ParquetRows rows =
          read(
              Optional.of(
                  new Label(
                      label, classes - 1, "for the model tells %d apart".formatted(classes))));
      return Optional.of(new Examples(rows.features(), classes, rows.labels()));
    }

    private ParquetRows read(Optional<Label> label) {
      ParquetRows rows = new ParquetRows(columns, label, Optional.empty(), false);
      ParquetTable.at(path).read(rows);
      return rows;
    }
  }
}
