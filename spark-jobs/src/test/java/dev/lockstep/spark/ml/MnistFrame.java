package dev.lockstep.spark.ml;

import dev.lockstep.data.Examples;
import dev.lockstep.spark.Digits;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.spark.ml.linalg.SQLDataTypes;
import org.apache.spark.ml.linalg.Vector;
import org.apache.spark.ml.linalg.Vectors;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/** A part of MNIST as a data frame, and Spark for tests of it. */
final class MnistFrame {
  private MnistFrame() {}

  /** Serialises by Kryo, as programs of Spark usually do; the test on a cluster does not. */
  static SparkSession spark() {
    return SparkSession.builder()
        .master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.serializer", "org.apache.spark.serializer.KryoSerializer")
        .getOrCreate();
  }

  /** The first {@code count} training examples. */
  static Examples examples(int count) {
    return Digits.MNIST.training().select(IntStream.range(0, count).toArray());
  }

  /**
   * The same as rows: {@code id}, {@code label}, {@code features} (every other one sparse) and
   * {@code held}, true for every fifth.
   */
  static Dataset<Row> of(SparkSession spark, int count) {
    Examples examples = examples(count);
    List<Row> rows = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      Vector vector = vector(examples, i);
      rows.add(
          RowFactory.create(
              i, (double) examples.label(i), i % 2 == 0 ? vector : vector.toSparse(), i % 5 == 0));
    }
    return spark.createDataFrame(
        rows,
        new StructType()
            .add("id", DataTypes.IntegerType)
            .add("label", DataTypes.DoubleType)
            .add("features", SQLDataTypes.VectorType())
            .add("held", DataTypes.BooleanType));
  }

  private static Vector vector(Examples examples, int example) {
    float[] numbers = new float[examples.shape().size()];
    examples.copy(example, numbers, 0);
    return Vectors.dense(IntStream.range(0, numbers.length).mapToDouble(i -> numbers[i]).toArray());
  }
}
