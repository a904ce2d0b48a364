package dev.lockstep.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ExamplesTest {
  private static final Shape PAIR = new Shape(1, 2, 1);
  private static final byte[][] PIXELS = {{0, 51}, {(byte) 128, (byte) 255}, {1, 2}};

  private static Examples examples() {
    return new Examples(PAIR, 3, PIXELS, new byte[] {2, 0, 1});
  }

  @Test
  void pixelsBecomeNumbersFromZeroToOne() {
    float[] target = {9, 9, 9, 9};

    examples().copy(1, target, 1);

    assertThat(target).containsExactly(9, 128 / 255f, 1, 9);
  }

  @Test
  void chosenExamplesKeepTheirLabelsAndTheGivenOrder() {
    Examples chosen = examples().select(new int[] {2, 0, 2});
    float[] target = new float[2];

    chosen.copy(1, target, 0);

    assertThat(chosen.size()).isEqualTo(3);
    assertThat(new int[] {chosen.label(0), chosen.label(1), chosen.label(2)})
        .containsExactly(1, 2, 1);
    assertThat(target).containsExactly(0, 51 / 255f);
  }

  @Test
  void weightsOfEachPartHaveTheMeanOneAndGoWithTheirExamples() {
    Examples weighted =
        examples().weighted(new double[] {0.3, 0.1, 5}, List.of(new int[] {0, 1}, new int[] {2}));

    Examples chosen = weighted.select(new int[] {1, 2, 0});

    assertThat(weighted.isWeighted()).isTrue();
    assertThat(new float[] {chosen.weight(0), chosen.weight(1), chosen.weight(2)})
        .containsExactly(0.5f, 1f, 1.5f);
    assertThat(examples().isWeighted()).isFalse();
    assertThat(examples().weight(2)).isEqualTo(1f);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "1, -1, 1 | the weight of example 1 is -1.0 but must be at least 0",
        "1, NaN, 1 | the weight of example 1 is NaN but must be at least 0",
        "0, 0, 0 | the sum of 3 weights is 0.0 but must be more than 0 and finite",
        "1e308, 1e308, 1 | the sum of 3 weights is Infinity but must be more than 0 and finite",
        "1, 2 | 2 weights but 3 examples",
      })
  void weightsOfWhichThereIsNoMeanAreRefused(String weights, String message) {
    double[] counts = Arrays.stream(weights.split(", ")).mapToDouble(Double::parseDouble).toArray();

    assertThatIllegalArgumentException()
        .isThrownBy(() -> examples().weighted(counts, List.of(new int[] {0, 1, 2})))
        .withMessage(message);
  }

  @Test
  void fingerprintChangesWithAnyPart() {
    byte[] labels = {2, 0, 1};

    assertThat(examples().fingerprint())
        .hasSize(64)
        .isEqualTo(new Examples(PAIR, 3, PIXELS, labels).fingerprint())
        .isNotEqualTo(new Examples(PAIR, 4, PIXELS, labels).fingerprint())
        .isNotEqualTo(new Examples(new Shape(2, 1, 1), 3, PIXELS, labels).fingerprint())
        .isNotEqualTo(new Examples(PAIR, 3, PIXELS, new byte[] {2, 1, 1}).fingerprint())
        .isNotEqualTo(examples().select(new int[] {1, 0, 2}).fingerprint());
  }

  @Test
  void partsMustAgree() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Examples(PAIR, 3, PIXELS, new byte[2]))
        .withMessage("3 inputs but 2 labels");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Examples(PAIR, 2, PIXELS, new byte[] {0, 1, (byte) 200}))
        .withMessage("label of example 2 is 200 but must be from 0 to 1");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Examples(new Shape(2, 2, 1), 2, PIXELS, new byte[3]))
        .withMessage("image 0 has 2 pixels but a shape of 2 x 2 has 4");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Examples(PAIR, 257, PIXELS, new byte[3]))
        .withMessage("classes is 257 but must be from 1 to 256");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Dataset("d", examples(), new Examples(PAIR, 4, PIXELS, new byte[3])))
        .withMessage(
            "d: training examples are 1 x 2 in 3 classes but test examples are 1 x 2 in 4");
  }

  @Test
  void shapeMustBePositiveAndCountable() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Shape(28, 0, 1))
        .withMessage("shape is 28 x 0 x 1 but every dimension must be > 0");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Shape(65536, 65536, 1))
        .withMessage("shape 65536 x 65536 x 1 has more than 2147483647 numbers");
    assertThat(new Shape(32, 30, 3)).hasToString("32 x 30 x 3").returns(2880, Shape::size);
    assertThat(new Shape(28, 28, 1)).hasToString("28 x 28");
  }
}
