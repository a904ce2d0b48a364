package dev.lockstep.spark.source;

import dev.lockstep.data.Features;
import dev.lockstep.data.FloatFeatures;
import dev.lockstep.data.FreeHeap;
import dev.lockstep.data.Outline;
import dev.lockstep.data.Shape;
import dev.lockstep.yaml.ConfigurationException;
import dev.lockstep.yaml.Section;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.hadoop.conf.Configuration;
import org.apache.parquet.HadoopReadOptions;
import org.apache.parquet.column.page.PageReadStore;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.metadata.BlockMetaData;
import org.apache.parquet.hadoop.metadata.ColumnChunkMetaData;
import org.apache.parquet.io.ColumnIOFactory;
import org.apache.parquet.io.InputFile;
import org.apache.parquet.io.MessageColumnIO;
import org.apache.parquet.io.RecordReader;
import org.apache.parquet.io.api.Converter;
import org.apache.parquet.io.api.GroupConverter;
import org.apache.parquet.io.api.RecordMaterializer;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.Type;

/**
 * Features, and labels if there are any, as they are read from Parquet files one after the other.
 * Every defect is a {@link ConfigurationException} that names file, row and column. A row group at
 * a time is held beside what has been read. Belongs to one thread.
 */
final class ParquetRows {
  /** Free heap is looked at each time so many bytes more have been taken. */
  private static final long HEAP_CHECK = 1 << 23;

  private final ParquetColumns columns;
  private final Optional<Label> label;
  private final boolean outlined;
  private final List<float[]> features = new ArrayList<>();
  private final List<byte[]> digests = new ArrayList<>();
  private final ByteArrayOutputStream labels = new ByteArrayOutputStream();
  private Length length;
  private int highest;
  private long unchecked;

  /**
   * The column of labels.
   *
   * @param most the highest class there may be
   * @param reason for that, a part of a sentence
   */
  record Label(String column, int most, String reason) {}

  /**
   * How many numbers an example has.
   *
   * @param reason for that, a part of a sentence
   */
  record Length(int numbers, String reason) {}

  /**
   * Nothing read yet.
   *
   * @param length if empty, the first row decides
   * @param outlined whether of the features only an {@link Outline} is kept
   */
  ParquetRows(
      ParquetColumns columns, Optional<Label> label, Optional<Length> length, boolean outlined) {
    this.outlined = outlined;
    this.columns = columns;
    this.label = label;
    this.length =
        length
            .or(
                () ->
                    columns
                        .shape()
                        .map(
                            shape ->
                                new Length(
                                    shape.size(), "as shape %s says".formatted(columns.sizes()))))
            .orElse(null);
  }

  /** How many rows have been read. */
  int size() {
    return features.size() + digests.size();
  }

  /** The highest label that was read. */
  int highest() {
    return highest;
  }

  /** The features of all rows, or their outline. */
  Features features() {
    Shape shape = columns.shape().orElseGet(() -> Shape.vector(length.numbers()));
    return outlined
        ? new Outline(shape, digests.toArray(byte[][]::new))
        : new FloatFeatures(shape, features.toArray(float[][]::new));
  }

  /** The labels of all rows. */
  byte[] labels() {
    return labels.toByteArray();
  }

  /**
   * Reads all rows of a file.
   *
   * @param name what errors call it
   */
  void read(String name, InputFile file, Configuration hadoop) throws IOException {
    try (ParquetFileReader reader =
        ParquetFileReader.open(file, HadoopReadOptions.builder(hadoop).build())) {
      MessageType schema = reader.getFileMetaData().getSchema();
      Row row = new Row(name, schema);
      reader.setRequestedSchema(row.schema);
      MessageColumnIO columnIo =
          new ColumnIOFactory(reader.getFileMetaData().getCreatedBy())
              .getColumnIO(row.schema, schema);
      for (BlockMetaData group : reader.getRowGroups()) {
        if (group.getRowCount() == 0) { // As Arrow writes a table without rows.
          reader.skipNextRowGroup();
          continue;
        }
        requireWhole(name, file.getLength(), group, row.schema);
        PageReadStore pages = reader.readNextRowGroup();
        RecordReader<Row> records = columnIo.getRecordReader(pages, row);
        for (long i = 0; i < pages.getRowCount(); i++) {
          take(records.read());
        }
      }
    }
  }

  /** Before a row group is read: it must lie in the file, and its content fit into the heap. */
  private static void requireWhole(
      String name, long bytes, BlockMetaData group, MessageType wanted) {
    Set<String> paths =
        wanted.getPaths().stream().map(path -> String.join(".", path)).collect(Collectors.toSet());
    long content = 0;
    for (ColumnChunkMetaData chunk : group.getColumns()) {
      if (!paths.contains(chunk.getPath().toDotString())) {
        continue;
      }
      long from = chunk.getStartingPos();
      if (from < 0 || chunk.getTotalSize() < 0 || from > bytes - chunk.getTotalSize()) {
        throw new ConfigurationException(
            "%s: is not whole: column %s lies at bytes %d to %d but the file has %d; copy or write it again"
                .formatted(name, chunk.getPath(), from, from + chunk.getTotalSize(), bytes));
      }
      content += chunk.getTotalSize() + Math.max(0, chunk.getTotalUncompressedSize());
    }
    if (!FreeHeap.has(content)) {
      throw new ConfigurationException(
          "%s: a row group of %d MB does not fit into the Java heap of %d MB; give the process more memory, or write smaller row groups (parquet.block.size)"
              .formatted(name, content >> 20, FreeHeap.megabytes()));
    }
  }

  private void take(Row row) {
    float[] numbers = row.features();
    if (length == null) {
      length = new Length(numbers.length, "as the first row has");
    }
    if (numbers.length != length.numbers()) {
      throw row.wrong(
          "has %d numbers in %s but must have %d, %s"
              .formatted(numbers.length, columns, length.numbers(), length.reason()));
    }
    requireHeap(row, numbers);
    if (outlined) {
      digests.add(FloatFeatures.digest(channelFirst(numbers)));
    } else {
      features.add(channelFirst(numbers));
    }
    row.label()
        .ifPresent(
            label -> {
              labels.write(label);
              highest = Math.max(highest, label);
            });
    row.number++;
  }

  /** The order that networks take; files have channels last. */
  private float[] channelFirst(float[] numbers) {
    Shape shape = columns.shape().orElse(null);
    if (shape == null || shape.channels() == 1) {
      return numbers;
    }
    int plane = shape.height() * shape.width();
    float[] image = new float[numbers.length];
    for (int p = 0; p < plane; p++) {
      for (int c = 0; c < shape.channels(); c++) {
        image[c * plane + p] = numbers[p * shape.channels() + c];
      }
    }
    return image;
  }

  private void requireHeap(Row row, float[] next) {
    unchecked += (long) next.length * Float.BYTES + 32;
    if (unchecked >= HEAP_CHECK) {
      unchecked = 0;
      if (!FreeHeap.has(2 * HEAP_CHECK + 2L * Float.BYTES * next.length + 16L * size())) {
        throw new ConfigurationException(
            "%s: the examples do not fit into the Java heap of %d MB: it was full after %d of %d numbers; give the process more memory"
                .formatted(row.file, FreeHeap.megabytes(), size(), next.length));
      }
    }
  }

  /** The row that is being read of one file. */
  private final class Row extends RecordMaterializer<Row> {
    private final String file;
    private final MessageType schema;
    private final List<ColumnNumbers> read = new ArrayList<>();
    private long number;

    Row(String file, MessageType all) {
      this.file = file;
      List<Type> types = new ArrayList<>();
      for (String name : columns.names()) {
        addColumn(
            name,
            all,
            types,
            "numbers, of arrays of numbers or of vectors of Spark ML; cast it, or index and encode it");
      }
      label.ifPresent(
          wanted ->
              addColumn(
                  wanted.column(),
                  all,
                  types,
                  "whole numbers, the classes; Spark ML's StringIndexer makes one of texts"));
      this.schema = new MessageType(all.getName(), types);
    }

    private void addColumn(String name, MessageType all, List<Type> types, String rule) {
      if (!all.containsField(name)) {
        List<String> names = all.getFields().stream().map(Type::getName).toList();
        throw new ConfigurationException(
            "%s: there is no column '%s'%s; its columns are %s"
                .formatted(file, name, Section.suggestion(name, names), String.join(", ", names)));
      }
      Type type = all.getType(name);
      try {
        read.add(new ColumnNumbers(type));
      } catch (IllegalArgumentException e) {
        throw new ConfigurationException(
            "%s: column '%s' is of %s but must be of %s"
                .formatted(file, name, e.getMessage(), rule),
            e);
      }
      if (!types.contains(type)) {
        types.add(type);
      } else {
        throw new ConfigurationException(
            "%s: column '%s' is named twice among features and label".formatted(file, name));
      }
    }

    float[] features() {
      int numbers = 0;
      for (int i = 0; i < columns.names().size(); i++) {
        requireNumbers(i, columns.names().get(i));
        numbers = Math.addExact(numbers, read.get(i).size());
      }
      if (numbers == 0) {
        throw wrong("has no numbers in %s".formatted(columns));
      }
      float[] row = new float[numbers];
      int at = 0;
      for (ColumnNumbers column : read.subList(0, columns.names().size())) {
        for (int i = 0; i < column.size(); i++) {
          row[at++] = (float) column.get(i);
        }
      }
      return row;
    }

    Optional<Integer> label() {
      return label.map(
          wanted -> {
            ColumnNumbers column = read.get(read.size() - 1);
            requireNumbers(read.size() - 1, wanted.column());
            double value = column.size() == 1 ? column.get(0) : -1;
            if (value != Math.rint(value) || value < 0 || value > wanted.most()) {
              throw wrong(
                  "column '%s' is %s but must be a class, a whole number from 0 to %d, %s"
                      .formatted(
                          wanted.column(),
                          column.size() == 1 ? number(value) : "not one number",
                          wanted.most(),
                          wanted.reason()));
            }
            return (int) value;
          });
    }

    private String number(double value) {
      return value == Math.rint(value) && Math.abs(value) < 1e15
          ? Long.toString((long) value)
          : Double.toString(value);
    }

    private void requireNumbers(int i, String name) {
      read.get(i)
          .problem()
          .ifPresent(
              problem -> {
                throw wrong("column '%s' %s".formatted(name, problem));
              });
    }

    ConfigurationException wrong(String what) {
      return new ConfigurationException("%s: row %d (from 0): %s".formatted(file, number, what));
    }

    @Override
    public Row getCurrentRecord() {
      return this;
    }

    @Override
    public GroupConverter getRootConverter() {
      return new GroupConverter() {
        @Override
        public Converter getConverter(int field) {
          return read.get(field).converter();
        }

        @Override
        public void start() {
          read.forEach(ColumnNumbers::clear);
        }

        @Override
        public void end() {}
      };
    }
  }
}
