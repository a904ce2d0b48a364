package dev.lockstep.optimizer;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import dev.lockstep.yaml.ConfigurationException;
import dev.lockstep.yaml.Section;
import java.util.List;

/**
 * Stochastic gradient descent, with momentum if {@code momentum > 0}. For parameter p, gradient g,
 * learning rate a and momentum u:
 *
 * <pre>
 * plain:    p = p - a g
 * momentum: m = u m - a g;  p = p + m
 * Nesterov: m = u m - a g;  p = p + u m - a g
 * </pre>
 *
 * Nesterov's form is that of Sutskever, Martens, Dahl, Hinton: "On the importance of initialization
 * and momentum in deep learning" (ICML 2013), as Keras and ND4J compute it.
 *
 * @param momentum how much of the last step is made again, 0 (off) to 1
 * @param nesterov whether the gradient counts as taken ahead of the momentum
 */
public record Sgd(
    LearningRate learningRate, @JsonUnwrapped Clipping clipping, double momentum, boolean nesterov)
    implements Optimizer {
  /** With Keras' defaults. */
  public static final Sgd DEFAULT =
      new Sgd(new LearningRate.Constant(0.01), Clipping.NONE, 0, false);

  /**
   * @throws IllegalArgumentException if momentum is out of range, or is 0 with {@code nesterov}
   */
  public Sgd {
    Range.FRACTION.check("momentum", momentum);
    if (nesterov && momentum == 0) {
      throw new IllegalArgumentException("nesterov is true but momentum is 0");
    }
  }

  @Override
  public String name() {
    return "sgd";
  }

  @Override
  public List<String> slots() {
    return momentum == 0 ? List.of() : List.of("momentum");
  }

  @Override
  public Sgd with(Section section) {
    double readMomentum = Range.FRACTION.read(section, "momentum", momentum);
    boolean readNesterov = section.flag("nesterov", nesterov);
    if (readNesterov && readMomentum == 0) {
      throw new ConfigurationException(
          section.where()
              + ": nesterov is true but momentum is 0, so it would change nothing; set momentum"
              + " (0.9 is usual) or leave nesterov out");
    }
    return new Sgd(
        LearningRate.read(section, "learningRate", learningRate),
        Clipping.read(section),
        readMomentum,
        readNesterov);
  }

  @Override
  public void update(
      float[] parameters,
      float[] gradient,
      int length,
      float[][] state,
      long step,
      float learningRate) {
    if (momentum == 0) {
      plain(parameters, gradient, length, learningRate);
    } else if (nesterov) {
      nesterov(parameters, gradient, length, state[0], learningRate, (float) momentum);
    } else {
      momentum(parameters, gradient, length, state[0], learningRate, (float) momentum);
    }
  }

  private static void plain(float[] p, float[] g, int length, float rate) {
    for (int i = 0; i < length; i++) {
      p[i] -= rate * g[i];
    }
  }

  private static void momentum(
      float[] p, float[] g, int length, float[] m, float rate, float keep) {
    for (int i = 0; i < length; i++) {
      float moved = keep * m[i] - rate * g[i];
      m[i] = moved;
      p[i] += moved;
    }
  }

  private static void nesterov(
      float[] p, float[] g, int length, float[] m, float rate, float keep) {
    for (int i = 0; i < length; i++) {
      float descent = rate * g[i];
      float moved = keep * m[i] - descent;
      m[i] = moved;
      p[i] += keep * moved - descent;
    }
  }
}
