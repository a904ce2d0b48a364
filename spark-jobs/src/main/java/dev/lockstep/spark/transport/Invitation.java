package dev.lockstep.spark.transport;

import dev.lockstep.config.WorkerLoss;
import java.io.Serializable;
import java.util.UUID;

/**
 * What a worker must know to join: the driver sends it to the executors inside the task and nowhere
 * else, for it holds the run's secret.
 *
 * @param host the coordinator's
 * @param run which run this is; coordinators refuse workers of another
 * @param secret what proves that a worker belongs to the run, and the coordinator too
 * @param encrypted whether all that is said is encrypted
 * @param workerLoss how long they wait for one another
 */
public record Invitation(
    String host, int port, UUID run, String secret, boolean encrypted, WorkerLoss workerLoss)
    implements Serializable {
  /** {@code host:port}. */
  public String address() {
    return host + ":" + port;
  }

  /** Without the secret. */
  @Override
  public String toString() {
    return "run " + run + " at " + address();
  }
}
