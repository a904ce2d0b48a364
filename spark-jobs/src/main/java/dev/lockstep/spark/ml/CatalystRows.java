package dev.lockstep.spark.ml;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.spark.sql.Encoder;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.analysis.GetColumnByOrdinal;
import org.apache.spark.sql.catalyst.encoders.ExpressionEncoder;
import org.apache.spark.sql.catalyst.expressions.BoundReference;
import org.apache.spark.sql.catalyst.expressions.CreateNamedStruct;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.expressions.GetStructField;
import org.apache.spark.sql.catalyst.expressions.Literal$;
import org.apache.spark.sql.catalyst.expressions.objects.StaticInvoke;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.ObjectType;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import scala.Option;
import scala.collection.JavaConverters;
import scala.collection.Seq;
import scala.reflect.ClassTag$;

/**
 * Rows as Spark SQL holds them, for functions over whole partitions: no column becomes an object of
 * Java's and is written again, as {@code Encoders.row} would have it, which of wide vectors costs
 * as much as a small network's prediction. Public for the code that Spark generates, and for nobody
 * else.
 */
public final class CatalystRows {
  private static final DataType ROW = new ObjectType(InternalRow.class);

  private CatalystRows() {}

  /**
   * Reads rows of {@code in}, each a copy that stays, and writes rows of {@code out}.
   *
   * @param in all columns of the frame that is read
   */
  static Encoder<InternalRow> encoder(StructType in, StructType out) {
    return ExpressionEncoder.apply(
        writing(out), reading(in), ClassTag$.MODULE$.apply(InternalRow.class));
  }

  private static Expression reading(StructType schema) {
    List<Expression> columns =
        IntStream.range(0, schema.length())
            .mapToObj(i -> (Expression) new GetColumnByOrdinal(i, schema.apply(i).dataType()))
            .toList();
    return call("copy", ROW, struct(schema, columns));
  }

  private static Expression writing(StructType schema) {
    Expression row = call("same", schema, new BoundReference(0, ROW, true));
    List<Expression> columns =
        IntStream.range(0, schema.length())
            .mapToObj(i -> (Expression) new GetStructField(row, i, Option.empty()))
            .toList();
    return struct(schema, columns);
  }

  private static Expression struct(StructType schema, List<Expression> columns) {
    List<Expression> named = new ArrayList<>();
    for (int i = 0; i < columns.size(); i++) {
      StructField field = schema.apply(i);
      named.add(Literal$.MODULE$.apply(field.name()));
      named.add(columns.get(i));
    }
    return new CreateNamedStruct(seq(named));
  }

  private static Expression call(String method, DataType type, Expression argument) {
    return new StaticInvoke(
        CatalystRows.class,
        type,
        method,
        seq(List.of(argument)),
        seq(List.of()),
        true,
        false,
        true);
  }

  private static <T> Seq<T> seq(List<T> list) {
    return JavaConverters.asScalaBuffer(list).toList();
  }

  /** Called by what Spark generates: a row that does not change when the next one is read. */
  public static InternalRow copy(InternalRow row) {
    return row.copy();
  }

  /** Called by what Spark generates: the row as a value of its schema. */
  public static InternalRow same(InternalRow row) {
    return row;
  }
}
