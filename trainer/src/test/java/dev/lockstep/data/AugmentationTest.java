package dev.lockstep.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.lockstep.random.CounterRandom;
import dev.lockstep.yaml.Section;
import org.junit.jupiter.api.Test;

/** Images that are moved a little each time they are used. */
class AugmentationTest {
  private static final Shape SHAPE = new Shape(9, 9, 1);

  private static float[] dot(int row, int column) {
    float[] image = new float[SHAPE.size()];
    image[row * SHAPE.width() + column] = 1;
    return image;
  }

  private static float[] apply(Augmentation augmentation, float[] image, int place) {
    float[] target = new float[image.length];
    CounterRandom random = new CounterRandom(Augmentation.key(1, 2, place));
    augmentation.apply(SHAPE, image, random, target);
    return target;
  }

  /** Centre of brightness: row, column. */
  private static double[] centre(float[] image) {
    double sum = 0;
    double row = 0;
    double column = 0;
    for (int i = 0; i < image.length; i++) {
      sum += image[i];
      row += image[i] * (i / SHAPE.width());
      column += image[i] * (i % SHAPE.width());
    }
    return new double[] {row / sum, column / sum};
  }

  @Test
  void withoutRangesAnImageStaysAsItIs() {
    assertThat(apply(Augmentation.NONE, dot(2, 6), 0)).isEqualTo(dot(2, 6));
  }

  @Test
  void shiftsAreUpToTheRangeInBothDirectionsAndKeepTheBrightness() {
    double least = 9;
    double most = 0;
    for (int place = 0; place < 200; place++) {
      float[] moved = apply(new Augmentation(0, 2, 0), dot(4, 4), place);
      double sum = 0;
      for (float pixel : moved) {
        sum += pixel;
      }
      assertThat(sum).isCloseTo(1, within(1e-5));
      assertThat(centre(moved)[0]).isBetween(2 - 1e-6, 6 + 1e-6);
      least = Math.min(least, centre(moved)[1]);
      most = Math.max(most, centre(moved)[1]);
    }
    assertThat(least).isBetween(2 - 1e-6, 2.2);
    assertThat(most).isBetween(5.8, 6 + 1e-6);
  }

  @Test
  void aRotationTurnsAboutTheCentre() {
    for (int place = 0; place < 50; place++) {
      float[] image = dot(4, 7);
      image[4 * 9 + 4] = 0;
      double[] turned = centre(apply(new Augmentation(90, 0, 0), image, place));
      assertThat(Math.hypot(turned[0] - 4, turned[1] - 4)).isCloseTo(3, within(0.35));
      assertThat(turned[1]).isGreaterThan(3.5);
    }
    assertThat(apply(new Augmentation(180, 0, 0), dot(4, 4), 3)[4 * 9 + 4])
        .isCloseTo(1, within(1e-5f));
  }

  @Test
  void zoomMovesPixelsAlongTheLineFromTheCentre() {
    for (int place = 0; place < 50; place++) {
      double[] moved = centre(apply(new Augmentation(0, 0, 0.3), dot(4, 7), place));
      assertThat(moved[0]).isCloseTo(4, within(1e-5));
      assertThat(moved[1]).isBetween(4 + 3 * 0.7 - 0.4, 4 + 3 * 1.3 + 0.4);
    }
  }

  @Test
  void whatIsDrawnDependsOnSeedStepAndPlaceAlone() {
    Augmentation augmentation = new Augmentation(20, 2, 0.1);
    assertThat(apply(augmentation, dot(3, 3), 5)).isEqualTo(apply(augmentation, dot(3, 3), 5));
    assertThat(apply(augmentation, dot(3, 3), 5)).isNotEqualTo(apply(augmentation, dot(3, 3), 6));
  }

  @Test
  void rangesThatCannotBeAreRefused() {
    assertThatThrownBy(() -> Augmentation.read(Section.parse("x.yaml", "zoom: 1")))
        .hasMessage("x.yaml: zoom is '1' but must be a fraction from 0 to less than 1");
    assertThatThrownBy(() -> Augmentation.read(Section.parse("x.yaml", "rotations: 5")))
        .hasMessageContaining("did you mean 'rotation'?");
  }
}
