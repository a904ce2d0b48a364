package dev.lockstep.coordinator;

import com.fasterxml.jackson.annotation.JsonValue;
import dev.lockstep.metrics.Metrics;
import dev.lockstep.yaml.Section;
import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * Ends training when the validation metric stops getting better (Keras' EarlyStopping).
 *
 * @param monitor the validation metric that is watched
 * @param patience how many epochs without a gain are allowed before training ends
 * @param minDelta the least change that counts as a gain, at least 0
 * @param restoreBestWeights whether training ends with the parameters of its best epoch
 */
public record EarlyStopping(
    Monitor monitor, int patience, double minDelta, boolean restoreBestWeights) {

  /** A validation metric, and which way it gets better. */
  public enum Monitor {
    LOSS("validation.loss", Metrics::loss, false),
    ACCURACY("validation.accuracy", Metrics::accuracy, true),
    MSE("validation.mse", Metrics::mse, false),
    RECALL("validation.recall.macro", metrics -> metrics.confusion().macroRecall(), true),
    PRECISION("validation.precision.macro", metrics -> metrics.confusion().macroPrecision(), true),
    F1("validation.f1.macro", metrics -> metrics.confusion().macroF1(), true);

    private final String key;
    private final ToDoubleFunction<Metrics> value;
    private final boolean higherIsBetter;

    Monitor(String key, ToDoubleFunction<Metrics> value, boolean higherIsBetter) {
      this.key = key;
      this.value = value;
      this.higherIsBetter = higherIsBetter;
    }

    /** The word for it in the configuration. */
    @JsonValue
    public String key() {
      return key;
    }

    /** By how much {@code candidate} is better than {@code best}; negative if it is worse. */
    double gain(Metrics best, Metrics candidate) {
      double rise = value.applyAsDouble(candidate) - value.applyAsDouble(best);
      return higherIsBetter ? rise : -rise;
    }
  }

  /** Whether {@code candidate} counts as better than {@code best}; anything beats nothing. */
  boolean better(Metrics best, Metrics candidate) {
    return best == null || monitor.gain(best, candidate) > minDelta;
  }

  /** Reads {@code {monitor, patience, minDelta, restoreBestWeights}}, with Keras' defaults. */
  public static EarlyStopping read(Section section) {
    EarlyStopping stopping =
        new EarlyStopping(
            section.choice("monitor", Monitor.LOSS, List.of(Monitor.values()), Monitor::key),
            section.whole("patience", 0, 0),
            section.number("minDelta", 0, "a number of at least 0", d -> d >= 0),
            section.flag("restoreBestWeights", false));
    section.done();
    return stopping;
  }
}
