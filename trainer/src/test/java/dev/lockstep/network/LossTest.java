package dev.lockstep.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.activations.impl.ActivationIdentity;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class LossTest {
  private static final float[] OUTPUTS = {9, 0.2f, 0.7f, 0.1f, 9};

  @Test
  void crossEntropyIsMinusTheLogarithmOfTheClassesProbability() {
    assertThat(Loss.CATEGORICAL_CROSSENTROPY.of(OUTPUTS, 1, 3, 1))
        .isCloseTo(-Math.log(0.7f), within(1e-12));
  }

  @Test
  void binaryCrossEntropyIsTheMeanOverTheUnits() {
    double expected = -(Math.log(1 - 0.2f) + Math.log(0.7f) + Math.log(1 - 0.1f)) / 3;
    assertThat(Loss.BINARY_CROSSENTROPY.of(OUTPUTS, 1, 3, 1)).isCloseTo(expected, within(1e-7));
  }

  @Test
  void squaredErrorIsTheMeanOverTheUnits() {
    assertThat(Loss.MSE.of(OUTPUTS, 1, 3, 1))
        .isCloseTo((0.04 + 0.09 + 0.01) / 3, within(1e-7))
        .isEqualTo(Loss.squaredError(OUTPUTS, 1, 3, 1));
  }

  @Test
  void aSingleUnitsTargetIsTheLabel() {
    float[] outputs = {0.8f};
    assertThat(Loss.BINARY_CROSSENTROPY.of(outputs, 0, 1, 1))
        .isCloseTo(-Math.log(0.8), within(1e-6));
    assertThat(Loss.BINARY_CROSSENTROPY.of(outputs, 0, 1, 0))
        .isCloseTo(-Math.log(0.2), within(1e-6));
    assertThat(Loss.squaredError(outputs, 0, 1, 0)).isCloseTo(0.64, within(1e-6));
  }

  @Test
  void probabilitiesAreClippedBeforeALogarithm() {
    float[] outputs = {0, 1};
    double most = -Math.log(1e-7);
    assertThat(Loss.CATEGORICAL_CROSSENTROPY.of(outputs, 0, 2, 0)).isEqualTo(most);
    assertThat(Loss.BINARY_CROSSENTROPY.of(outputs, 0, 2, 0)).isCloseTo(most, within(1e-6));
    assertThat(Loss.BINARY_CROSSENTROPY.of(outputs, 0, 2, 1)).isCloseTo(1e-7, within(1e-12));
  }

  @ParameterizedTest
  @EnumSource(Loss.class)
  void dl4jAgrees(Loss loss) {
    INDArray outputs = Nd4j.createFromArray(new float[][] {{0.2f, 0.7f, 0.1f}});
    for (int label = 0; label < 3; label++) {
      INDArray labels = Nd4j.zeros(1, 3);
      labels.putScalar(0, label, 1);
      double score =
          loss.dl4j(3).computeScore(labels, outputs, new ActivationIdentity(), null, false);
      assertThat(loss.of(OUTPUTS, 1, 3, label)).isCloseTo(score, within(1e-6));
    }
  }

  @Test
  void thePredictedClassHasTheLargestOutput() {
    assertThat(Loss.predictedClass(OUTPUTS, 1, 3)).isEqualTo(1);
    assertThat(Loss.predictedClass(new float[] {1, 2, 2}, 0, 3)).isEqualTo(1);
    assertThat(Loss.predictedClass(new float[] {0.5f}, 0, 1)).isZero();
    assertThat(Loss.predictedClass(new float[] {0.51f}, 0, 1)).isEqualTo(1);
  }
}
