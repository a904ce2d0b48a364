package dev.lockstep.spark.source;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import org.apache.hadoop.conf.Configuration;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.example.data.simple.SimpleGroupFactory;
import org.apache.parquet.hadoop.ParquetFileWriter;
import org.apache.parquet.hadoop.ParquetWriter;
import org.apache.parquet.hadoop.example.ExampleParquetWriter;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;
import org.apache.parquet.hadoop.util.HadoopOutputFile;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.MessageTypeParser;

/** A Parquet file of a few rows, written by Parquet's own writer. */
public record ParquetFile(MessageType schema, CompressionCodecName codec, long rowGroupBytes) {
  /** With the columns {@code fields}, as Parquet writes schemas. */
  public static ParquetFile of(String fields) {
    return new ParquetFile(
        MessageTypeParser.parseMessageType("message rows {" + fields + "}"),
        CompressionCodecName.SNAPPY,
        1 << 20);
  }

  /** Writes {@code rows} to {@code file}, whatever lies there. */
  public void write(Path file, List<? extends Consumer<Group>> rows) {
    SimpleGroupFactory groups = new SimpleGroupFactory(schema);
    try (ParquetWriter<Group> writer =
        ExampleParquetWriter.builder(
                HadoopOutputFile.fromPath(
                    new org.apache.hadoop.fs.Path(file.toUri()), new Configuration()))
            .withWriteMode(ParquetFileWriter.Mode.OVERWRITE)
            .withType(schema)
            .withCompressionCodec(codec)
            .withRowGroupSize(rowGroupBytes)
            .withPageSize((int) Math.max(64, rowGroupBytes / 4))
            .build()) {
      for (Consumer<Group> row : rows) {
        Group group = groups.newGroup();
        row.accept(group);
        writer.write(group);
      }
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  /** Adds an array as Spark writes it; null is a null element. */
  public static void addArray(Group row, String column, Double... numbers) {
    Group array = row.addGroup(column);
    for (Double number : numbers) {
      Group element = array.addGroup(0);
      if (number != null) {
        element.add(0, number);
      }
    }
  }
}
