package dev.lockstep.spark.gang;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.config.WorkerLoss;
import dev.lockstep.data.Dataset;
import dev.lockstep.data.Examples;
import dev.lockstep.spark.transport.Invitation;
import dev.lockstep.worker.TrainingSet;
import dev.lockstep.yaml.ConfigurationException;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** An executor trains on the driver's examples, or says that it has others. */
class RemoteWorkerTest {
  private static final Invitation INVITATION =
      new Invitation("127.0.0.1", 1, UUID.randomUUID(), "secret", false, WorkerLoss.DEFAULT);

  private final Training drivers = SmallGang.training("epochs: 1", step -> {}, () -> {});

  /** What an executor makes, which sees the files as it does. */
  private record Seen(Training training) implements TrainingRecipe {
    @Override
    public Training make() {
      return training;
    }

    @Override
    public WorkerLoss workerLoss() {
      return WorkerLoss.DEFAULT;
    }
  }

  /** The worker of a driver with {@link #drivers} on an executor that sees these examples. */
  private RemoteWorker worker(Examples training, Examples test) {
    TrainingSet seen = new TrainingSet(new Dataset("part", training, test), drivers.data().split());
    Training executors =
        new Training(
            Optional.empty(),
            drivers.plan(),
            drivers.network(),
            seen,
            drivers.initialParameters(),
            drivers.engines());
    Training told =
        new Training(
            Optional.of(new Seen(executors)),
            drivers.plan(),
            drivers.network(),
            drivers.data(),
            drivers.initialParameters(),
            drivers.engines());
    return RemoteWorker.of(told, 2, INVITATION);
  }

  private static Examples without(Examples examples) {
    return examples.select(IntStream.range(1, examples.size()).toArray());
  }

  @Test
  void theSameExamplesAreTrainedOn() {
    RemoteWorker worker = worker(drivers.data().training(), drivers.data().test());

    assertThat(worker.training().data().test().size()).isEqualTo(100);
  }

  /** A fold's driver tests nothing, whatever the files of its executors hold. */
  @Test
  void aDriverThatTestsNothingTakesExecutorsThatCould() {
    Dataset untested =
        new Dataset("part", drivers.data().training(), drivers.data().test()).untested();
    Training told =
        new Training(
            Optional.of(new Seen(drivers)),
            drivers.plan(),
            drivers.network(),
            new TrainingSet(untested, drivers.data().split()),
            drivers.initialParameters(),
            drivers.engines());

    assertThat(RemoteWorker.of(told, 2, INVITATION).training().data().test().size()).isEqualTo(100);
  }

  @Test
  void otherTrainingExamplesAreRefused() {
    Examples training = drivers.data().training();
    RemoteWorker worker =
        worker(
            without(Examples.concatenated(java.util.List.of(training, training), 10)),
            drivers.data().test());

    assertRefused(worker, "training");
  }

  @Test
  void otherTestExamplesAreRefused() {
    assertRefused(worker(drivers.data().training(), without(drivers.data().test())), "test");
  }

  private static void assertRefused(RemoteWorker worker, String part) {
    assertThatThrownBy(worker::training)
        .isInstanceOf(ConfigurationException.class)
        .message()
        .matches(
            "the %s examples of part on this executor have the fingerprint [0-9a-f]{64} but the driver's have [0-9a-f]{64}; all must see the same files"
                .formatted(part));
  }
}
