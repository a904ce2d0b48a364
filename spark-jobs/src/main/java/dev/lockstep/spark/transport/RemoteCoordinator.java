package dev.lockstep.spark.transport;

import dev.lockstep.coordinator.Coordinator;
import dev.lockstep.coordinator.Seat;
import dev.lockstep.coordinator.SeatShape;
import dev.lockstep.coordinator.TrainingPlan;
import dev.lockstep.network.Network;
import dev.lockstep.spark.transport.Message.Place;
import org.apache.spark.SparkConf;

/**
 * The coordinator of a gang as seen from another JVM. Every seat has a connection of its own.
 *
 * @param invitation where it is, and the secret
 * @param conf Spark's
 * @param workers size of the gang
 */
public record RemoteCoordinator(
    Invitation invitation, SparkConf conf, TrainingPlan plan, Network network, int workers)
    implements Coordinator {
  /**
   * @throws CoordinatorLostException if the coordinator cannot be reached in time, or turns this
   *     worker away; {@link Seat#push} throws it when the connection ends
   */
  @Override
  public Seat join(int rank, long attempt) throws InterruptedException {
    RemoteSeat seat =
        new RemoteSeat(
            invitation,
            new Place(invitation.run(), rank, attempt),
            SeatShape.of(plan, network, rank, workers),
            plan.averaging().wire(),
            conf);
    try {
      seat.join();
      return seat;
    } catch (InterruptedException | RuntimeException e) {
      seat.close();
      throw e;
    }
  }
}
