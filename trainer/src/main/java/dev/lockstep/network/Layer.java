package dev.lockstep.network;

import dev.lockstep.random.CounterRandom;
import java.util.Optional;

/** One layer of a network definition. Immutable. */
public sealed interface Layer
    permits Dense,
        Conv2d,
        Pooling2d,
        Flatten,
        Dropout,
        BatchNormalization,
        SimpleRnn,
        Lstm,
        ActivationLayer {
  /** Keras' name of it, as in YAML. */
  String kind();

  /** Its settings in a few words; empty if it has none. */
  String description();

  /**
   * The shape of its output.
   *
   * @throws IllegalArgumentException if it cannot take {@code input}; the message says what would
   *     be right
   */
  ActivationShape output(ActivationShape input);

  /**
   * DL4J's layer that does the same, new at each call; none where DL4J has no layer but a
   * preprocessor of the next one's input.
   */
  Optional<org.deeplearning4j.nn.conf.layers.Layer> dl4j();

  /**
   * Writes the initial values of one of its parameter arrays, in DL4J's memory order.
   *
   * @param parameter DL4J's name of the array
   * @param input the shape of this layer's input
   * @throws IllegalArgumentException if it has no such array
   */
  void initialize(
      String parameter, ActivationShape input, CounterRandom random, float[] target, int offset);

  /** The error of asking {@code layer} for an array it does not have. */
  static IllegalArgumentException noParameter(Layer layer, String parameter) {
    return new IllegalArgumentException(layer.kind() + " has no parameter '" + parameter + "'");
  }
}
