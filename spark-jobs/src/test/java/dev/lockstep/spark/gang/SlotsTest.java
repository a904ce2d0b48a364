package dev.lockstep.spark.gang;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.lockstep.yaml.ConfigurationException;
import java.util.OptionalInt;
import org.apache.spark.SparkConf;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SlotsTest {
  private static final int MOST = 6;

  private static SparkConf settings(String text) {
    SparkConf settings = new SparkConf(false);
    for (String pair : text.split(" ")) {
      String[] keyAndValue = pair.split("=");
      settings.set("spark." + keyAndValue[0], keyAndValue[1]);
    }
    return settings;
  }

  @ParameterizedTest
  @CsvSource({
    "master=spark://a:7077 cores.max=3, 3",
    "master=spark://a:7077 cores.max=5 task.cpus=2, 2",
    "master=spark://a:7077 cores.max=5 executor.cores=2, 4",
    "master=yarn executor.instances=3, 3",
    "master=yarn executor.instances=2 executor.cores=2, 4",
    "master=k8s://https://a executor.instances=50, 6"
  })
  void whereNoneIsGivenThereAreAsManyWorkersAsTheApplicationWillHaveSlots(
      String settings, int workers) {
    assertThat(Slots.workers(settings(settings), "workers", OptionalInt.empty(), MOST))
        .isEqualTo(workers);
  }

  @ParameterizedTest
  @CsvSource({
    "master=spark://a:7077",
    "master=spark://a:7077 executor.instances=3",
    "master=yarn cores.max=3",
    "master=yarn executor.instances=3 dynamicAllocation.enabled=true"
  })
  void whereTheSettingsDoNotTellTheNumberMustBeGiven(String settings) {
    assertThatExceptionOfType(ConfigurationException.class)
        .isThrownBy(() -> Slots.workers(settings(settings), "workers", OptionalInt.empty(), MOST))
        .withMessageStartingWith("workers is missing; on a cluster (")
        .withMessageContaining("one for each core of the executors");
    assertThat(Slots.workers(settings(settings), "workers", OptionalInt.of(9), MOST)).isEqualTo(9);
  }

  @ParameterizedTest
  @CsvSource({
    "master=spark://a:7077 cores.max=3, spark.cores.max",
    "master=yarn executor.instances=3, 'spark.executor.instances, spark.executor.cores'"
  })
  void moreThanTheApplicationWillEverHaveRoomForAreRefused(String settings, String because) {
    SparkConf conf = settings(settings);

    assertThat(Slots.workers(conf, "workers", OptionalInt.of(2), MOST)).isEqualTo(2);
    assertThatExceptionOfType(ConfigurationException.class)
        .isThrownBy(() -> Slots.workers(conf, "workers", OptionalInt.of(4), MOST))
        .withMessageStartingWith("workers is 4 but the application asks ")
        .withMessageContaining("room for 3 tasks at once (" + because + ")");
  }
}
