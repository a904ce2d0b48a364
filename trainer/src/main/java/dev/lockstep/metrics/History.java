package dev.lockstep.metrics;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;

/**
 * The epochs of a training, in their order. Immutable; written in the shape of Keras' {@code
 * History.history}, with Keras' names: {@code loss}, {@code accuracy}, {@code val_loss}, {@code
 * learning_rate} ...
 */
public record History(List<EpochRecord> epochs) {
  /** Before the first epoch. */
  public static final History EMPTY = new History(List.of());

  /** One quantity of every epoch; null where an epoch has none. */
  private record Column(String name, Function<EpochRecord, Number> value) {
    static Column validation(String name, ToDoubleFunction<Metrics> value) {
      return new Column(
          "val_" + name,
          epoch -> epoch.validation() == null ? null : value.applyAsDouble(epoch.validation()));
    }
  }

  private static final List<Column> TRAINING =
      List.of(
          new Column("epoch", EpochRecord::epoch),
          new Column("loss", EpochRecord::trainingLoss),
          new Column("accuracy", EpochRecord::trainingAccuracy));
  private static final List<Column> VALIDATION =
      List.of(
          Column.validation("loss", Metrics::loss),
          Column.validation("accuracy", Metrics::accuracy),
          Column.validation("mse", Metrics::mse),
          Column.validation("recall", metrics -> metrics.confusion().macroRecall()),
          Column.validation("precision", metrics -> metrics.confusion().macroPrecision()),
          Column.validation("f1", metrics -> metrics.confusion().macroF1()));
  private static final List<Column> PACE =
      List.of(
          new Column("learning_rate", EpochRecord::learningRate),
          new Column("seconds", EpochRecord::seconds),
          new Column("examples", EpochRecord::examples),
          new Column("examples_per_second", EpochRecord::examplesPerSecond));

  /**
   * @throws IllegalArgumentException if the epochs' numbers do not ascend
   */
  public History {
    epochs = List.copyOf(epochs);
    for (int i = 1; i < epochs.size(); i++) {
      if (epochs.get(i).epoch() <= epochs.get(i - 1).epoch()) {
        throw new IllegalArgumentException(
            "epoch %d stands after epoch %d, but epochs must ascend"
                .formatted(epochs.get(i).epoch(), epochs.get(i - 1).epoch()));
      }
    }
  }

  /** This history and one more epoch. */
  public History plus(EpochRecord epoch) {
    List<EpochRecord> more = new ArrayList<>(epochs);
    more.add(epoch);
    return new History(more);
  }

  /**
   * One list a quantity, one element an epoch: {@code epoch}, {@code loss}, {@code accuracy}; if
   * any epoch was validated {@code val_loss}, {@code val_accuracy}, {@code val_mse} and the macro
   * means {@code val_recall}, {@code val_precision}, {@code val_f1}; {@code learning_rate}, {@code
   * seconds}, {@code examples}, {@code examples_per_second}. A number that is missing or not finite
   * is {@code null}.
   */
  public ObjectNode toJson() {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    for (Column column : columns()) {
      ArrayNode values = json.putArray(column.name());
      for (EpochRecord epoch : epochs) {
        Number value = column.value().apply(epoch);
        if (value instanceof Double number) {
          values.add(Double.isFinite(number) ? number : null);
        } else if (value == null) {
          values.addNull();
        } else {
          values.add(value.longValue());
        }
      }
    }
    return json;
  }

  /**
   * A heading and one line an epoch, with the quantities of {@link #toJson} and a full stop in
   * numbers; a missing number is empty, one that is not finite is {@code NaN} or {@code Infinity}.
   */
  public String toCsv() {
    List<Column> columns = columns();
    StringBuilder csv = new StringBuilder();
    csv.append(columns.stream().map(Column::name).collect(Collectors.joining(","))).append('\n');
    for (EpochRecord epoch : epochs) {
      csv.append(
              columns.stream().map(column -> cell(column, epoch)).collect(Collectors.joining(",")))
          .append('\n');
    }
    return csv.toString();
  }

  private List<Column> columns() {
    List<Column> columns = new ArrayList<>(TRAINING);
    if (epochs.stream().anyMatch(epoch -> epoch.validation() != null)) {
      columns.addAll(VALIDATION);
    }
    columns.addAll(PACE);
    return columns;
  }

  private static String cell(Column column, EpochRecord epoch) {
    Number value = column.value().apply(epoch);
    return value == null ? "" : value.toString();
  }
}
