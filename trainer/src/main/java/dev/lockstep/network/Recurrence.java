package dev.lockstep.network;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import dev.lockstep.yaml.Section;
import org.deeplearning4j.nn.conf.layers.BaseRecurrentLayer;
import org.deeplearning4j.nn.conf.layers.recurrent.LastTimeStep;

/**
 * What all recurrent layers have.
 *
 * @param returnSequences whether the output is that of every time step, or of the last alone
 */
public record Recurrence(
    int units,
    Activation activation,
    boolean returnSequences,
    Initializer kernelInitializer,
    Initializer recurrentInitializer,
    Initializer biasInitializer,
    @JsonUnwrapped Regularizer regularizer) {
  public Recurrence {
    if (units <= 0) {
      throw new IllegalArgumentException("units is " + units + " but must be > 0");
    }
  }

  static Recurrence read(Section section) {
    return new Recurrence(
        section.whole("units", 1),
        Activation.read(section, "activation", Activation.TANH, Activation.ELEMENTWISE),
        section.flag("returnSequences", false),
        Initializer.readKernel(section),
        Initializer.readRecurrent(section),
        Initializer.readBias(section),
        Regularizer.read(section));
  }

  String description() {
    return "%d units, %s%s%s"
        .formatted(
            units,
            activation.word(),
            returnSequences ? ", every time step" : ", last time step",
            regularizer.description());
  }

  /** The sequence that a recurrent layer takes as its input, or an error that says what to do. */
  static ActivationShape.Sequence sequence(ActivationShape input) {
    if (input instanceof ActivationShape.Sequence sequence) {
      return sequence;
    }
    throw new IllegalArgumentException(
        "its input must be a sequence but is %s; put it first, where it reads the rows of the image as time steps, or after a recurrent layer with returnSequences: true"
            .formatted(input instanceof ActivationShape.Flat ? "flat, " + input : input));
  }

  ActivationShape output(ActivationShape input) {
    int steps = sequence(input).steps();
    return returnSequences
        ? new ActivationShape.Sequence(steps, units)
        : new ActivationShape.Flat(units);
  }

  /** Sets what all recurrent layers have in {@code builder}, and builds. */
  org.deeplearning4j.nn.conf.layers.Layer dl4j(BaseRecurrentLayer.Builder<?> builder) {
    builder.nOut(units);
    builder.activation(activation.dl4j()).regularization(regularizer.dl4j());
    org.deeplearning4j.nn.conf.layers.Layer layer = builder.build();
    return returnSequences ? layer : new LastTimeStep(layer);
  }
}
