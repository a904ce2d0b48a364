package dev.lockstep.split;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.lockstep.data.Examples;
import dev.lockstep.data.FloatFeatures;
import dev.lockstep.data.Shape;
import dev.lockstep.yaml.ConfigurationException;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Examples that the data itself marks for validation. */
class MarkedTest {
  private static final Examples FIVE =
      new Examples(new FloatFeatures(Shape.vector(1), new float[5][1]), 2, new byte[5]);

  @Test
  void validateAndAllOthersAreLearnedFrom() {
    Split split = new Marked(List.of(4, 1)).split(FIVE, 1);

    assertThat(split.validation()).containsExactly(1, 4);
    assertThat(split.training()).containsExactly(0, 2, 3);
  }

  @Test
  void mayBeNone() {
    assertThat(new Marked(List.of()).validates()).isFalse();
    assertThat(new Marked(List.of()).split(FIVE, 1).training()).hasSize(5);
  }

  @Test
  void mayNotBeAll() {
    assertThatExceptionOfType(ConfigurationException.class)
        .isThrownBy(() -> new Marked(List.of(0, 1, 2, 3, 4)).split(FIVE, 1))
        .withMessage("all 5 examples are marked for validation, and none is left to learn from");
  }
}
