package dev.lockstep.spark.gang;

import dev.lockstep.coordinator.FencedException;
import dev.lockstep.coordinator.RunAbortedException;
import dev.lockstep.data.Examples;
import dev.lockstep.spark.transport.Invitation;
import dev.lockstep.spark.transport.RemoteCoordinator;
import dev.lockstep.yaml.ConfigurationException;
import java.util.Iterator;
import org.apache.spark.SparkEnv;
import org.apache.spark.TaskContext;
import org.apache.spark.TaskKilledException;
import org.apache.spark.api.java.function.VoidFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What one Spark task does on an executor with the shards of its partition: makes the training anew
 * from its recipe, once in each JVM, and works on it for the coordinator on the driver.
 *
 * @param trainingFingerprint of the driver's training examples, which the executor's must have too
 * @param testFingerprint of its test examples, likewise; empty if it tests nothing, as in a fold
 * @param workers size of the gang
 * @param invitation holds the run's secret
 */
record RemoteWorker(
    TrainingRecipe recipe,
    String trainingFingerprint,
    String testFingerprint,
    int workers,
    Invitation invitation)
    implements VoidFunction<Iterator<Integer>> {
  private static final Logger LOG = LoggerFactory.getLogger(RemoteWorker.class);

  /** The workers of {@code training}. */
  static RemoteWorker of(Training training, int workers, Invitation invitation) {
    TrainingRecipe recipe =
        training
            .recipe()
            .orElseThrow(
                () ->
                    new IllegalStateException(
                        "a training without a recipe cannot be made anew on executors"));
    return new RemoteWorker(
        recipe,
        training.data().training().fingerprint(),
        training.data().test().size() == 0 ? "" : training.data().test().fingerprint(),
        workers,
        invitation);
  }

  @Override
  public void call(Iterator<Integer> shards) throws InterruptedException {
    TaskContext task = TaskContext.get();
    int rank = task.partitionId();
    if (task.attemptNumber() > 0) {
      LOG.warn("worker of rank {} starts again, attempt {}", rank, task.attemptNumber());
    }
    try (SharedTrainings.Lease lease = SharedTrainings.lease(invitation.run(), this::training)) {
      Training training = lease.training();
      training
          .worker(training.order(), rank, workers, Gang.own(shards))
          .run(
              new RemoteCoordinator(
                  invitation, SparkEnv.get().conf(), training.plan(), training.network(), workers),
              task.taskAttemptId());
    } catch (RunAbortedException e) {
      LOG.info("worker of rank {} ends: {}", rank, e.getMessage());
    } catch (FencedException e) {
      LOG.warn(e.getMessage());
      throw new TaskKilledException(e.getMessage());
    } catch (OutOfMemoryError e) {
      throw TaskMemory.exhausted("worker of rank " + rank, e);
    }
  }

  /**
   * The training that this executor makes of the recipe.
   *
   * @throws ConfigurationException if its examples are not the driver's
   */
  Training training() {
    Preflight.requireNativeLibraries();
    Training training = recipe.make();
    requireDrivers("training", training, training.data().training(), trainingFingerprint);
    if (!testFingerprint.isEmpty()) {
      requireDrivers("test", training, training.data().test(), testFingerprint);
    }
    return training;
  }

  private static void requireDrivers(
      String part, Training training, Examples examples, String drivers) {
    String own = examples.fingerprint();
    if (!own.equals(drivers)) {
      throw new ConfigurationException(
          "the %s examples of %s on this executor have the fingerprint %s but the driver's have %s; all must see the same files"
              .formatted(part, training.data().dataset().name(), own, drivers));
    }
  }

  /** Without the secret. */
  @Override
  public String toString() {
    return "worker of %d, %s".formatted(workers, invitation);
  }
}
