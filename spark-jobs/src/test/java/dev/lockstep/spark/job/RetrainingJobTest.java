package dev.lockstep.spark.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.config.Configuration;
import dev.lockstep.config.Retraining;
import dev.lockstep.data.Examples;
import dev.lockstep.spark.Digits;
import dev.lockstep.spark.cli.Partitions;
import dev.lockstep.spark.job.RetrainingResult.Decision;
import dev.lockstep.spark.registry.Lease;
import dev.lockstep.spark.registry.LeaseException;
import dev.lockstep.spark.registry.ModelRegistry;
import dev.lockstep.spark.storage.Location;
import dev.lockstep.yaml.ConfigurationException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDate;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

/** What happens to a retraining while it trains. */
class RetrainingJobTest {
  private static final LocalDate FIRST = LocalDate.of(2026, 11, 9);

  /** They take a minute or more. */
  private static final int EPOCHS = 200_000;

  @TempDir Path directory;
  private ModelRegistry registry;
  private int epoch;

  @BeforeEach
  void writeADay() throws Exception {
    registry = new ModelRegistry(Location.of(directory.resolve("models").toString()));
    write(0);
  }

  private static Examples day(int number) {
    return Digits.MNIST.training().select(IntStream.range(60 * number, 60 * number + 60).toArray());
  }

  private void write(int number) throws Exception {
    new Partitions(directory.resolve("digits")).write(FIRST.plusDays(number), day(number));
  }

  /** Retrains; {@code meanwhile} happens once the data have been looked at. */
  private RetrainingResult retrain(Executable meanwhile, String... settings) throws Exception {
    String text =
        """
        dataset: {partitions: '%s', classes: 10, test: {fraction: 0.3}}
        network:
          layers: [dense: {units: 10, activation: softmax}]
          loss: categorical_crossentropy
        training: {epochs: 1, batchSize: 20, shards: 2, optimizer: {name: sgd, learningRate: 0.1}}
        retrain: {registry: '%s', leaseTimeout: 600, gate: {gain: {accuracy: -1}}}
        """
            .formatted(directory.resolve("digits"), registry.location());
    RetrainingJob job =
        new RetrainingJob(
            Configuration.read("retrain.yaml", text, List.of(settings)),
            Retraining.read("retrain.yaml", text, List.of(settings)));
    return job.run(() -> spark(meanwhile), progress -> epoch = progress.epoch());
  }

  private static JavaSparkContext spark(Executable meanwhile) {
    try {
      meanwhile.execute();
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
    return new JavaSparkContext(
        new SparkConf()
            .setMaster("local[1]")
            .setAppName("retraining")
            .set("spark.ui.enabled", "false")
            .set("spark.driver.bindAddress", "127.0.0.1")
            .set("spark.driver.host", "127.0.0.1"));
  }

  @Test
  void whatWasNotTrainedOnWhatTheRegistryWouldSayIsThrownAway() throws Exception {
    byte[] labels = new byte[60];
    Examples others = new Examples(day(0).features(), 10, labels);

    RetrainingResult result =
        retrain(() -> new Partitions(directory.resolve("digits")).write(FIRST, others));

    assertThat(result.decision()).isEqualTo(Decision.DATA_REFUSED);
    assertThat(result.reason()).contains("were changed while a challenger was trained on them");
    assertThat(result.data()).isPresent();
    assertThat(registry.numbers()).isEmpty();
    assertThat(directory.resolve("models/versions")).isEmptyDirectory();
    assertThat(retrain(() -> {}).decision()).isEqualTo(Decision.PROMOTED);
  }

  @Test
  void aChampionThatIsChosenMeanwhileStays() throws Exception {
    retrain(() -> {});
    write(1);

    RetrainingResult result =
        retrain(() -> registry.promote(1, registry.champion(), "chosen by hand"));

    assertThat(result.decision()).isEqualTo(Decision.REFUSED);
    assertThat(result.reason()).contains("the champion was changed by hand while version 2");
    assertThat(registry.champion().orElseThrow().reason()).isEqualTo("chosen by hand");
    assertThat(registry.numbers()).containsExactly(1, 2);
  }

  @Test
  void whoeverLosesTheLeaseEndsAtOnceAndPublishesNothing() throws Exception {
    Lease[] next = new Lease[1];
    try {
      assertThatThrownBy(
              () ->
                  retrain(
                      () -> {
                        Path claim = directory.resolve("models/lease/000001.json");
                        Files.writeString(
                            claim,
                            Files.readString(claim)
                                .replaceFirst(
                                    "(\"expires\" : )[^,]*", "$1\"2026-01-01T00:00:00Z\""));
                        next[0] = Lease.take(registry.location(), Duration.ofMinutes(10));
                      },
                      "retrain.leaseTimeout=1",
                      "training.epochs=" + EPOCHS))
          .isInstanceOf(LeaseException.class)
          .hasMessageContaining("lost the lease (fence 1)");

      assertThat(epoch).isLessThan(EPOCHS);
      assertThat(registry.numbers()).isEmpty();
      assertThat(registry.champion()).isEmpty();
    } finally {
      next[0].close();
    }
  }

  @Test
  void aChampionThatHasLearnedFromWhatWouldBeHeldOutIsNoMeasure() throws Exception {
    retrain(() -> {});
    write(1);

    assertThatThrownBy(() -> retrain(() -> {}, "dataset.test.seed=2"))
        .isInstanceOf(ConfigurationException.class)
        .hasMessageContaining("has learned from examples that would be held out now");
    assertThat(retrain(() -> {}, "dataset.test.fraction=0.2").decision())
        .isEqualTo(Decision.PROMOTED);
  }
}
