package dev.lockstep.benchmarks.contender;

import dev.lockstep.data.Examples;
import dev.lockstep.spark.ml.NetworkClassificationModel;
import dev.lockstep.spark.ml.NetworkClassifier;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.ml.linalg.SQLDataTypes;
import org.apache.spark.ml.linalg.Vectors;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * No training: Spark ML's {@code transform} by a model of {@link NetworkClassifier}, to Spark's
 * sink that writes nothing.
 *
 * @param frame cached: {@code label} and {@code features}, sparse vectors
 */
public record Transformed(NetworkClassificationModel model, Dataset<Row> frame)
    implements Contender {
  /** Trains on the examples of {@code task}, in {@code slots} partitions of a frame. */
  public static Transformed of(JavaSparkContext spark, Task task, String network, int slots) {
    Examples examples = task.data().training().select(task.data().split().training());
    SparkSession session = SparkSession.builder().sparkContext(spark.sc()).getOrCreate();
    Dataset<Row> frame =
        session
            .createDataFrame(
                spark.parallelize(rows(examples), slots),
                new StructType()
                    .add("label", DataTypes.DoubleType)
                    .add("features", SQLDataTypes.VectorType()))
            .cache();
    NetworkClassificationModel model =
        new NetworkClassifier()
            .setNetwork(network)
            .setEpochs(1)
            .setBatchSize(task.configuration().plan().batchSize())
            .setWorkers(slots)
            .fit(frame);
    return new Transformed(model, frame);
  }

  private static List<Row> rows(Examples examples) {
    List<Row> rows = new ArrayList<>();
    float[] numbers = new float[examples.shape().size()];
    for (int i = 0; i < examples.size(); i++) {
      examples.copy(i, numbers, 0);
      double[] vector = IntStream.range(0, numbers.length).mapToDouble(p -> numbers[p]).toArray();
      rows.add(RowFactory.create((double) examples.label(i), Vectors.dense(vector).toSparse()));
    }
    return rows;
  }

  @Override
  public String name() {
    return "`NetworkClassificationModel.transform`";
  }

  @Override
  public String note() {
    return "transform: rows of sparse vectors, cached by Spark; what it appends goes to Spark's sink noop.";
  }

  @Override
  public Run train(Task task) {
    long before = System.nanoTime();
    model.transform(frame).write().format("noop").mode("overwrite").save();
    double seconds = (System.nanoTime() - before) * 1e-9;
    Dataset<Row> predicted = model.transform(frame);
    long all = frame.count();
    double accuracy = (double) predicted.filter("prediction = label").count() / all;
    return Run.evaluated(all, List.of(new Run.Point(seconds, accuracy)), Double.NaN);
  }
}
