package dev.lockstep.coordinator;

import dev.lockstep.coordinator.Averaging.Parameters;
import dev.lockstep.network.Network;
import dev.lockstep.network.ParameterLayout;
import dev.lockstep.optimizer.Optimizer;

/**
 * A training between two rounds: whoever starts from it makes the same steps, bit for bit, as the
 * training that it was taken from. The arrays are not copied.
 *
 * @param parameters in DL4J's order
 * @param optimizer the optimizer's slots, one whole vector after the other; the mean of the
 *     workers', when parameters are averaged
 * @param outer the outer optimizer's slots, likewise; empty without one
 * @param best the parameters of the best epoch; empty unless early stopping restores them
 */
public record TrainingState(
    Position position, float[] parameters, float[] optimizer, float[] outer, float[] best) {

  /** The beginning of every training: {@code initialParameters}, and optimizers at zero. */
  public static TrainingState start(TrainingPlan plan, Network network, float[] initialParameters) {
    TrainingState start = zeros(plan, network, Position.START);
    requireLength("parameters", start.parameters.length, initialParameters.length);
    System.arraycopy(initialParameters, 0, start.parameters, 0, initialParameters.length);
    return start;
  }

  /** Room for the state of a training that has come to {@code position}, all zeros. */
  public static TrainingState zeros(TrainingPlan plan, Network network, Position position) {
    ParameterLayout layout = network.layout();
    return new TrainingState(
        position,
        new float[layout.length()],
        slots(layout, plan.optimizer()),
        plan.averaging() instanceof Parameters averaging && averaging.outer().isPresent()
            ? slots(layout, averaging.outer().get())
            : new float[0],
        new float[plan.restoresBestWeights() ? layout.length() : 0]);
  }

  private static float[] slots(ParameterLayout layout, Optimizer optimizer) {
    return new float[Math.multiplyExact(layout.length(), optimizer.slots().size())];
  }

  /** The same arrays at another position. */
  TrainingState at(Position other) {
    return new TrainingState(other, parameters, optimizer, outer, best);
  }

  /**
   * Checks the lengths of all vectors.
   *
   * @throws IllegalArgumentException if one is not what {@code plan} and {@code network} need
   */
  void requireFit(TrainingPlan plan, Network network) {
    TrainingState fitting = zeros(plan, network, Position.START);
    requireLength("parameters", fitting.parameters.length, parameters.length);
    requireLength("optimizer", fitting.optimizer.length, optimizer.length);
    requireLength("outer", fitting.outer.length, outer.length);
    requireLength("best", fitting.best.length, best.length);
  }

  private static void requireLength(String name, int expected, int found) {
    if (found != expected) {
      throw new IllegalArgumentException(
          "%s has %d numbers but the training needs %d".formatted(name, found, expected));
    }
  }
}
