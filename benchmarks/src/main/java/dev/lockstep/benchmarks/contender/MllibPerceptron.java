package dev.lockstep.benchmarks.contender;

import dev.lockstep.benchmarks.contender.Run.Point;
import dev.lockstep.data.Examples;
import dev.lockstep.network.Dense;
import dev.lockstep.network.NetworkLayer;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.ml.classification.MultilayerPerceptronClassificationModel;
import org.apache.spark.ml.classification.MultilayerPerceptronClassifier;
import org.apache.spark.ml.linalg.SQLDataTypes;
import org.apache.spark.ml.linalg.Vectors;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.Metadata;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.storage.StorageLevel;

/**
 * Spark MLlib's {@code MultilayerPerceptronClassifier} with the units of the task's dense layers
 * and as many iterations as the task has epochs: each passes over all examples at least once.
 */
public record MllibPerceptron(JavaSparkContext spark, int partitions) implements Contender {
  private static final StructType SCHEMA =
      new StructType(
          new StructField[] {
            new StructField("label", DataTypes.DoubleType, false, Metadata.empty()),
            new StructField("features", SQLDataTypes.VectorType(), false, Metadata.empty())
          });

  @Override
  public String name() {
    return "Spark MLlib perceptron, %d partitions".formatted(partitions);
  }

  @Override
  public String note() {
    return "MLlib's perceptron has sigmoid units, softmax at the end and neither dropout nor"
        + " minibatches: L-BFGS on all examples, which lie in memory before its clock starts. It is"
        + " given iterations in place of epochs.";
  }

  @Override
  public Run train(Task task) {
    SparkSession session = SparkSession.builder().sparkContext(spark.sc()).getOrCreate();
    int[] learned = task.data().split().training();
    Dataset<Row> training = stored(session, task.data().training(), learned);
    MultilayerPerceptronClassifier classifier =
        new MultilayerPerceptronClassifier()
            .setLayers(units(task))
            .setMaxIter(task.plan().epochs())
            .setTol(0)
            .setSeed(task.plan().seed());
    long started = System.nanoTime();
    MultilayerPerceptronClassificationModel model = classifier.fit(training);
    double seconds = (System.nanoTime() - started) * 1e-9;
    training.unpersist();
    double validation = accuracy(model, task.data().training(), task.data().split().validation());
    Examples test = task.data().test();
    return Run.evaluated(
        task.examples(),
        List.of(new Point(seconds, validation)),
        accuracy(model, test, IntStream.range(0, test.size()).toArray()));
  }

  private static int[] units(Task task) {
    List<Integer> units = new ArrayList<>(List.of(task.network().input().size()));
    for (NetworkLayer layer : task.network().layers()) {
      if (layer.definition().orElseThrow() instanceof Dense dense) {
        units.add(dense.units());
      }
    }
    return units.stream().mapToInt(Integer::intValue).toArray();
  }

  private Dataset<Row> stored(SparkSession session, Examples examples, int[] indices) {
    List<Row> rows =
        IntStream.of(indices)
            .mapToObj(
                i -> RowFactory.create((double) examples.label(i), Vectors.dense(row(examples, i))))
            .toList();
    Dataset<Row> stored =
        session
            .createDataFrame(spark.parallelize(rows, partitions), SCHEMA)
            .persist(StorageLevel.MEMORY_ONLY());
    stored.count();
    return stored;
  }

  private static double accuracy(
      MultilayerPerceptronClassificationModel model, Examples examples, int[] indices) {
    long hits =
        IntStream.of(indices)
            .filter(i -> model.predict(Vectors.dense(row(examples, i))) == examples.label(i))
            .count();
    return (double) hits / indices.length;
  }

  private static double[] row(Examples examples, int index) {
    float[] numbers = new float[examples.shape().size()];
    examples.copy(index, numbers, 0);
    return IntStream.range(0, numbers.length).mapToDouble(i -> numbers[i]).toArray();
  }
}
