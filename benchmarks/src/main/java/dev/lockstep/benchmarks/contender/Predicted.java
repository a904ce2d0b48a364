package dev.lockstep.benchmarks.contender;

import dev.lockstep.metrics.ConfusionMatrix;
import dev.lockstep.spark.job.Prediction;
import dev.lockstep.spark.job.Prediction.Format;
import dev.lockstep.spark.storage.Location;
import java.nio.file.Path;
import java.util.List;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * No training: the Spark job of {@code lockstep predict --format}. It fails if the confusion of
 * what it wrote is not that of {@code lockstep evaluate}.
 *
 * @param directory where its files go, over those of the time before
 */
public record Predicted(
    JavaSparkContext spark, PredictionSubject subject, Format format, Path directory)
    implements Contender {
  @Override
  public String name() {
    return "predict, %s".formatted(format);
  }

  @Override
  public String note() {
    return "The confusion matrix of what is written is that of evaluate, each time.";
  }

  @Override
  public Run train(Task task) {
    Location output = Location.of(directory.resolve(format.toString()).toString());
    long before = System.nanoTime();
    Prediction.of(spark, subject.model(), subject.input()).write(output, format, true);
    double seconds = (System.nanoTime() - before) * 1e-9;
    ConfusionMatrix confusion = confusion(output.absolute());
    if (!confusion.toJson().equals(subject.confusion().toJson())) {
      throw new IllegalStateException(
          "%s counts the confusion %s, but evaluate %s"
              .formatted(name(), confusion.toJson(), subject.confusion().toJson()));
    }
    return Run.evaluated(
        subject.input().examples().size(),
        List.of(new Run.Point(seconds, confusion.accuracy())),
        Double.NaN);
  }

  private ConfusionMatrix confusion(String written) {
    SparkSession session = SparkSession.builder().sparkContext(spark.sc()).getOrCreate();
    Dataset<Row> rows =
        format == Format.PARQUET
            ? session.read().parquet(written)
            : session.read().option("header", true).option("inferSchema", true).csv(written);
    int classes = subject.confusion().classes();
    long[] counts = new long[classes * classes];
    for (Row row : rows.groupBy("label", "class").count().collectAsList()) {
      counts[row.getInt(0) * classes + row.getInt(1)] = row.getLong(2);
    }
    return new ConfusionMatrix(classes, counts);
  }
}
