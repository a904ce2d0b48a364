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
import org.apache.spark.ml.linalg.Vector;
import org.apache.spark.ml.linalg.Vectors;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.util.TaskCompletionListener;

/**
 * What a task does with its rows: predicts a batch at a time and appends the columns.
 *
 * @param features the place of the vectors in a row
 * @param raw where the logarithms of probabilities go, or {@link #NOWHERE}
 * @param probability where probabilities go, or {@link #NOWHERE}
 * @param prediction where the class goes, or {@link #NOWHERE}
 * @param width how many columns a row has in the end
 * @param thresholds by which probabilities are divided before they are compared; empty for none
 */
record RowPrediction(
    Broadcast<ModelFile> model,
    int features,
    int raw,
    int probability,
    int prediction,
    int width,
    double[] thresholds)
    implements MapPartitionsFunction<Row, Row> {
  /** The place of a column that is not wanted. */
  static final int NOWHERE = -1;

  @Override
  public Iterator<Row> call(Iterator<Row> rows) {
    if (!rows.hasNext()) {
      return rows;
    }
    VectorPredictor predictor = new VectorPredictor(model.value());
    TaskContext.get().addTaskCompletionListener(closing(predictor));
    return new Iterator<>() {
      private Iterator<Row> predicted = List.<Row>of().iterator();

      @Override
      public boolean hasNext() {
        return predicted.hasNext() || rows.hasNext();
      }

      @Override
      public Row next() {
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

  private Iterator<Row> predict(VectorPredictor predictor, Iterator<Row> rows) {
    List<Row> batch = new ArrayList<>();
    while (rows.hasNext() && batch.size() < VectorPredictor.BATCH) {
      batch.add(rows.next());
    }
    List<Vector> vectors = new ArrayList<>();
    batch.forEach(row -> vectors.add((Vector) row.get(features)));
    List<double[]> probabilities = predictor.probabilities(vectors);
    return IntStream.range(0, batch.size())
        .mapToObj(i -> appended(batch.get(i), probabilities.get(i)))
        .iterator();
  }

  private Row appended(Row row, double[] probabilities) {
    Object[] columns = new Object[width];
    for (int i = 0; i < row.length(); i++) {
      columns[i] = row.get(i);
    }
    put(columns, raw, Vectors.dense(VectorPredictor.logarithms(probabilities)));
    put(columns, probability, Vectors.dense(probabilities));
    put(columns, prediction, (double) predicted(probabilities));
    return RowFactory.create(columns);
  }

  private static void put(Object[] columns, int place, Object value) {
    if (place != NOWHERE) {
      columns[place] = value;
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
