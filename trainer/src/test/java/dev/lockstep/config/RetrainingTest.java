package dev.lockstep.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.config.Retraining.Start;
import dev.lockstep.yaml.ConfigurationException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class RetrainingTest {
  private static final String FILE =
      """
      network: mlp-512
      retrain: {registry: /models/mnist}
      """;

  private static Retraining read(String... overrides) {
    return Retraining.read("a.yaml", FILE, List.of(overrides));
  }

  private static String deciding(String... overrides) {
    return read(overrides).deciding(Configuration.read("a.yaml", FILE, List.of(overrides)));
  }

  @Test
  void theRegistryIsEnough() {
    assertThat(read().registry()).isEqualTo("/models/mnist");
    assertThat(read().start()).isEqualTo(Start.CHAMPION);
    assertThat(read().leaseTimeout()).isEqualTo(Duration.ofMinutes(1));
    assertThat(read("retrain.start=scratch").start()).isEqualTo(Start.SCRATCH);
  }

  @Test
  void whatChangesNoResultDecidesNothing() {
    assertThat(deciding("training.workers=2", "retrain.leaseTimeout=9")).isEqualTo(deciding());
    assertThat(deciding("dataset.partitions=/data")).isEqualTo(deciding());
    assertThat(deciding("seed=2")).isNotEqualTo(deciding());
    assertThat(deciding("retrain.gate.recallDrop=0.1")).isNotEqualTo(deciding());
    assertThat(deciding("retrain.start=scratch")).isNotEqualTo(deciding());
  }

  @Test
  void theTreeIsReadAsTheSame() {
    for (Retraining written :
        List.of(
            read(),
            read(
                "retrain.start=scratch",
                "retrain.leaseTimeout=9",
                "retrain.data={minExamples: 9, maxExamples: 99, countChange: 0.5, classShift: 0.1}",
                "retrain.gate={minimum: {accuracy: 0.9, recall: 0.8}, maximum: {loss: 0.3}, gain: {f1: 0.01, significance: 0.05}, recallDrop: 0.02}"))) {
      String text = "retrain: " + written.tree();

      assertThat(Retraining.read("again.yaml", text, List.of())).isEqualTo(written);
    }
  }

  @Test
  void trainingReadsItToo() {
    mistake("retrain.registri=x", "unknown key 'registri'");
    mistake("retrain.gate.minimum.accurracy=1", "did you mean 'accuracy'?");
    mistake("retrain.data.minExamples=0", "retrain.data.minExamples is '0' but must be");
    assertThatThrownBy(() -> Retraining.read("a.yaml", "network: mlp-512", List.of()))
        .isInstanceOf(ConfigurationException.class)
        .hasMessageContaining("'retrain' is missing");
  }

  private static void mistake(String override, String message) {
    assertThatThrownBy(() -> Configuration.read("a.yaml", FILE, List.of(override)))
        .isInstanceOf(ConfigurationException.class)
        .hasMessageContaining(message);
  }
}
