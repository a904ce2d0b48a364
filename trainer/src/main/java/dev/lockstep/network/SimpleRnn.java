package dev.lockstep.network;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import dev.lockstep.random.CounterRandom;
import dev.lockstep.yaml.Section;
import java.util.Optional;
import org.deeplearning4j.nn.params.SimpleRnnParamInitializer;

/** A fully connected recurrent layer: {@code h_t = activation(x_t W + h_(t-1) R + b)}. */
public record SimpleRnn(@JsonUnwrapped Recurrence recurrence) implements Layer {
  static SimpleRnn read(Section section) {
    return new SimpleRnn(Recurrence.read(section));
  }

  @Override
  public String kind() {
    return "simple_rnn";
  }

  @Override
  public String description() {
    return recurrence.description();
  }

  @Override
  public ActivationShape output(ActivationShape input) {
    return recurrence.output(input);
  }

  @Override
  public Optional<org.deeplearning4j.nn.conf.layers.Layer> dl4j() {
    return Optional.of(
        recurrence.dl4j(new org.deeplearning4j.nn.conf.layers.recurrent.SimpleRnn.Builder()));
  }

  @Override
  public void initialize(
      String parameter, ActivationShape input, CounterRandom random, float[] target, int offset) {
    int units = recurrence.units();
    int features = Recurrence.sequence(input).features();
    switch (parameter) {
      case SimpleRnnParamInitializer.WEIGHT_KEY ->
          recurrence
              .kernelInitializer()
              .fill(random, Kernel.dense(features, units), target, offset);
      case SimpleRnnParamInitializer.RECURRENT_WEIGHT_KEY ->
          recurrence
              .recurrentInitializer()
              .fill(random, Kernel.dense(units, units), target, offset);
      case SimpleRnnParamInitializer.BIAS_KEY ->
          recurrence.biasInitializer().fill(random, Kernel.bias(units), target, offset);
      default -> throw Layer.noParameter(this, parameter);
    }
  }
}
