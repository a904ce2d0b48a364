package dev.lockstep.engine;

import dev.lockstep.network.Loss;
import java.nio.FloatBuffer;

/**
 * The loss at the last stage. Crossentropies give the gradient of the sums, in which the derivative
 * of their activation cancels; the squared error gives that of the outputs.
 */
final class OutputLoss {
  private final Loss loss;
  private final int units;
  private final float[] outputs;
  private final float[] gradient;
  private final float[] row;

  OutputLoss(Loss loss, int units, int capacity) {
    this.loss = loss;
    this.units = units;
    this.outputs = new float[Math.multiplyExact(units, capacity)];
    this.gradient = new float[outputs.length];
    this.row = new float[units];
  }

  /** Whether its gradient is that of the sums before the activation. */
  static boolean differentiates(Loss loss) {
    return loss != Loss.MSE;
  }

  /** Adds the examples' losses and hits to {@code sums}, and writes the gradient of the outputs. */
  void apply(Tensor tensor, Pass pass, StepSums sums) {
    int examples = pass.examples();
    tensor.values().get(0, outputs, 0, units * examples);
    for (int example = 0; example < examples; example++) {
      int label = pass.batch().label(example);
      float weight = pass.batch().weight(example);
      for (int unit = 0; unit < units; unit++) {
        float output = outputs[unit * examples + example];
        row[unit] = output;
        gradient[unit * examples + example] =
            weight * gradient(output, (float) Loss.target(unit, units, label));
      }
      sums.add(weight * loss.of(row, 0, units, label), Loss.predictedClass(row, 0, units) == label);
    }
    tensor.gradient().put(0, gradient, 0, units * examples);
  }

  private float gradient(float output, float target) {
    return switch (loss) {
      case CATEGORICAL_CROSSENTROPY -> output - target;
      case BINARY_CROSSENTROPY -> binaryCrossentropy(output, target) / units;
      case MSE -> 2 * (output - target) / units;
    };
  }

  /**
   * DL4J clips the probability in the derivative of the loss but not in that of the sigmoid: where
   * it is clipped, the two do not quite cancel.
   */
  private static float binaryCrossentropy(float output, float target) {
    float least = (float) Loss.CLIP;
    float clipped = Math.min(Math.max(output, least), 1 - least);
    return (clipped - target) * (output * (1 - output)) / (clipped * (1 - clipped));
  }

  /** Writes the outputs of {@code tensor} example by example. */
  void copy(Tensor tensor, Pass pass, FloatBuffer target) {
    int examples = pass.examples();
    tensor.values().get(0, outputs, 0, units * examples);
    for (int example = 0; example < examples; example++) {
      for (int unit = 0; unit < units; unit++) {
        row[unit] = outputs[unit * examples + example];
      }
      target.put(example * units, row);
    }
  }
}
