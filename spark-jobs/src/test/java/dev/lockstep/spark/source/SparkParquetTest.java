package dev.lockstep.spark.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.lockstep.data.Examples;
import dev.lockstep.data.FloatFeatures;
import dev.lockstep.data.Shape;
import dev.lockstep.random.CounterRandom;
import dev.lockstep.yaml.ConfigurationException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.ml.feature.VectorAssembler;
import org.apache.spark.ml.linalg.SQLDataTypes;
import org.apache.spark.ml.linalg.Vectors;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Data frames that Spark has written, with columns of every kind. */
class SparkParquetTest {
  private static final int ROWS = 60;
  private static final int NUMBERS = 5;

  @TempDir static Path directory;

  private static SparkSession spark;
  private static float[][] numbers;
  private static byte[] labels;

  @BeforeAll
  static void drawNumbers() {
    spark =
        SparkSession.builder().master("local[2]").config("spark.ui.enabled", "false").getOrCreate();
    numbers = new float[ROWS][NUMBERS];
    labels = new byte[ROWS];
    CounterRandom random = new CounterRandom(7);
    for (int i = 0; i < ROWS; i++) {
      labels[i] = (byte) random.nextInt(3);
      for (int p = 0; p < NUMBERS; p++) {
        // Whole numbers, so that columns of every type hold them, and zeros, so that some are
        // sparse.
        numbers[i][p] = random.nextInt(3) == 0 ? random.nextInt(1000) - 500 : 0;
      }
    }
  }

  @AfterAll
  static void stop() {
    spark.stop();
  }

  private static double[] doubles(int row) {
    return IntStream.range(0, NUMBERS).mapToDouble(p -> numbers[row][p]).toArray();
  }

  private static Dataset<Row> frame(
      DataType type, DataType labelType, int partitions, Function<Integer, Object> cell) {
    List<Row> rows = new ArrayList<>();
    for (int i = 0; i < ROWS; i++) {
      Object label =
          labelType.equals(DataTypes.DoubleType) ? (Object) (double) labels[i] : (int) labels[i];
      rows.add(RowFactory.create(label, cell.apply(i)));
    }
    StructType schema = new StructType().add("label", labelType).add("features", type);
    return spark.createDataFrame(
        JavaSparkContext.fromSparkContext(spark.sparkContext()).parallelize(rows, partitions),
        schema);
  }

  private static Examples read(Path path, String columns) {
    return DatasetSource.of("{parquet: '%s', features: %s, label: label}".formatted(path, columns))
        .load()
        .training();
  }

  private static void assertSame(Examples examples) {
    assertThat(examples.fingerprint())
        .isEqualTo(
            new Examples(new FloatFeatures(Shape.vector(NUMBERS), numbers), 3, labels)
                .fingerprint());
  }

  @ParameterizedTest
  @CsvSource({"1,snappy", "2,gzip", "7,zstd", "3,lz4_raw"})
  void vectorsDenseAndSparseInAnyNumberOfPartitions(int partitions, String codec) {
    Path path = directory.resolve("vectors-" + partitions);
    frame(
            SQLDataTypes.VectorType(),
            DataTypes.DoubleType,
            partitions,
            i -> i % 2 == 0 ? Vectors.dense(doubles(i)) : Vectors.dense(doubles(i)).toSparse())
        .write()
        .option("compression", codec)
        .parquet(path.toString());

    assertSame(read(path, "features"));
  }

  @ParameterizedTest
  @CsvSource({"float", "double", "int", "bigint", "smallint", "tinyint"})
  void arraysOfEveryNumber(String type) {
    Path path = directory.resolve("arrays-" + type);
    Dataset<Row> arrays =
        frame(
            DataTypes.createArrayType(DataTypes.DoubleType),
            DataTypes.IntegerType,
            3,
            i -> IntStream.range(0, NUMBERS).mapToDouble(p -> small(type, i, p)).toArray());
    arrays
        .selectExpr("label", "cast(features as array<%s>) as features".formatted(type))
        .write()
        .parquet(path.toString());

    Examples examples = read(path, "features");

    float[] row = new float[NUMBERS];
    for (int i = 0; i < ROWS; i++) {
      examples.copy(i, row, 0);
      for (int p = 0; p < NUMBERS; p++) {
        assertThat((double) row[p]).isEqualTo(small(type, i, p));
      }
      assertThat(examples.label(i)).isEqualTo(labels[i]);
    }
  }

  /** A number that the type can hold. */
  private static double small(String type, int row, int place) {
    return type.equals("tinyint") ? numbers[row][place] % 100 : numbers[row][place];
  }

  @Test
  void aListOfColumnsIsWhatTheVectorAssemblerMakesOfThem() {
    Path path = directory.resolve("assembled");
    String[] names = IntStream.range(0, NUMBERS).mapToObj(p -> "c" + p).toArray(String[]::new);
    StructType schema = new StructType().add("label", DataTypes.LongType);
    for (String name : names) {
      schema = schema.add(name, name.equals("c1") ? DataTypes.FloatType : DataTypes.DoubleType);
    }
    List<Row> rows = new ArrayList<>();
    for (int i = 0; i < ROWS; i++) {
      Object[] cells = new Object[NUMBERS + 1];
      cells[0] = (long) labels[i];
      for (int p = 0; p < NUMBERS; p++) {
        cells[p + 1] = p == 1 ? (Object) numbers[i][p] : (double) numbers[i][p];
      }
      rows.add(RowFactory.create(cells));
    }
    new VectorAssembler()
        .setInputCols(names)
        .setOutputCol("assembled")
        .transform(spark.createDataFrame(rows, schema).coalesce(1))
        .write()
        .parquet(path.toString());

    assertSame(read(path, "[c0, c1, c2, c3, c4]"));
    assertSame(read(path, "assembled"));
  }

  @Test
  void aSparseVectorOfAnotherSizeIsRefusedWithItsRow() {
    Path path = directory.resolve("ragged");
    frame(
            SQLDataTypes.VectorType(),
            DataTypes.DoubleType,
            1,
            i -> Vectors.sparse(i == 3 ? 6 : 5, new int[] {4}, new double[] {1}))
        .write()
        .parquet(path.toString());

    assertThatExceptionOfType(ConfigurationException.class)
        .isThrownBy(() -> read(path, "features"))
        .withMessageContaining(path + "/part-00000-")
        .withMessageEndingWith(
            "row 3 (from 0): has 6 numbers in column 'features' but must have 5, as the first row has");
  }

  @Test
  void theOldWayOfWritingArraysIsReadToo() {
    Path path = directory.resolve("legacy");
    spark.conf().set("spark.sql.parquet.writeLegacyFormat", "true");
    try {
      frame(
              DataTypes.createArrayType(DataTypes.DoubleType),
              DataTypes.DoubleType,
              2,
              i -> IntStream.range(0, NUMBERS).mapToDouble(p -> numbers[i][p]).toArray())
          .write()
          .parquet(path.toString());
    } finally {
      spark.conf().unset("spark.sql.parquet.writeLegacyFormat");
    }

    assertSame(read(path, "features"));
  }
}
