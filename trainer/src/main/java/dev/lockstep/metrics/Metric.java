package dev.lockstep.metrics;

import java.util.Locale;
import java.util.function.ToDoubleFunction;

/** One number of {@link Metrics}, by Keras' name for it. */
public enum Metric {
  /** The part predicted as what it is. */
  ACCURACY(Metrics::accuracy, true),
  /** The mean loss. */
  LOSS(Metrics::loss, false),
  /** The macro mean of the classes' recall. */
  RECALL(metrics -> metrics.confusion().macroRecall(), true),
  /** The macro mean of the classes' precision. */
  PRECISION(metrics -> metrics.confusion().macroPrecision(), true),
  /** The macro mean of the classes' F1. */
  F1(metrics -> metrics.confusion().macroF1(), true),
  /** The mean squared error. */
  MSE(Metrics::mse, false);

  private final ToDoubleFunction<Metrics> value;
  private final boolean higherIsBetter;

  Metric(ToDoubleFunction<Metrics> value, boolean higherIsBetter) {
    this.value = value;
    this.higherIsBetter = higherIsBetter;
  }

  /** The word for it in files and on the command line. */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Its value. */
  public double of(Metrics metrics) {
    return value.applyAsDouble(metrics);
  }

  /** Whether a higher value is the better one. */
  public boolean higherIsBetter() {
    return higherIsBetter;
  }
}
