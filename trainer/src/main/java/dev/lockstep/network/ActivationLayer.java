package dev.lockstep.network;

import dev.lockstep.random.CounterRandom;
import dev.lockstep.yaml.Section;
import java.util.Optional;

/** An activation function as a layer of its own. */
public record ActivationLayer(Activation activation) implements Layer {
  static ActivationLayer read(Section section) {
    Activation activation = Activation.read(section, "activation", null, Activation.ALL);
    if (activation == null) {
      throw section.missing(
          "activation",
          "one of " + String.join(", ", Activation.ALL.stream().map(Activation::word).toList()));
    }
    return new ActivationLayer(activation);
  }

  @Override
  public String kind() {
    return "activation";
  }

  @Override
  public String description() {
    return activation.word();
  }

  @Override
  public ActivationShape output(ActivationShape input) {
    if (activation == Activation.SOFTMAX && !(input instanceof ActivationShape.Flat)) {
      throw new IllegalArgumentException(
          "softmax needs a flat input but its input is %s; put flatten before it".formatted(input));
    }
    return input;
  }

  @Override
  public Optional<org.deeplearning4j.nn.conf.layers.Layer> dl4j() {
    return Optional.of(new org.deeplearning4j.nn.conf.layers.ActivationLayer(activation.dl4j()));
  }

  @Override
  public void initialize(
      String parameter, ActivationShape input, CounterRandom random, float[] target, int offset) {
    throw Layer.noParameter(this, parameter);
  }
}
