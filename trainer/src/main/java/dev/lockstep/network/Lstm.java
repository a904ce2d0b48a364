package dev.lockstep.network;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import dev.lockstep.random.CounterRandom;
import dev.lockstep.yaml.Section;
import java.util.Arrays;
import java.util.Optional;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.params.LSTMParamInitializer;

/**
 * Long short-term memory without peepholes (Hochreiter and Schmidhuber, 1997; forget gate: Gers et
 * al., 2000).
 *
 * <p>Each of its arrays has four blocks of {@code units} columns, in DL4J's order: the candidate
 * (the one that takes {@code activation}), forget gate, output gate, input gate.
 *
 * @param unitForgetBias whether the forget gate's bias begins at one (Jozefowicz et al., 2015)
 */
public record Lstm(
    @JsonUnwrapped Recurrence recurrence, Activation recurrentActivation, boolean unitForgetBias)
    implements Layer {
  static Lstm read(Section section) {
    return new Lstm(
        Recurrence.read(section),
        Activation.read(section, "recurrentActivation", Activation.SIGMOID, Activation.ELEMENTWISE),
        section.flag("unitForgetBias", true));
  }

  @Override
  public String kind() {
    return "lstm";
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
        recurrence.dl4j(
            new LSTM.Builder()
                .gateActivationFunction(recurrentActivation.dl4j())
                .forgetGateBiasInit(unitForgetBias ? 1 : 0)));
  }

  @Override
  public void initialize(
      String parameter, ActivationShape input, CounterRandom random, float[] target, int offset) {
    int units = recurrence.units();
    int columns = Math.multiplyExact(4, units);
    int features = Recurrence.sequence(input).features();
    switch (parameter) {
      case LSTMParamInitializer.INPUT_WEIGHT_KEY ->
          recurrence
              .kernelInitializer()
              .fill(random, Kernel.dense(features, columns), target, offset);
      case LSTMParamInitializer.RECURRENT_WEIGHT_KEY ->
          recurrence
              .recurrentInitializer()
              .fill(random, Kernel.dense(units, columns), target, offset);
      case LSTMParamInitializer.BIAS_KEY -> {
        recurrence.biasInitializer().fill(random, Kernel.bias(columns), target, offset);
        if (unitForgetBias) {
          Arrays.fill(target, offset + units, offset + 2 * units, 1);
        }
      }
      default -> throw Layer.noParameter(this, parameter);
    }
  }
}
