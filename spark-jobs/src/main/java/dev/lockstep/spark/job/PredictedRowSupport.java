package dev.lockstep.spark.job;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.parquet.hadoop.api.WriteSupport;
import org.apache.parquet.io.api.RecordConsumer;
import org.apache.parquet.schema.LogicalTypeAnnotation;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;
import org.apache.parquet.schema.Type;
import org.apache.parquet.schema.Types;

/**
 * How Parquet writes a {@link PredictedRow}: columns {@code example} (long), {@code label} (int, if
 * true classes are known), {@code class} (int) and {@code probabilities} (array of float), none of
 * them null, as Spark reads and writes them. Public and without arguments, for Parquet makes it.
 */
public final class PredictedRowSupport extends WriteSupport<PredictedRow> {
  /** The setting that says whether true classes are known. */
  static final String LABELLED = "lockstep.prediction.labelled";

  private boolean labelled;
  private RecordConsumer out;

  @Override
  public WriteContext init(Configuration hadoop) {
    labelled = hadoop.getBoolean(LABELLED, false);
    return new WriteContext(schema(labelled), Map.of());
  }

  private static MessageType schema(boolean labelled) {
    List<Type> fields = new ArrayList<>();
    fields.add(Types.required(PrimitiveTypeName.INT64).named("example"));
    if (labelled) {
      fields.add(Types.required(PrimitiveTypeName.INT32).named("label"));
    }
    fields.add(Types.required(PrimitiveTypeName.INT32).named("class"));
    fields.add(
        Types.requiredGroup()
            .as(LogicalTypeAnnotation.listType())
            .addField(
                Types.repeatedGroup()
                    .addField(Types.required(PrimitiveTypeName.FLOAT).named("element"))
                    .named("list"))
            .named("probabilities"));
    return new MessageType("spark_schema", fields);
  }

  @Override
  public void prepareForWrite(RecordConsumer consumer) {
    this.out = consumer;
  }

  @Override
  public void write(PredictedRow row) {
    int field = 0;
    out.startMessage();
    out.startField("example", field);
    out.addLong(row.example());
    out.endField("example", field++);
    if (labelled) {
      out.startField("label", field);
      out.addInteger(row.label());
      out.endField("label", field++);
    }
    out.startField("class", field);
    out.addInteger(row.predictedClass());
    out.endField("class", field++);
    out.startField("probabilities", field);
    write(row.probabilities());
    out.endField("probabilities", field);
    out.endMessage();
  }

  private void write(float[] probabilities) {
    out.startGroup();
    out.startField("list", 0);
    for (float probability : probabilities) {
      out.startGroup();
      out.startField("element", 0);
      out.addFloat(probability);
      out.endField("element", 0);
      out.endGroup();
    }
    out.endField("list", 0);
    out.endGroup();
  }
}
