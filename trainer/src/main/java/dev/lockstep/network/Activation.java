package dev.lockstep.network;

import com.fasterxml.jackson.annotation.JsonValue;
import dev.lockstep.yaml.Section;
import java.util.List;
import java.util.Locale;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.activations.impl.ActivationELU;
import org.nd4j.linalg.activations.impl.ActivationIdentity;
import org.nd4j.linalg.activations.impl.ActivationLReLU;
import org.nd4j.linalg.activations.impl.ActivationReLU;
import org.nd4j.linalg.activations.impl.ActivationSigmoid;
import org.nd4j.linalg.activations.impl.ActivationSoftmax;
import org.nd4j.linalg.activations.impl.ActivationTanH;

/** Activation functions, with Keras' names and constants. */
public enum Activation {
  /** {@code max(0, x)}. */
  RELU,
  /**
   * x, or {@code 0.2 * x} below zero: the default of Keras 3's {@code keras.activations.leaky_relu}
   * (its older LeakyReLU layer has 0.3).
   */
  LEAKY_RELU,
  /** x, or {@code exp(x) - 1} below zero. */
  ELU,
  /** {@code 1 / (1 + exp(-x))}. */
  SIGMOID,
  /** Hyperbolic tangent. */
  TANH,
  /** {@code exp(x_i) / sum_j exp(x_j)} over the units of a flat output. */
  SOFTMAX,
  /** x. */
  LINEAR;

  /** Slope below zero of {@link #LEAKY_RELU}. */
  public static final double LEAKY_SLOPE = 0.2;

  static final List<Activation> ALL = List.of(values());

  /** Those that look at one number at a time, and so go with outputs of every shape. */
  static final List<Activation> ELEMENTWISE =
      ALL.stream().filter(activation -> activation != SOFTMAX).toList();

  /** Keras' name. */
  @JsonValue
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  static Activation read(Section section, String key, Activation otherwise, List<Activation> from) {
    return section.choice(key, otherwise, from, Activation::word);
  }

  IActivation dl4j() {
    return switch (this) {
      case RELU -> new ActivationReLU();
      case LEAKY_RELU -> new ActivationLReLU(LEAKY_SLOPE);
      case ELU -> new ActivationELU(1);
      case SIGMOID -> new ActivationSigmoid();
      case TANH -> new ActivationTanH();
      case SOFTMAX -> new ActivationSoftmax();
      case LINEAR -> new ActivationIdentity();
    };
  }
}
