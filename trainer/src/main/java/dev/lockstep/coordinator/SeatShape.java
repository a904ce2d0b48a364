package dev.lockstep.coordinator;

import dev.lockstep.coordinator.Averaging.Parameters;
import dev.lockstep.network.Network;

/**
 * How large a seat's vectors are: what a worker and its coordinator agree on without a word.
 *
 * @param vectorLength floats of what is published, and of each contribution
 * @param contributions how many a worker hands in for a round
 */
public record SeatShape(int vectorLength, int contributions) {
  /** The shape of the seat of {@code rank} among {@code workers}. */
  public static SeatShape of(TrainingPlan plan, Network network, int rank, int workers) {
    return plan.averaging() instanceof Parameters
        ? new SeatShape(ParameterAverage.vectorLength(network.layout(), plan.optimizer()), 1)
        : new SeatShape(
            network.layout().length(), plan.sumTree(workers).held(rank, workers).size());
  }
}
