package dev.lockstep.engine;

import dev.lockstep.network.ActivationShape;
import java.nio.FloatBuffer;

/**
 * A flatten, an activation or a dropout that follows no layer which could take it along: a copy,
 * and what is done to it.
 */
final class ElementwiseStage implements Stage {
  private final Tensor input;
  private final Tensor output;
  private final Nonlinearity nonlinearity;

  ElementwiseStage(Tensor input, ActivationShape shape, int capacity, Nonlinearity nonlinearity) {
    this.input = input;
    this.output = new Tensor(shape, capacity, input.differentiable());
    this.nonlinearity = nonlinearity;
  }

  @Override
  public Tensor output() {
    return output;
  }

  @Override
  public void forward(Pass pass) {
    copy(input.values(), input, output.values(), output, pass.examples());
    nonlinearity.forward(output, pass);
  }

  @Override
  public void backward(Pass pass) {
    if (input.differentiable()) {
      nonlinearity.backward(output, pass);
      copy(output.gradient(), output, input.gradient(), input, pass.examples());
    }
  }

  private static void copy(
      FloatBuffer from, Tensor source, FloatBuffer to, Tensor target, int examples) {
    int channels = Math.max(source.channels(), target.channels());
    int length = source.features() / channels * examples;
    int read = source.channels() == channels ? source.stride(examples) : length;
    int write = target.channels() == channels ? target.stride(examples) : length;
    for (int channel = 0; channel < channels; channel++) {
      to.put(channel * write, from, channel * read, length);
    }
  }
}
