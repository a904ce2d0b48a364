package dev.lockstep.benchmarks.rival;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDScope;
import ai.djl.training.optimizer.Optimizer;
import dev.lockstep.optimizer.RmsProp;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Plain RMSProp in operations on arrays, in place: DJL has none for PyTorch. */
final class PyTorchRmsProp extends Optimizer {
  private final float rate;
  private final float rho;
  private final float epsilon;
  private final Map<String, Map<Device, NDArray>> squares = new ConcurrentHashMap<>();

  PyTorchRmsProp(RmsProp settings) {
    super(new Builder());
    if (settings.centered() || settings.momentum() != 0) {
      throw new IllegalArgumentException("PyTorch is measured with plain rmsprop only");
    }
    this.rate = (float) settings.learningRate().at(0);
    this.rho = (float) settings.rho();
    this.epsilon = (float) settings.epsilon();
  }

  private static final class Builder extends OptimizerBuilder<Builder> {
    @Override
    protected Builder self() {
      return this;
    }
  }

  @Override
  public void update(String parameter, NDArray weight, NDArray gradient) {
    NDArray square =
        withDefaultState(squares, parameter, weight.getDevice(), key -> weight.zerosLike());
    try (NDScope scope = new NDScope()) {
      scope.suppressNotUsedWarning();
      square.muli(rho).addi(gradient.square().muli(1 - rho));
      weight.subi(gradient.mul(rate).divi(square.sqrt().addi(epsilon)));
      gradient.subi(gradient);
    }
  }
}
