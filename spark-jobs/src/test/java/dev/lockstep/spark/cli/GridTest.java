package dev.lockstep.spark.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.lockstep.yaml.ConfigurationException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

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
        "="
            + String.join(
                ",", java.util.stream.IntStream.range(0, 100).mapToObj(Integer::toString).toList());

    assertThatExceptionOfType(ConfigurationException.class)
        .isThrownBy(
            () ->
                Grid.candidates(
                    List.of("training.epochs" + hundred, "training.batchSize" + hundred)))
        .withMessageContaining("more than 1000 candidates");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "training.batchSize= ",
        "training.batchSize=",
        "=1",
        " =1",
        "training.batchSize=64]\nmore: [1",
        "training.batchSize=#"
      })
  void whatGivesNoValuesIsRefused(String grid) {
    assertThatExceptionOfType(ConfigurationException.class)
        .isThrownBy(() -> Grid.candidates(List.of(grid)))
        .withMessageContaining("--grid");
  }

  @Test
  void aKeyThatIsGivenTwiceIsRefused() {
    assertThatExceptionOfType(ConfigurationException.class)
        .isThrownBy(
            () -> Grid.candidates(List.of("training.batchSize=64", "training.batchSize=128")))
        .withMessage(
            "--grid gives values of 'training.batchSize' twice; give them all in one, with commas between them");
  }
}
