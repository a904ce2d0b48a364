package dev.lockstep.network;

import com.fasterxml.jackson.annotation.JsonValue;
import java.util.List;
import java.util.Locale;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.lossfunctions.ILossFunction;
import org.nd4j.linalg.lossfunctions.impl.LossBinaryXENT;
import org.nd4j.linalg.lossfunctions.impl.LossMCXENT;
import org.nd4j.linalg.lossfunctions.impl.LossMSE;

/**
 * Loss of one example, with Keras' names and meaning. The target of an example is one-hot over the
 * output units; where there is a single unit, it is the label itself, 0 or 1.
 *
 * <p>Probabilities are clipped to {@link #CLIP} and {@code 1 - CLIP} before a logarithm, Keras'
 * epsilon. Arithmetic is in double.
 */
public enum Loss {
  /** {@code -log(p)} of the probability of the example's class; goes with softmax. */
  CATEGORICAL_CROSSENTROPY(List.of(Activation.SOFTMAX)),
  /**
   * The mean over the output units of {@code -(t log(p) + (1 - t) log(1 - p))}; goes with sigmoid.
   */
  BINARY_CROSSENTROPY(List.of(Activation.SIGMOID)),
  /** The mean over the output units of {@code (p - t)^2}. */
  MSE(Activation.ALL);

  /** The least probability whose logarithm is taken. */
  public static final double CLIP = 1e-7;

  private final List<Activation> activations;

  Loss(List<Activation> activations) {
    this.activations = activations;
  }

  /** Keras' name. */
  @JsonValue
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** The activations of the last layer that it goes with. */
  public List<Activation> activations() {
    return activations;
  }

  /**
   * The loss of one example.
   *
   * @param outputs holds the activations of the last layer from {@code offset}, {@code units} of
   *     them
   * @param label the example's class, from 0
   */
  public double of(float[] outputs, int offset, int units, int label) {
    return switch (this) {
      case CATEGORICAL_CROSSENTROPY -> -Math.log(clipped(outputs[offset + label]));
      case BINARY_CROSSENTROPY -> binaryCrossentropy(outputs, offset, units, label);
      case MSE -> squaredError(outputs, offset, units, label);
    };
  }

  private static double binaryCrossentropy(float[] outputs, int offset, int units, int label) {
    double sum = 0;
    for (int unit = 0; unit < units; unit++) {
      double p = clipped(outputs[offset + unit]);
      sum -= Math.log(target(unit, units, label) == 1 ? p : 1 - p);
    }
    return sum / units;
  }

  /** The mean over the units of the squared difference to the target; arguments as above. */
  public static double squaredError(float[] outputs, int offset, int units, int label) {
    double sum = 0;
    for (int unit = 0; unit < units; unit++) {
      double difference = outputs[offset + unit] - target(unit, units, label);
      sum += difference * difference;
    }
    return sum / units;
  }

  /** The class with the largest output, the first of equals; of one unit, whether it is > 0.5. */
  public static int predictedClass(float[] outputs, int offset, int units) {
    if (units == 1) {
      return outputs[offset] > 0.5f ? 1 : 0;
    }
    int best = 0;
    for (int unit = 1; unit < units; unit++) {
      if (outputs[offset + unit] > outputs[offset + best]) {
        best = unit;
      }
    }
    return best;
  }

  /** What {@code unit} of {@code units} should be for an example of class {@code label}: 0 or 1. */
  public static double target(int unit, int units, int label) {
    if (units == 1) {
      return label;
    }
    return unit == label ? 1 : 0;
  }

  private static double clipped(double probability) {
    return Math.min(Math.max(probability, CLIP), 1 - CLIP);
  }

  /** DL4J sums binary cross-entropy over the units, so each is given the weight 1 / units. */
  ILossFunction dl4j(int units) {
    return switch (this) {
      case CATEGORICAL_CROSSENTROPY -> new LossMCXENT(CLIP, null);
      case BINARY_CROSSENTROPY ->
          units == 1
              ? new LossBinaryXENT(CLIP)
              : new LossBinaryXENT(
                  CLIP, Nd4j.valueArrayOf(new long[] {1, units}, 1.0 / units, DataType.FLOAT));
      case MSE -> new LossMSE();
    };
  }
}
