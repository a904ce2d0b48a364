package dev.lockstep.network;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonUnwrapped;
import dev.lockstep.random.CounterRandom;
import dev.lockstep.yaml.Section;
import java.util.Optional;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.params.ConvolutionParamInitializer;

/** A two-dimensional convolution of an image. */
public record Conv2d(
    int filters,
    @JsonUnwrapped Window window,
    Activation activation,
    boolean useBias,
    Initializer kernelInitializer,
    Initializer biasInitializer,
    @JsonUnwrapped Regularizer regularizer)
    implements Layer {
  public Conv2d {
    if (filters <= 0) {
      throw new IllegalArgumentException("filters is " + filters + " but must be > 0");
    }
  }

  static Conv2d read(Section section) {
    int filters = section.whole("filters", 1);
    if (!section.has("kernelSize")) {
      throw section.missing("kernelSize", Size.RULE);
    }
    return new Conv2d(
        filters,
        new Window(
            Size.read(section, "kernelSize", null),
            Size.read(section, "strides", new Size(1, 1)),
            Window.readPadding(section)),
        Activation.read(section, "activation", Activation.LINEAR, Activation.ELEMENTWISE),
        section.flag("useBias", true),
        Initializer.readKernel(section),
        Initializer.readBias(section),
        Regularizer.read(section));
  }

  @JsonProperty
  Size kernelSize() {
    return window.size();
  }

  @Override
  public String kind() {
    return "conv2d";
  }

  @Override
  public String description() {
    return "%d filters of %s, %s%s%s"
        .formatted(
            filters,
            window.description(),
            activation.word(),
            useBias ? "" : ", no bias",
            regularizer.description());
  }

  @Override
  public ActivationShape output(ActivationShape input) {
    ActivationShape.Image image = Window.image(input);
    Size windows = window.over(image, "kernelSize");
    double weights =
        (double) window.size().height() * window.size().width() * image.channels() * filters;
    if (weights > ParameterLayout.MOST) {
      throw new IllegalArgumentException(
          "%d kernels of %s over %d channels have %.0f parameters but a network can have at most %d"
              .formatted(filters, window.size(), image.channels(), weights, ParameterLayout.MOST));
    }
    return new ActivationShape.Image(windows.height(), windows.width(), filters);
  }

  @Override
  public Optional<org.deeplearning4j.nn.conf.layers.Layer> dl4j() {
    ConvolutionLayer.Builder builder =
        new ConvolutionLayer.Builder(window.kernel(), window.stride());
    builder.convolutionMode(window.padding().dl4j()).nOut(filters).hasBias(useBias);
    builder.activation(activation.dl4j()).regularization(regularizer.dl4j());
    return Optional.of(builder.build());
  }

  @Override
  public void initialize(
      String parameter, ActivationShape input, CounterRandom random, float[] target, int offset) {
    switch (parameter) {
      case ConvolutionParamInitializer.WEIGHT_KEY ->
          kernelInitializer.fill(
              random,
              Kernel.convolution(window.size(), Window.image(input).channels(), filters),
              target,
              offset);
      case ConvolutionParamInitializer.BIAS_KEY ->
          biasInitializer.fill(random, Kernel.bias(filters), target, offset);
      default -> throw Layer.noParameter(this, parameter);
    }
  }
}
