package dev.lockstep.network;

import dev.lockstep.random.CounterRandom;
import java.util.Optional;

/** An image as a vector: channel, row, column (Keras' order is row, column, channel). */
public record Flatten() implements Layer {
  @Override
  public String kind() {
    return "flatten";
  }

  @Override
  public String description() {
    return "";
  }

  @Override
  public ActivationShape output(ActivationShape input) {
    if (input instanceof ActivationShape.Sequence) {
      throw new IllegalArgumentException(
          "its input is %s, which DL4J cannot flatten; set returnSequences: false on the recurrent layer before it"
              .formatted(input));
    }
    return new ActivationShape.Flat(input.size());
  }

  @Override
  public Optional<org.deeplearning4j.nn.conf.layers.Layer> dl4j() {
    return Optional.empty();
  }

  @Override
  public void initialize(
      String parameter, ActivationShape input, CounterRandom random, float[] target, int offset) {
    throw Layer.noParameter(this, parameter);
  }
}
