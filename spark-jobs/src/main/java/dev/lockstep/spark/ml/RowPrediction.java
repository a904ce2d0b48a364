package dev.lockstep.spark.ml;

import dev.lockstep.spark.job.ModelFile;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.ml.linalg.VectorUDT;
import org.apache.spark.ml.linalg.Vectors;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.GenericInternalRow;
import org.apache.spark.sql.catalyst.expressions.JoinedRow;
import org.apache.spark.util.TaskCompletionListener;

/**
 * What a task does with its rows: predicts a batch at a time and appends the columns.
 *
 * @param features the place of the vectors in a row
 * @param raw where the logarithms of probabilities go, or {@link #NOWHERE}
 * @param probability where probabilities go, or {@link #NOWHERE}
 * @param prediction where the class goes, or {@link #NOWHERE}
 * @param first how many columns a row has before
 * @param width how many columns a row has in the end
 * @param thresholds by which probabilities are divided before they are compared; empty for none
 */
record RowPrediction(
    Broadcast<ModelFile> model,
    int features,
    int raw,
    int probability,
    int prediction,
    int first,
    int width,
    double[] thresholds)
    implements MapPartitionsFunction<InternalRow, InternalRow> {
  /** The place of a column that is not wanted. */
  static final int NOWHERE = -1;

  private static final VectorUDT VECTORS = new VectorUDT();

  @Override
  public Iterator<InternalRow> call(Iterator<InternalRow> rows) {
    if (!rows.hasNext()) {
      return rows;
    }
    VectorPredictor predictor = new VectorPredictor(model.value());
    TaskContext.get().addTaskCompletionListener(closing(predictor));
    return new Iterator<>() {
      private Iterator<InternalRow> predicted = List.<InternalRow>of().iterator();

      @Override
      public boolean hasNext() {
        return predicted.hasNext() || rows.hasNext();
      }

      @Override
      public InternalRow next() {
        if (!predicted.hasNext()) {
          predicted = predict(predictor, rows);
        }
        return predicted.next();
      }
    };
  }

  private static TaskCompletionListener closing(VectorPredictor predictor) {
    return task -> predictor.close();
  }

  private Iterator<InternalRow> predict(VectorPredictor predictor, Iterator<InternalRow> rows) {
    List<InternalRow> batch = new ArrayList<>();
    while (rows.hasNext() && batch.size() < VectorPredictor.BATCH) {
      batch.add(rows.next());
    }
    List<float[]> vectors = new ArrayList<>();
    for (InternalRow row : batch) {
      vectors.add(predictor.numbers(vector(row)));
    }
    List<double[]> probabilities = predictor.probabilities(vectors);
    return IntStream.range(0, batch.size())
        .mapToObj(i -> appended(batch.get(i), probabilities.get(i)))
        .iterator();
  }

  private InternalRow vector(InternalRow row) {
    return row.isNullAt(features) ? null : row.getStruct(features, VECTORS.sqlType().length());
  }

  private InternalRow appended(InternalRow row, double[] probabilities) {
    Object[] columns = new Object[width - first];
    put(columns, raw, VECTORS.serialize(Vectors.dense(VectorPredictor.logarithms(probabilities))));
    put(columns, probability, VECTORS.serialize(Vectors.dense(probabilities)));
    put(columns, prediction, (double) predicted(probabilities));
    return new JoinedRow(row, new GenericInternalRow(columns));
  }

  private void put(Object[] columns, int place, Object value) {
    if (place != NOWHERE) {
      columns[place - first] = value;
    }
  }

  /** Of equals the first. A threshold of 0 lets its class win if it has any probability. */
  private int predicted(double[] probabilities) {
    int best = 0;
    for (int i = 1; i < probabilities.length; i++) {
      if (scaled(probabilities, i) > scaled(probabilities, best)) {
        best = i;
      }
    }
    return best;
  }

  private double scaled(double[] probabilities, int i) {
    if (thresholds.length == 0 || probabilities[i] == 0) {
      return probabilities[i];
    }
    return probabilities[i] / thresholds[i];
  }

  @Override
  public boolean equals(Object other) {
    return this == other;
  }

  @Override
  public int hashCode() {
    return System.identityHashCode(this);
  }

  @Override
  public String toString() {
    return "RowPrediction[features %d, thresholds %s]"
        .formatted(features, Arrays.toString(thresholds));
  }
}
