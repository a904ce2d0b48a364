package dev.lockstep.optimizer;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import dev.lockstep.yaml.Section;
import java.util.ArrayList;
import java.util.List;

/**
 * RMSProp (Tieleman and Hinton, "Lecture 6.5 - RMSProp", 2012). For parameter p, gradient g and
 * learning rate a:
 *
 * <pre>
 * v = rho v + (1 - rho) g^2
 * d = a g / (sqrt(v) + epsilon)                 centered: d = a g / (sqrt(v - c^2) + epsilon)
 *                                                         with c = rho c + (1 - rho) g
 * p = p - d                                     momentum: p = p - m with m = momentum m + d
 * </pre>
 *
 * Epsilon stands outside the root, as in the classic Keras 2 and in ND4J; Keras 3 has {@code sqrt(v
 * + epsilon)}. State starts at 0 as in Keras; ND4J starts v at epsilon. Slots: {@code velocity} is
 * v, {@code average_gradient} is c (only if centered), {@code momentum} is m (only if momentum is
 * on).
 *
 * @param rho how much the mean of squares keeps of its past, at least 0 and below 1
 * @param momentum how much of the last change is made again, 0 (off) to 1
 * @param epsilon what keeps the division finite, above 0
 * @param centered whether the gradient's variance takes the place of its mean square
 */
public record RmsProp(
    LearningRate learningRate,
    @JsonUnwrapped Clipping clipping,
    double rho,
    double momentum,
    double epsilon,
    boolean centered)
    implements Optimizer {
  /** With Keras' defaults. */
  public static final RmsProp DEFAULT =
      new RmsProp(new LearningRate.Constant(0.001), Clipping.NONE, 0.9, 0, 1e-7, false);

  /**
   * @throws IllegalArgumentException if a setting is out of range
   */
  public RmsProp {
    Range.DECAY.check("rho", rho);
    Range.FRACTION.check("momentum", momentum);
    Range.POSITIVE.check("epsilon", epsilon);
  }

  @Override
  public String name() {
    return "rmsprop";
  }

  @Override
  public List<String> slots() {
    List<String> slots = new ArrayList<>(List.of("velocity"));
    if (centered) {
      slots.add("average_gradient");
    }
    if (momentum != 0) {
      slots.add("momentum");
    }
    return List.copyOf(slots);
  }

  @Override
  public RmsProp with(Section section) {
    return new RmsProp(
        LearningRate.read(section, "learningRate", learningRate),
        Clipping.read(section),
        Range.DECAY.read(section, "rho", rho),
        Range.FRACTION.read(section, "momentum", momentum),
        Range.POSITIVE.read(section, "epsilon", epsilon),
        section.flag("centered", centered));
  }

  @Override
  public void update(
      float[] parameters,
      float[] gradient,
      int length,
      float[][] state,
      long step,
      float learningRate) {
    float[] v = state[0];
    if (centered && momentum != 0) {
      centeredMomentum(parameters, gradient, length, v, state[1], state[2], learningRate);
    } else if (centered) {
      centered(parameters, gradient, length, v, state[1], learningRate);
    } else if (momentum != 0) {
      momentum(parameters, gradient, length, v, state[1], learningRate);
    } else {
      plain(parameters, gradient, length, v, learningRate);
    }
  }

  private void plain(float[] p, float[] g, int length, float[] v, float rate) {
    float keep = (float) rho;
    float take = (float) (1 - rho);
    float eps = (float) epsilon;
    for (int i = 0; i < length; i++) {
      float square = keep * v[i] + take * (g[i] * g[i]);
      v[i] = square;
      p[i] -= rate * g[i] / ((float) Math.sqrt(square) + eps);
    }
  }

  private void momentum(float[] p, float[] g, int length, float[] v, float[] m, float rate) {
    float keep = (float) rho;
    float take = (float) (1 - rho);
    float eps = (float) epsilon;
    float again = (float) momentum;
    for (int i = 0; i < length; i++) {
      float square = keep * v[i] + take * (g[i] * g[i]);
      v[i] = square;
      float moved = again * m[i] + rate * g[i] / ((float) Math.sqrt(square) + eps);
      m[i] = moved;
      p[i] -= moved;
    }
  }

  private void centered(float[] p, float[] g, int length, float[] v, float[] c, float rate) {
    float keep = (float) rho;
    float take = (float) (1 - rho);
    float eps = (float) epsilon;
    for (int i = 0; i < length; i++) {
      float square = keep * v[i] + take * (g[i] * g[i]);
      float mean = keep * c[i] + take * g[i];
      v[i] = square;
      c[i] = mean;
      p[i] -= rate * g[i] / (deviation(square, mean) + eps);
    }
  }

  private void centeredMomentum(
      float[] p, float[] g, int length, float[] v, float[] c, float[] m, float rate) {
    float keep = (float) rho;
    float take = (float) (1 - rho);
    float eps = (float) epsilon;
    float again = (float) momentum;
    for (int i = 0; i < length; i++) {
      float square = keep * v[i] + take * (g[i] * g[i]);
      float mean = keep * c[i] + take * g[i];
      v[i] = square;
      c[i] = mean;
      float moved = again * m[i] + rate * g[i] / (deviation(square, mean) + eps);
      m[i] = moved;
      p[i] -= moved;
    }
  }

  /** Rounding may take the variance of a constant gradient below 0, where a root would be NaN. */
  private static float deviation(float square, float mean) {
    return (float) Math.sqrt(Math.max(0f, square - mean * mean));
  }
}
