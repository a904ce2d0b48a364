package dev.lockstep.spark.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.lockstep.yaml.ConfigurationException;
import java.util.List;
import org.junit.jupiter.api.Test;

class GridTest {
  @Test
  void everyValueGoesWithEveryOther() {
    assertThat(Grid.candidates(List.of("network=mlp-512,lenet", "training.batchSize=64,128")))
        .containsExactly(
            List.of("network=mlp-512", "training.batchSize=64"),
            List.of("network=mlp-512", "training.batchSize=128"),
            List.of("network=lenet", "training.batchSize=64"),
            List.of("network=lenet", "training.batchSize=128"));
  }

  @Test
  void withoutAGridThereIsOneCandidate() {
    assertThat(Grid.candidates(List.of())).containsExactly(List.of());
  }

  @Test
  void valuesAreYaml() {
    assertThat(Grid.candidates(List.of("training.optimizer={name: adam},{name: sgd}, null")))
        .containsExactly(
            List.of("training.optimizer={\"name\":\"adam\"}"),
            List.of("training.optimizer={\"name\":\"sgd\"}"),
            List.of("training.optimizer=null"));
  }

  @Test
  void tooManyCandidatesAreRefused() {
    String hundred =
        "seed="
            + String.join(
                ",", java.util.stream.IntStream.range(0, 100).mapToObj(Integer::toString).toList());

    assertThatExceptionOfType(ConfigurationException.class)
        .isThrownBy(() -> Grid.candidates(List.of(hundred, hundred)))
        .withMessageContaining("more than 1000 candidates");
  }
}
