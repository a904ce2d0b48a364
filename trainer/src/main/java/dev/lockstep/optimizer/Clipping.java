package dev.lockstep.optimizer;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import dev.lockstep.yaml.ConfigurationException;
import dev.lockstep.yaml.Section;

/**
 * A limit on the gradient, off unless set: on each of its numbers, or on its Euclidean norm over
 * all parameters (Pascanu, Mikolov, Bengio: "On the difficulty of training recurrent neural
 * networks", ICML 2013). As in Keras, one of the two at most.
 *
 * <p>A vector is clipped block by block: {@link #clip} on each; or {@link #sumOfSquares} of each,
 * added in a fixed order, then {@link #scale} on each by the {@link #factor} of the sum. A NaN in
 * the gradient stays one.
 *
 * @param value the most that a number of the gradient may differ from 0; 0 is off
 * @param globalNorm the longest that the whole gradient may be; 0 is off
 */
public record Clipping(
    @JsonProperty("clipValue") @JsonInclude(JsonInclude.Include.NON_DEFAULT) double value,
    @JsonProperty("globalClipNorm") @JsonInclude(JsonInclude.Include.NON_DEFAULT)
        double globalNorm) {
  /** No limit. */
  public static final Clipping NONE = new Clipping(0, 0);

  /**
   * @throws IllegalArgumentException if a limit is negative or both are set
   */
  public Clipping {
    Range.NOT_NEGATIVE.check("clipValue", value);
    Range.NOT_NEGATIVE.check("globalClipNorm", globalNorm);
    if (value > 0 && globalNorm > 0) {
      throw new IllegalArgumentException(
          "clipValue is %s and globalClipNorm is %s but only one can be set"
              .formatted(value, globalNorm));
    }
  }

  /**
   * What an optimizer's {@code section} says under {@code clipValue} and {@code globalClipNorm}.
   */
  static Clipping read(Section section) {
    double value = Range.POSITIVE.read(section, "clipValue", NONE.value);
    double globalNorm = Range.POSITIVE.read(section, "globalClipNorm", NONE.globalNorm);
    if (value > 0 && globalNorm > 0) {
      throw new ConfigurationException(
          section.where()
              + ": clipValue and globalClipNorm are both set, but a gradient is clipped one way;"
              + " leave one of them out");
    }
    return new Clipping(value, globalNorm);
  }

  /** Whether each number is limited. */
  public boolean byValue() {
    return value > 0;
  }

  /** Whether the norm is limited. */
  public boolean byGlobalNorm() {
    return globalNorm > 0;
  }

  /** Limits {@code length} numbers from {@code offset} to {@link #value} above and below 0. */
  public void clip(float[] gradient, int offset, int length) {
    float most = (float) value;
    for (int i = offset; i < offset + length; i++) {
      gradient[i] = Math.max(-most, Math.min(most, gradient[i]));
    }
  }

  /**
   * What a gradient must be multiplied by so that it is no longer than {@link #globalNorm}.
   *
   * @param sumOfSquares of the whole gradient
   */
  public float factor(double sumOfSquares) {
    return (float) (globalNorm / Math.max(globalNorm, Math.sqrt(sumOfSquares)));
  }

  /** Multiplies {@code length} numbers from {@code offset} by {@code factor}. */
  public static void scale(float[] gradient, int offset, int length, float factor) {
    for (int i = offset; i < offset + length; i++) {
      gradient[i] *= factor;
    }
  }

  /**
   * The sum of the squares of {@code length} numbers from {@code offset}. The order of addition is
   * fixed by {@code length} alone: four running sums, one for each place modulo 4, the rest to the
   * first.
   */
  public static double sumOfSquares(float[] gradient, int offset, int length) {
    double sum0 = 0;
    double sum1 = 0;
    double sum2 = 0;
    double sum3 = 0;
    int i = offset;
    for (; i < offset + length - 3; i += 4) {
      sum0 += square(gradient[i]);
      sum1 += square(gradient[i + 1]);
      sum2 += square(gradient[i + 2]);
      sum3 += square(gradient[i + 3]);
    }
    for (; i < offset + length; i++) {
      sum0 += square(gradient[i]);
    }
    return (sum0 + sum1) + (sum2 + sum3);
  }

  private static double square(double number) {
    return number * number;
  }
}
