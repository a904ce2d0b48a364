package dev.lockstep.spark.gang;

import dev.lockstep.config.Configuration;
import dev.lockstep.coordinator.FencedException;
import dev.lockstep.coordinator.RunAbortedException;
import dev.lockstep.spark.transport.Invitation;
import dev.lockstep.spark.transport.RemoteCoordinator;
import dev.lockstep.yaml.ConfigurationException;
import dev.lockstep.yaml.Section;
import java.util.List;
import org.apache.spark.SparkEnv;
import org.apache.spark.TaskContext;
import org.apache.spark.TaskKilledException;
import org.apache.spark.api.java.function.VoidFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What one Spark task does on an executor: makes the training anew from its configuration, once in
 * each JVM, and works on it for the coordinator on the driver.
 *
 * @param name of the configuration
 * @param yaml the configuration, with every default written out
 * @param fingerprint of the driver's training examples, which the executor's must have too
 * @param workers size of the gang
 * @param invitation holds the run's secret
 */
record RemoteWorker(
    String name, String yaml, String fingerprint, int workers, Invitation invitation)
    implements VoidFunction<Integer> {
  private static final Logger LOG = LoggerFactory.getLogger(RemoteWorker.class);

  /** The workers of {@code training}. */
  static RemoteWorker of(Training training, int workers, Invitation invitation) {
    Configuration configuration =
        training
            .configuration()
            .orElseThrow(
                () ->
                    new IllegalStateException(
                        "a training without a configuration cannot be made anew on executors"));
    return new RemoteWorker(
        configuration.name(),
        Section.write(configuration.resolved()),
        training.data().training().fingerprint(),
        workers,
        invitation);
  }

  @Override
  public void call(Integer rank) throws InterruptedException {
    TaskContext task = TaskContext.get();
    if (task.attemptNumber() > 0) {
      LOG.warn("worker of rank {} starts again, attempt {}", rank, task.attemptNumber());
    }
    try (SharedTrainings.Lease lease = SharedTrainings.lease(invitation.run(), this::training)) {
      Training training = lease.training();
      training
          .worker(training.order(), rank, workers)
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
      throw Gang.outOfMemory(rank, e);
    }
  }

  private Training training() {
    Preflight.requireNativeLibraries();
    Training training = Training.of(Configuration.read(name + ".yaml", yaml, List.of()));
    String own = training.data().training().fingerprint();
    if (!own.equals(fingerprint)) {
      throw new ConfigurationException(
          "the training examples of %s on this executor have the fingerprint %s but the driver's have %s; all must see the same files"
              .formatted(training.data().dataset().name(), own, fingerprint));
    }
    return training;
  }

  /** Without the secret. */
  @Override
  public String toString() {
    return "worker of %d, %s".formatted(workers, invitation);
  }
}
