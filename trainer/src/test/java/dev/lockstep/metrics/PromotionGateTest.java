package dev.lockstep.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.metrics.PromotionGate.Champion;
import dev.lockstep.metrics.PromotionGate.Verdict;
import dev.lockstep.yaml.ConfigurationException;
import dev.lockstep.yaml.Section;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class PromotionGateTest {
  /** Two classes of 100 examples each, of which so many are predicted right. */
  private static Metrics metrics(int rightOfFirst, int rightOfSecond) {
    ConfusionMatrix confusion =
        new ConfusionMatrix(
            2, new long[] {rightOfFirst, 100 - rightOfFirst, 100 - rightOfSecond, rightOfSecond});
    return new Metrics(200, confusion.accuracy(), 0.5, 0.1, confusion);
  }

  private static Optional<Champion> champion(int first, int second, long onlyNew, long onlyOld) {
    return Optional.of(new Champion(metrics(first, second), McNemarTest.of(onlyNew, onlyOld)));
  }

  private static PromotionGate gate(String yaml) {
    return PromotionGate.read(Section.parse("gate.yaml", yaml));
  }

  @Test
  void theFirstChampionNeedsTheMinimumAlone() {
    PromotionGate gate = gate("{minimum: {accuracy: 0.9}, maximum: {loss: 0.6}, recallDrop: 0}");

    assertThat(gate.judge(metrics(95, 85), Optional.empty()))
        .isEqualTo(new Verdict(true, java.util.List.of("the first champion, accuracy 0.9000")));
    assertThat(gate.judge(metrics(95, 80), Optional.empty()).reasons())
        .containsExactly("accuracy is 0.8750 but must be at least 0.9");
    assertThat(gate("maximum: {loss: 0.4}").judge(metrics(99, 99), Optional.empty()).reasons())
        .containsExactly("loss is 0.5000 but must be at most 0.4");
  }

  @Test
  void withoutAWordAChallengerMustBeAsAccurate() {
    assertThat(gate("").judge(metrics(90, 90), champion(90, 90, 5, 5)).promoted()).isTrue();
    assertThat(gate("").judge(metrics(90, 89), champion(90, 90, 5, 6)).reasons())
        .containsExactly(
            "accuracy is 0.8950 and the champion's 0.9000: a gain of -0.0050, which must be at least 0.0");
    assertThat(gate("gain: {}").judge(metrics(10, 10), champion(90, 90, 0, 9)).promoted()).isTrue();
  }

  @Test
  void aGainMayHaveToBeSignificant() {
    PromotionGate gate = gate("gain: {accuracy: 0.01, significance: 0.05}");

    assertThat(gate.judge(metrics(95, 95), champion(90, 90, 10, 0)).promoted()).isTrue();
    assertThat(gate.judge(metrics(95, 95), champion(90, 90, 30, 20)).reasons())
        .singleElement()
        .asString()
        .startsWith("the gain is not significant: it alone is right about 30");
    // Significantly worse is not significantly better.
    assertThat(gate.judge(metrics(85, 95), champion(90, 90, 0, 20)).reasons()).hasSize(2);
  }

  @Test
  void noClassMayFallFarWhateverTheOthersGain() {
    PromotionGate gate = gate("recallDrop: 0.02");

    assertThat(gate.judge(metrics(99, 89), champion(90, 90, 9, 2)).promoted()).isTrue();
    assertThat(gate.judge(metrics(99, 87), champion(90, 90, 9, 3)).reasons())
        .containsExactly("recall of class 1 falls from 0.9000 to 0.8700, which is more than 0.02");
  }

  @Test
  void aTrainingThatDivergedIsNeverGoodEnough() {
    ConfusionMatrix confusion = metrics(95, 95).confusion();
    Metrics diverged = new Metrics(200, 0.95, Double.NaN, Double.NaN, confusion);

    assertThat(gate("maximum: {loss: 9}").judge(diverged, Optional.empty()).promoted()).isFalse();
    assertThat(gate("gain: {loss: -9}").judge(diverged, champion(9, 9, 9, 0)).promoted()).isFalse();
  }

  @Test
  void aMistakeIsNamed() {
    mistake("minimum: {loss: 0.3}", "minimum: unknown key 'loss'");
    mistake("minimum: {accuracy: 97}", "minimum.accuracy is '97' but must be a number from 0 to 1");
    mistake("gain: {recall: 2}", "gain.recall is '2' but must be a number from -1 to 1");
    mistake("maximum: {accuracy: 0.3}", "maximum: unknown key 'accuracy'");
    mistake("recallDrop: 2", "recallDrop is '2' but must be a number from 0 to 1");
    mistake("gain: {accuracy: much}", "gain.accuracy is 'much' but must be a number");
    mistake("recalDrop: 0.1", "did you mean 'recallDrop'?");
  }

  private static void mistake(String yaml, String message) {
    assertThatThrownBy(() -> gate(yaml))
        .isInstanceOf(ConfigurationException.class)
        .hasMessageContaining(message);
  }
}
