package dev.lockstep.spark.ml;

import dev.lockstep.data.Dataset;
import dev.lockstep.data.Examples;
import dev.lockstep.data.FloatFeatures;
import dev.lockstep.data.Shape;
import dev.lockstep.spark.gang.Notice;
import dev.lockstep.split.Marked;
import dev.lockstep.yaml.ConfigurationException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.apache.spark.ml.linalg.DenseVector;
import org.apache.spark.ml.linalg.SparseVector;
import org.apache.spark.ml.linalg.Vector;
import org.apache.spark.ml.util.MetadataUtils;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.util.ArrayData;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.NumericType;
import org.apache.spark.sql.types.StructField;
import scala.Option;

/**
 * The examples of a data frame, in the order of its rows: partition by partition, as Spark collects
 * them. Spark serialises it for executors, which hold a copy each. Immutable.
 */
final class FrameExamples implements Serializable {
  private static final long serialVersionUID = 1L;

  private final String name;
  private final int[] sizes;
  private final int classes;
  private final float[][] features;
  private final byte[] labels;

  /** Of each row; empty if there is no such column. */
  private final double[] weights;

  private final int[] marked;

  private FrameExamples(
      String name,
      int[] sizes,
      int classes,
      float[][] features,
      byte[] labels,
      double[] weights,
      int[] marked) {
    this.name = name;
    this.sizes = sizes;
    this.classes = classes;
    this.features = features;
    this.labels = labels;
    this.weights = weights;
    this.marked = marked;
  }

  /**
   * Where the examples of a data frame are.
   *
   * @param features a column of vectors
   * @param label a column of classes as doubles, whole numbers from 0
   * @param weight a column of numbers, how much each row counts, if there is one
   * @param validation a column that is true for the rows that validate, if there is one
   * @param inputShape height, width and perhaps channels (channel last) of the image that a vector
   *     is; empty for a plain vector
   */
  record Columns(
      String features,
      String label,
      Optional<String> weight,
      Optional<String> validation,
      int[] inputShape) {
    int channels() {
      return inputShape.length == 3 ? inputShape[2] : 1;
    }
  }

  /**
   * Rows of one partition; a vector, a label or a weight that is null in the frame is null or NaN
   * here. A class, for Kryo cannot make records.
   */
  private static final class Part implements Serializable {
    private static final long serialVersionUID = 1L;

    final float[][] features;
    final double[] labels;
    final double[] weights;
    final boolean[] marked;

    private Part(float[][] features, double[] labels, double[] weights, boolean[] marked) {
      this.features = features;
      this.labels = labels;
      this.weights = weights;
      this.marked = marked;
    }

    static Part of(Iterator<Row> rows, int channels) {
      List<float[]> features = new ArrayList<>();
      List<Double> labels = new ArrayList<>();
      List<Double> weights = new ArrayList<>();
      List<Boolean> marked = new ArrayList<>();
      rows.forEachRemaining(
          row -> {
            features.add(row.isNullAt(0) ? null : floats((Vector) row.get(0), channels));
            labels.add(row.isNullAt(1) ? Double.NaN : row.getDouble(1));
            weights.add(row.isNullAt(2) ? Double.NaN : row.getDouble(2));
            marked.add(!row.isNullAt(3) && row.getBoolean(3));
          });
      boolean[] marks = new boolean[marked.size()];
      for (int i = 0; i < marks.length; i++) {
        marks[i] = marked.get(i);
      }
      return new Part(
          features.toArray(float[][]::new),
          labels.stream().mapToDouble(Double::doubleValue).toArray(),
          weights.stream().mapToDouble(Double::doubleValue).toArray(),
          marks);
    }
  }

  /**
   * The vector's numbers, all of them, in the order that networks take: channel, row, column.
   *
   * @param channels of the image that the vector is, channel last; 1 for all else
   */
  static float[] floats(Vector vector, int channels) {
    float[] numbers = new float[vector.size()];
    int planes = planes(numbers.length, channels);
    if (vector instanceof SparseVector sparse) {
      for (int i = 0; i < sparse.indices().length; i++) {
        numbers[place(sparse.indices()[i], planes, numbers)] = (float) sparse.values()[i];
      }
    } else {
      double[] values = ((DenseVector) vector).values();
      for (int index = 0; index < values.length; index++) {
        numbers[place(index, planes, numbers)] = (float) values[index];
      }
    }
    return numbers;
  }

  /**
   * As the other, of a vector as Spark SQL holds it ({@link
   * org.apache.spark.ml.linalg.VectorUDT#sqlType}): type, size, indices, values.
   */
  static float[] floats(InternalRow vector, int channels) {
    boolean sparse = vector.getByte(0) == 0;
    ArrayData values = vector.getArray(3);
    float[] numbers = new float[sparse ? vector.getInt(1) : values.numElements()];
    int planes = planes(numbers.length, channels);
    ArrayData indices = sparse ? vector.getArray(2) : null;
    int count = values.numElements();
    for (int i = 0; i < count; i++) {
      int index = sparse ? indices.getInt(i) : i;
      numbers[place(index, planes, numbers)] = (float) values.getDouble(i);
    }
    return numbers;
  }

  /** What is no image is refused later. */
  private static int planes(int numbers, int channels) {
    return numbers % channels == 0 ? channels : 1;
  }

  private static int place(int index, int planes, float[] numbers) {
    return planes == 1 ? index : index % planes * (numbers.length / planes) + index / planes;
  }

  /**
   * Collects the examples of {@code frame} on the driver, which must have room for them.
   *
   * @param name what errors call the frame
   * @throws ConfigurationException if a row is not an example that a network can learn from
   */
  static FrameExamples collect(
      String name, org.apache.spark.sql.Dataset<?> frame, Columns columns) {
    Column weight = columns.weight().map(of -> weight(name, frame, of)).orElse(functions.lit(1.0));
    Column marked =
        columns.validation().map(of -> validation(name, frame, of)).orElse(functions.lit(false));
    int channels = columns.channels();
    List<Part> parts =
        Notice.collect(
            frame.sparkSession().sparkContext(),
            "the examples of " + name,
            () ->
                frame
                    .select(
                        functions.col(columns.features()),
                        functions.col(columns.label()),
                        weight,
                        marked)
                    .toJavaRDD()
                    .mapPartitions(rows -> List.of(Part.of(rows, channels)).iterator()));
    float[][] features =
        parts.stream().flatMap(part -> Arrays.stream(part.features)).toArray(float[][]::new);
    double[] values = parts.stream().flatMapToDouble(part -> Arrays.stream(part.labels)).toArray();
    requireVectors(name, columns.features(), features);
    byte[] labels = labels(name, columns.label(), values);
    double[] weights =
        columns.weight().map(column -> weights(name, column, parts)).orElse(new double[0]);
    return new FrameExamples(
        name,
        sizes(name, columns, features[0].length),
        classes(frame.schema().apply(columns.label()), labels),
        features,
        labels,
        weights,
        marked(parts));
  }

  private static Column weight(String name, org.apache.spark.sql.Dataset<?> frame, String column) {
    StructField field = frame.schema().apply(column);
    if (!(field.dataType() instanceof NumericType)) {
      throw new ConfigurationException(
          "%s: weightCol '%s' is a column of %s but must be one of numbers"
              .formatted(name, column, field.dataType().simpleString()));
    }
    return functions.col(column).cast(DataTypes.DoubleType);
  }

  private static Column validation(
      String name, org.apache.spark.sql.Dataset<?> frame, String column) {
    StructField field = frame.schema().apply(column);
    if (!field.dataType().equals(DataTypes.BooleanType)) {
      throw new ConfigurationException(
          "%s: validationIndicatorCol '%s' is a column of %s but must be one of boolean"
              .formatted(name, column, field.dataType().simpleString()));
    }
    return functions.col(column);
  }

  private static void requireVectors(String name, String column, float[][] features) {
    if (features.length == 0) {
      throw new ConfigurationException(name + ": the data frame has no rows to learn from");
    }
    for (int row = 0; row < features.length; row++) {
      if (features[row] == null) {
        throw new ConfigurationException(
            "%s: row %d (from 0) has null in column '%s' but must have a vector"
                .formatted(name, row, column));
      }
      if (features[row].length != features[0].length || features[row].length == 0) {
        throw new ConfigurationException(
            "%s: row %d (from 0) has %d numbers in column '%s' but must have %d, as the first row has"
                .formatted(
                    name, row, features[row].length, column, Math.max(1, features[0].length)));
      }
      for (float number : features[row]) {
        if (!Float.isFinite(number)) {
          throw new ConfigurationException(
              "%s: row %d (from 0) has %s in column '%s' but a network needs finite numbers"
                  .formatted(name, row, number, column));
        }
      }
    }
  }

  private static byte[] labels(String name, String column, double[] values) {
    byte[] labels = new byte[values.length];
    for (int row = 0; row < values.length; row++) {
      if (!(values[row] >= 0
          && values[row] < Examples.MOST_CLASSES
          && values[row] == Math.rint(values[row]))) {
        throw new ConfigurationException(
            "%s: row %d (from 0) has the label %s in column '%s' but a class must be a whole number from 0 to %d; StringIndexer makes such"
                .formatted(
                    name,
                    row,
                    Double.isNaN(values[row]) ? "null" : values[row],
                    column,
                    Examples.MOST_CLASSES - 1));
      }
      labels[row] = (byte) (int) values[row];
    }
    return labels;
  }

  private static double[] weights(String name, String column, List<Part> parts) {
    double[] weights =
        parts.stream().flatMapToDouble(part -> Arrays.stream(part.weights)).toArray();
    for (int row = 0; row < weights.length; row++) {
      if (!(weights[row] >= 0 && weights[row] < Double.POSITIVE_INFINITY)) {
        throw new ConfigurationException(
            "%s: row %d (from 0) has the weight %s in column '%s' but a weight must be a finite number, at least 0"
                .formatted(
                    name, row, Double.isNaN(weights[row]) ? "null or NaN" : weights[row], column));
      }
    }
    requireSum(name, column, parts, false);
    requireSum(name, column, parts, true);
    return weights;
  }

  private static void requireSum(String name, String column, List<Part> parts, boolean marked) {
    int rows = 0;
    double sum = 0;
    for (Part part : parts) {
      for (int i = 0; i < part.weights.length; i++) {
        if (part.marked[i] == marked) {
          rows++;
          sum += part.weights[i];
        }
      }
    }
    if (rows > 0 && !(sum > 0 && sum < Double.POSITIVE_INFINITY)) {
      throw new ConfigurationException(
          "%s: the weights of column '%s' add up to %s over the %d rows that %s but must be more than 0 and finite"
              .formatted(name, column, sum, rows, marked ? "validate" : "are learned from"));
    }
  }

  /** As many as the column's metadata says, for a part of a frame may lack some; at least two. */
  private static int classes(StructField field, byte[] labels) {
    int most = 1;
    for (byte label : labels) {
      most = Math.max(most, label & 0xFF);
    }
    Option<Object> said = MetadataUtils.getNumClasses(field);
    return said.isDefined() ? Math.max(most + 1, (Integer) said.get()) : most + 1;
  }

  private static int[] sizes(String name, Columns columns, int numbers) {
    int[] shape = columns.inputShape();
    if (shape.length == 0) {
      return new int[] {1, numbers, 1};
    }
    long product = 1;
    for (int size : shape) {
      product *= size;
    }
    if (product != numbers) {
      throw new ConfigurationException(
          "%s: inputShape is %s, which is %d numbers, but the vectors of column '%s' have %d"
              .formatted(name, Arrays.toString(shape), product, columns.features(), numbers));
    }
    return new int[] {shape[0], shape[1], columns.channels()};
  }

  private static int[] marked(List<Part> parts) {
    List<Integer> marked = new ArrayList<>();
    int row = 0;
    for (Part part : parts) {
      for (boolean mark : part.marked) {
        if (mark) {
          marked.add(row);
        }
        row++;
      }
    }
    return marked.stream().mapToInt(Integer::intValue).toArray();
  }

  /** How many there are. */
  int size() {
    return labels.length;
  }

  /** The rows that are learned from. */
  int[] learned() {
    boolean[] held = new boolean[size()];
    for (int row : marked) {
      held[row] = true;
    }
    return IntStream.range(0, held.length).filter(row -> !held[row]).toArray();
  }

  /** Those that the frame marks for validation. */
  Marked validation() {
    return new Marked(Arrays.stream(marked).boxed().toList());
  }

  /** As the data set of a training, without test examples. The rows are shared, not copied. */
  Dataset dataset() {
    Shape shape = new Shape(sizes[0], sizes[1], sizes[2]);
    Examples training = new Examples(new FloatFeatures(shape, features), classes, labels);
    return new Dataset(
        name,
        weights.length == 0 ? training : training.weighted(weights, List.of(learned(), marked)),
        new Examples(new FloatFeatures(shape, new float[0][]), classes, new byte[0]));
  }
}
