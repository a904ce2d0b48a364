package dev.lockstep.optimizer;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import dev.lockstep.yaml.Section;
import java.util.List;

/**
 * Adam (Kingma and Ba: "Adam: A method for stochastic optimization", ICLR 2015) in the efficient
 * form before section 2.1 of the paper, as Keras and ND4J compute it. For parameter p, gradient g,
 * learning rate a and step t from 1:
 *
 * <pre>
 * m = beta1 m + (1 - beta1) g
 * v = beta2 v + (1 - beta2) g^2
 * p = p - a sqrt(1 - beta2^t) / (1 - beta1^t) m / (sqrt(v) + epsilon)
 * </pre>
 *
 * Slots: {@code momentum} is m, {@code velocity} is v.
 *
 * @param beta1 how much the mean keeps of its past, at least 0 and below 1
 * @param beta2 how much the mean of squares keeps of its past, at least 0 and below 1
 * @param epsilon what keeps the division finite, above 0
 */
public record Adam(
    LearningRate learningRate,
    @JsonUnwrapped Clipping clipping,
    double beta1,
    double beta2,
    double epsilon)
    implements Optimizer {
  /** With Keras' defaults. */
  public static final Adam DEFAULT =
      new Adam(new LearningRate.Constant(0.001), Clipping.NONE, 0.9, 0.999, 1e-7);

  /**
   * @throws IllegalArgumentException if a setting is out of range
   */
  public Adam {
    Range.DECAY.check("beta1", beta1);
    Range.DECAY.check("beta2", beta2);
    Range.POSITIVE.check("epsilon", epsilon);
  }

  @Override
  public String name() {
    return "adam";
  }

  @Override
  public List<String> slots() {
    return List.of("momentum", "velocity");
  }

  @Override
  public Adam with(Section section) {
    return new Adam(
        LearningRate.read(section, "learningRate", learningRate),
        Clipping.read(section),
        Range.DECAY.read(section, "beta1", beta1),
        Range.DECAY.read(section, "beta2", beta2),
        Range.POSITIVE.read(section, "epsilon", epsilon));
  }

  @Override
  public void update(
      float[] parameters,
      float[] gradient,
      int length,
      float[][] state,
      long step,
      float learningRate) {
    apply(parameters, gradient, length, state, corrected(learningRate, step), 0f);
  }

  /** The learning rate that makes up for running means that began at 0. */
  float corrected(float learningRate, long step) {
    double correction = Math.sqrt(1 - power(beta2, step)) / (1 - power(beta1, step));
    return (float) (learningRate * correction);
  }

  /** By squaring: Java's own power allocates, and is asked for at every block. */
  private static double power(double base, long exponent) {
    double result = 1;
    double square = base;
    for (long left = exponent; left > 0; left >>= 1) {
      if ((left & 1) == 1) {
        result *= square;
      }
      square *= square;
    }
    return result;
  }

  /** Adam's step on parameters that have lost the part {@code lost} of themselves before. */
  void apply(float[] p, float[] g, int length, float[][] state, float rate, float lost) {
    float[] m = state[0];
    float[] v = state[1];
    float keep1 = (float) beta1;
    float take1 = (float) (1 - beta1);
    float keep2 = (float) beta2;
    float take2 = (float) (1 - beta2);
    float eps = (float) epsilon;
    for (int i = 0; i < length; i++) {
      float mean = keep1 * m[i] + take1 * g[i];
      float square = keep2 * v[i] + take2 * (g[i] * g[i]);
      m[i] = mean;
      v[i] = square;
      p[i] = p[i] - lost * p[i] - rate * mean / ((float) Math.sqrt(square) + eps);
    }
  }
}
