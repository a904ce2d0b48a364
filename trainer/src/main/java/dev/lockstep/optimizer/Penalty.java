package dev.lockstep.optimizer;

/**
 * What large weights add to the loss: {@code l1 sum|w| + l2/2 sum w^2}, in DL4J's convention, where
 * the gradient is {@code l1 sign(w) + l2 w}. Keras' L2 has no half: its {@code l2} is twice as
 * strong. Immutable and safe for use by many threads.
 *
 * @param l1 weight of the sum of absolute values, at least 0
 * @param l2 weight of half the sum of squares, at least 0
 */
public record Penalty(double l1, double l2) {
  /** No penalty. */
  public static final Penalty NONE = new Penalty(0, 0);

  /**
   * @throws IllegalArgumentException if a weight is out of range
   */
  public Penalty {
    Range.NOT_NEGATIVE.check("l1", l1);
    Range.NOT_NEGATIVE.check("l2", l2);
  }

  /**
   * Adds the penalty's gradient to {@code length} numbers of {@code gradient} from {@code offset},
   * where {@code weights} has its weights too.
   */
  public void addGradient(float[] weights, float[] gradient, int offset, int length) {
    float strength1 = (float) l1;
    float strength2 = (float) l2;
    if (strength1 != 0) {
      for (int i = offset; i < offset + length; i++) {
        gradient[i] += strength1 * sign(weights[i]);
      }
    }
    if (strength2 != 0) {
      for (int i = offset; i < offset + length; i++) {
        gradient[i] += strength2 * weights[i];
      }
    }
  }

  /**
   * {@code Math.signum}, which the JIT of Java 17 does not vectorise: multiplied twice by the
   * largest float even the smallest one is beyond 1.
   */
  private static float sign(float number) {
    return Math.max(-1f, Math.min(1f, number * Float.MAX_VALUE * Float.MAX_VALUE));
  }

  /** What {@code length} weights from {@code offset} add to the loss. */
  public double loss(float[] weights, int offset, int length) {
    double absolute = 0;
    double squares = 0;
    for (int i = offset; i < offset + length; i++) {
      double weight = weights[i];
      absolute += Math.abs(weight);
      squares += weight * weight;
    }
    return l1 * absolute + l2 / 2 * squares;
  }
}
