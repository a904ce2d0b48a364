package dev.lockstep.spark.job;

import java.io.IOException;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.io.NullWritable;
import org.apache.hadoop.io.Text;
import org.apache.hadoop.mapreduce.TaskAttemptContext;
import org.apache.hadoop.mapreduce.lib.output.TextOutputFormat;

/** Lines of text in files whose names end in {@code .csv}, as those that Spark SQL writes. */
public final class CsvOutputFormat extends TextOutputFormat<NullWritable, Text> {
  /** For Spark, which makes one for each task. */
  public CsvOutputFormat() {}

  @Override
  public Path getDefaultWorkFile(TaskAttemptContext context, String compression)
      throws IOException {
    return super.getDefaultWorkFile(context, ".csv" + compression);
  }
}
