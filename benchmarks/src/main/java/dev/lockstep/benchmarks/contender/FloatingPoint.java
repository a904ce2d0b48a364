package dev.lockstep.benchmarks.contender;

import dev.lockstep.network.ActivationShape;
import dev.lockstep.network.Conv2d;
import dev.lockstep.network.Dense;
import dev.lockstep.network.Network;
import dev.lockstep.network.NetworkLayer;

/** How many floating-point operations the products of a training step need. */
public final class FloatingPoint {
  private FloatingPoint() {}

  /**
   * Operations an example: a multiplication and an addition for each weight each time it is used,
   * in the forward product, in the product that gives its gradient and, but for the first layer, in
   * the one that gives the input's. Element-wise work counts nothing.
   */
  public static double operationsPerExample(Network network) {
    double operations = 0;
    boolean first = true;
    for (NetworkLayer layer : network.layers()) {
      double products = multiplications(layer);
      if (products > 0) {
        operations += 2 * (first ? 2 : 3) * products;
        first = false;
      }
    }
    return operations;
  }

  private static double multiplications(NetworkLayer layer) {
    if (layer.definition().orElseThrow() instanceof Dense dense) {
      return (double) layer.input().size() * dense.units();
    }
    if (layer.definition().orElseThrow() instanceof Conv2d conv) {
      ActivationShape.Image input = (ActivationShape.Image) layer.input();
      return (double) conv.window().size().height()
          * conv.window().size().width()
          * input.channels()
          * layer.output().size();
    }
    return 0;
  }
}
