package dev.lockstep.coordinator;

import com.fasterxml.jackson.annotation.JsonValue;
import dev.lockstep.metrics.Metric;
import dev.lockstep.metrics.Metrics;
import dev.lockstep.yaml.Section;
import java.util.List;

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

  /** A metric of the validation examples. */
  public enum Monitor {
    LOSS("validation.loss", Metric.LOSS),
    ACCURACY("validation.accuracy", Metric.ACCURACY),
    MSE("validation.mse", Metric.MSE),
    RECALL("validation.recall.macro", Metric.RECALL),
    PRECISION("validation.precision.macro", Metric.PRECISION),
    F1("validation.f1.macro", Metric.F1);

    private final String key;
    private final Metric metric;

    Monitor(String key, Metric metric) {
      this.key = key;
      this.metric = metric;
    }

    /** The word for it in the configuration. */
    @JsonValue
    public String key() {
      return key;
    }

    /** By how much {@code candidate} is better than {@code best}; negative if it is worse. */
    double gain(Metrics best, Metrics candidate) {
      double rise = metric.of(candidate) - metric.of(best);
      return metric.higherIsBetter() ? rise : -rise;
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
