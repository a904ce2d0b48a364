package dev.lockstep.network;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import dev.lockstep.random.CounterRandom;
import dev.lockstep.yaml.Section;
import java.util.Optional;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.params.DefaultParamInitializer;

/**
 * A fully connected layer: {@code activation(x W + b)}. Its input must be flat; as the first layer
 * of a network it takes the image's numbers as they lie in memory.
 */
public record Dense(
    int units,
    Activation activation,
    boolean useBias,
    Initializer kernelInitializer,
    Initializer biasInitializer,
    @JsonUnwrapped Regularizer regularizer)
    implements Layer {
  public Dense {
    if (units <= 0) {
      throw new IllegalArgumentException("units is " + units + " but must be > 0");
    }
  }

  static Dense read(Section section) {
    return new Dense(
        section.whole("units", 1),
        Activation.read(section, "activation", Activation.LINEAR, Activation.ALL),
        section.flag("useBias", true),
        Initializer.readKernel(section),
        Initializer.readBias(section),
        Regularizer.read(section));
  }

  @Override
  public String kind() {
    return "dense";
  }

  @Override
  public String description() {
    return "%d units, %s%s%s"
        .formatted(units, activation.word(), useBias ? "" : ", no bias", regularizer.description());
  }

  @Override
  public ActivationShape output(ActivationShape input) {
    if (input instanceof ActivationShape.Image) {
      throw new IllegalArgumentException(
          "its input must be flat but is %s; put flatten before it".formatted(input));
    }
    if (input instanceof ActivationShape.Sequence) {
      throw new IllegalArgumentException(
          "its input must be flat but is %s; set returnSequences: false on the recurrent layer before it"
              .formatted(input));
    }
    return new ActivationShape.Flat(units);
  }

  @Override
  public Optional<org.deeplearning4j.nn.conf.layers.Layer> dl4j() {
    DenseLayer.Builder builder = new DenseLayer.Builder();
    builder.nOut(units).activation(activation.dl4j()).hasBias(useBias);
    builder.regularization(regularizer.dl4j());
    return Optional.of(builder.build());
  }

  /** This layer as the last one: with {@code outputs} as its activation, and with the loss. */
  OutputLayer dl4j(Activation outputs, Loss loss) {
    OutputLayer.Builder builder = new OutputLayer.Builder(loss.dl4j(units));
    builder.nOut(units).activation(outputs.dl4j()).hasBias(useBias);
    builder.regularization(regularizer.dl4j());
    return builder.build();
  }

  @Override
  public void initialize(
      String parameter, ActivationShape input, CounterRandom random, float[] target, int offset) {
    switch (parameter) {
      case DefaultParamInitializer.WEIGHT_KEY ->
          kernelInitializer.fill(random, Kernel.dense(input.size(), units), target, offset);
      case DefaultParamInitializer.BIAS_KEY ->
          biasInitializer.fill(random, Kernel.bias(units), target, offset);
      default -> throw Layer.noParameter(this, parameter);
    }
  }
}
