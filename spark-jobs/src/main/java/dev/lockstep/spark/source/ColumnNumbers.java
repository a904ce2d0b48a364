package dev.lockstep.spark.source;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.apache.parquet.io.api.Converter;
import org.apache.parquet.io.api.GroupConverter;
import org.apache.parquet.io.api.PrimitiveConverter;
import org.apache.parquet.schema.GroupType;
import org.apache.parquet.schema.LogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.IntLogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.ListLogicalTypeAnnotation;
import org.apache.parquet.schema.Type;
import org.apache.parquet.schema.Type.Repetition;

/**
 * The numbers that one column of a Parquet file has in the current row: one if it is a column of
 * numbers, some if it is one of arrays or of Spark ML's vectors. Parquet's reader hands them in by
 * {@link #converter}; what is wrong with them is kept for the row's end. Belongs to one thread.
 */
final class ColumnNumbers {
  /** The most numbers one row may have: what is kept of a row, whatever the file says. */
  static final int MOST = 1 << 24;

  private static final List<String> VECTOR = List.of("type", "size", "indices", "values");

  private final Converter converter;
  private double[] numbers = new double[16];
  private int filled;
  private boolean present;
  private String problem;

  /**
   * For a column of {@code type}.
   *
   * @throws IllegalArgumentException if it does not consist of numbers; the message says of what
   */
  ColumnNumbers(Type type) {
    this.converter = converter(type);
  }

  private Converter converter(Type type) {
    if (type.isRepetition(Repetition.REPEATED)) {
      throw unfit(type);
    }
    if (type.isPrimitive()) {
      requireNumber(type);
      return new Number();
    }
    GroupType group = type.asGroupType();
    if (group.getLogicalTypeAnnotation() instanceof ListLogicalTypeAnnotation) {
      return new Array(group);
    }
    if (group.getFields().stream().map(Type::getName).toList().equals(VECTOR)) {
      return new SparkVector(group);
    }
    throw unfit(type);
  }

  private static void requireNumber(Type type) {
    LogicalTypeAnnotation meaning = type.getLogicalTypeAnnotation();
    boolean number =
        switch (type.asPrimitiveType().getPrimitiveTypeName()) {
          case FLOAT, DOUBLE -> true;
          case INT32, INT64 ->
              meaning == null
                  || meaning instanceof IntLogicalTypeAnnotation whole
                      && (whole.isSigned() || whole.getBitWidth() < 32);
          default -> false;
        };
    if (!number) {
      throw unfit(type);
    }
  }

  private static IllegalArgumentException unfit(Type type) {
    String name =
        type.isPrimitive()
            ? type.asPrimitiveType().getPrimitiveTypeName().name().toLowerCase(Locale.ROOT)
            : "group of (%s)"
                .formatted(
                    String.join(
                        ", ", type.asGroupType().getFields().stream().map(Type::getName).toList()));
    LogicalTypeAnnotation meaning = type.getLogicalTypeAnnotation();
    return new IllegalArgumentException(
        (type.isRepetition(Repetition.REPEATED) ? "repeated " : "")
            + name
            + (meaning == null ? "" : " (" + meaning.toString().toLowerCase(Locale.ROOT) + ")"));
  }

  /** What Parquet's reader hands the column's content to. */
  Converter converter() {
    return converter;
  }

  /** Forgets the row. */
  void clear() {
    filled = 0;
    present = false;
    problem = null;
  }

  /** What is wrong with the column in this row. */
  Optional<String> problem() {
    return present ? Optional.ofNullable(problem) : Optional.of("is null");
  }

  /** How many numbers there are in this row. */
  int size() {
    return filled;
  }

  double get(int i) {
    return numbers[i];
  }

  private void add(double number) {
    present = true;
    if (!Float.isFinite((float) number)) {
      object(
          "has %s at place %d (from 0) but must have finite numbers in the range of float32",
          number, filled);
    }
    if (filled == MOST) {
      object("has more than %d numbers, the most that an example may have", MOST);
      return;
    }
    if (filled == numbers.length) {
      numbers = Arrays.copyOf(numbers, Math.min(MOST, 2 * filled));
    }
    numbers[filled++] = number;
  }

  /** The first objection counts. */
  private void object(String message, Object... values) {
    if (problem == null) {
      problem = message.formatted(values);
    }
  }

  private final class Number extends PrimitiveConverter {
    @Override
    public void addInt(int value) {
      add(value);
    }

    @Override
    public void addLong(long value) {
      add(value);
    }

    @Override
    public void addFloat(float value) {
      add(value);
    }

    @Override
    public void addDouble(double value) {
      add(value);
    }
  }

  /**
   * An array: a group of one repeated field, which is the number or, so that it may be null, a
   * group around it (Parquet's specification, "Lists").
   */
  private final class Array extends GroupConverter {
    private final Converter repeated;

    Array(GroupType group) {
      Type field = group.getFieldCount() == 1 ? group.getType(0) : group;
      if (field.isPrimitive()) {
        requireNumber(field);
        repeated = new Number();
      } else if (field.asGroupType().getFieldCount() == 1
          && field.asGroupType().getType(0).isPrimitive()) {
        requireNumber(field.asGroupType().getType(0));
        repeated = new Element();
      } else {
        throw unfit(group);
      }
    }

    @Override
    public Converter getConverter(int field) {
      return repeated;
    }

    @Override
    public void start() {
      present = true;
    }

    @Override
    public void end() {}
  }

  private final class Element extends GroupConverter {
    private final Number number = new Number();
    private int before;

    @Override
    public Converter getConverter(int field) {
      return number;
    }

    @Override
    public void start() {
      before = filled;
    }

    @Override
    public void end() {
      if (filled == before && filled < MOST) {
        object("has a null at place %d (from 0)", filled);
        add(0);
      }
    }
  }

  /** Spark ML's vector: type 1 is dense, type 0 has numbers at indices and is 0 elsewhere. */
  private final class SparkVector extends GroupConverter {
    private static final int SPARSE = 0;
    private static final int DENSE = 1;

    private final ColumnNumbers type;
    private final ColumnNumbers size;
    private final ColumnNumbers indices;
    private final ColumnNumbers values;

    SparkVector(GroupType group) {
      type = new ColumnNumbers(group.getType(0));
      size = new ColumnNumbers(group.getType(1));
      indices = new ColumnNumbers(group.getType(2));
      values = new ColumnNumbers(group.getType(3));
    }

    @Override
    public Converter getConverter(int field) {
      return List.of(type, size, indices, values).get(field).converter();
    }

    @Override
    public void start() {
      present = true;
      type.clear();
      size.clear();
      indices.clear();
      values.clear();
    }

    @Override
    public void end() {
      values.problem().ifPresent(what -> object("%s", what));
      if (type.size() == 1 && type.get(0) == DENSE) {
        for (int i = 0; i < values.size(); i++) {
          add(values.get(i));
        }
      } else if (type.size() == 1 && type.get(0) == SPARSE && size.size() == 1) {
        scatter(size.get(0));
      } else {
        object("is no vector as Spark ML writes it");
      }
    }

    private void scatter(double length) {
      if (length < 0 || length > MOST || indices.size() != values.size()) {
        object(
            "is a sparse vector of size %.0f with %d indices and %d values",
            length, indices.size(), values.size());
        return;
      }
      for (int i = 0; i < indices.size(); i++) {
        double index = indices.get(i);
        if (index < filled || index >= length) {
          object(
              "is a sparse vector of size %.0f whose index %d (from 0) is %.0f: they must ascend and be less than the size",
              length, i, index);
          return;
        }
        zeros((int) index);
        add(values.get(i));
      }
      zeros((int) length);
    }

    private void zeros(int until) {
      while (filled < until) {
        add(0);
      }
    }
  }
}
