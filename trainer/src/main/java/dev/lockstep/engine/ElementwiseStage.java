package dev.lockstep.engine;

import java.nio.FloatBuffer;

/** An activation or a dropout that follows no layer which could take it along. */
final class ElementwiseStage implements Stage {
  private final Tensor input;
  private final Tensor output;
  private final Nonlinearity nonlinearity;

  ElementwiseStage(Tensor input, int capacity, Nonlinearity nonlinearity) {
    this.input = input;
    this.output = new Tensor(input.features(), capacity, input.differentiable());
    this.nonlinearity = nonlinearity;
  }

  @Override
  public Tensor output() {
    return output;
  }

  @Override
  public void forward(Pass pass) {
    copy(input.values(), output.values(), pass);
    nonlinearity.forward(output, pass);
  }

  @Override
  public void backward(Pass pass) {
    if (input.differentiable()) {
      nonlinearity.backward(output, pass);
      copy(output.gradient(), input.gradient(), pass);
    }
  }

  private void copy(FloatBuffer from, FloatBuffer to, Pass pass) {
    to.put(0, from, 0, input.features() * pass.examples());
  }
}
