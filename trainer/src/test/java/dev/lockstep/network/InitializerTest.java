package dev.lockstep.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.lockstep.random.CounterRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class InitializerTest {
  private static final int ROWS = 300;
  private static final int COLUMNS = 200;

  @ParameterizedTest
  @CsvSource({
    "GLOROT_UNIFORM, 0.1095445", // sqrt(6 / 500)
    "HE_UNIFORM, 0.1414214", // sqrt(6 / 300)
    "LECUN_UNIFORM, 0.1", // sqrt(3 / 300)
    "RANDOM_UNIFORM, 0.05"
  })
  void uniformDrawsFillTheirInterval(Initializer initializer, double limit) {
    float[] values = draw(initializer, Kernel.dense(ROWS, COLUMNS));
    assertThat(maximum(values)).isLessThanOrEqualTo(limit + 1e-7).isCloseTo(limit, within(1e-4));
    assertThat(mean(values)).isCloseTo(0, within(limit / 100));
    assertThat(deviation(values)).isCloseTo(limit / Math.sqrt(3), within(limit / 100));
  }

  @ParameterizedTest
  @CsvSource({
    "GLOROT_NORMAL, 0.0632456", // sqrt(2 / 500)
    "HE_NORMAL, 0.0816497", // sqrt(2 / 300)
    "LECUN_NORMAL, 0.0577350" // sqrt(1 / 300)
  })
  void truncatedNormalDrawsKeepTheirDeviation(Initializer initializer, double deviation) {
    float[] values = draw(initializer, Kernel.dense(ROWS, COLUMNS));
    assertThat(deviation(values)).isCloseTo(deviation, within(deviation / 100));
    assertThat(mean(values)).isCloseTo(0, within(deviation / 50));
    double bound = 2 * deviation / 0.87962566103423978;
    assertThat(maximum(values)).isLessThanOrEqualTo(bound + 1e-6).isGreaterThan(0.99 * bound);
  }

  @Test
  void randomNormalIsNotTruncated() {
    float[] values = draw(Initializer.RANDOM_NORMAL, Kernel.dense(ROWS, COLUMNS));
    assertThat(deviation(values)).isCloseTo(0.05, within(0.0005));
    assertThat(maximum(values)).isGreaterThan(0.15);
  }

  @Test
  void constantsAreConstant() {
    assertThat(draw(Initializer.ZEROS, Kernel.bias(5))).containsOnly(0);
    assertThat(draw(Initializer.ONES, Kernel.bias(5))).containsOnly(1);
  }

  @ParameterizedTest
  @CsvSource({"40, 25", "25, 40", "30, 30", "1, 7"})
  void theShorterSideOfAnOrthogonalMatrixIsOrthonormal(int rows, int columns) {
    float[] matrix = draw(Initializer.ORTHOGONAL, Kernel.dense(rows, columns));
    boolean tall = rows >= columns;
    int vectors = Math.min(rows, columns);
    for (int a = 0; a < vectors; a++) {
      for (int b = 0; b < vectors; b++) {
        double dot = 0;
        for (int i = 0; i < Math.max(rows, columns); i++) {
          dot +=
              tall
                  ? (double) matrix[i + a * rows] * matrix[i + b * rows]
                  : (double) matrix[a + i * rows] * matrix[b + i * rows];
        }
        assertThat(dot).isCloseTo(a == b ? 1 : 0, within(1e-6));
      }
    }
  }

  @Test
  void aConvolutionsFansCountItsArea() {
    Kernel kernel = Kernel.convolution(new Size(3, 5), 4, 6);
    assertThat(kernel).isEqualTo(new Kernel(60, 6, 60, 90));
  }

  @Test
  void theSameKeyDrawsTheSameValues() {
    Kernel kernel = Kernel.dense(7, 3);
    assertThat(draw(Initializer.ORTHOGONAL, kernel))
        .isEqualTo(draw(Initializer.ORTHOGONAL, kernel));
  }

  @Test
  void nothingIsWrittenOutsideTheArray() {
    for (Initializer initializer : Initializer.values()) {
      float[] target = new float[10];
      initializer.fill(new CounterRandom(1), Kernel.dense(2, 3), target, 2);
      assertThat(new float[] {target[0], target[1], target[8], target[9]})
          .as(initializer.word())
          .containsOnly(0);
    }
  }

  private static float[] draw(Initializer initializer, Kernel kernel) {
    float[] values = new float[kernel.rows() * kernel.columns()];
    initializer.fill(new CounterRandom(CounterRandom.key(5, 1)), kernel, values, 0);
    return values;
  }

  private static double mean(float[] values) {
    double sum = 0;
    for (float value : values) {
      sum += value;
    }
    return sum / values.length;
  }

  private static double deviation(float[] values) {
    double mean = mean(values);
    double sum = 0;
    for (float value : values) {
      sum += (value - mean) * (value - mean);
    }
    return Math.sqrt(sum / values.length);
  }

  private static double maximum(float[] values) {
    double maximum = 0;
    for (float value : values) {
      maximum = Math.max(maximum, Math.abs(value));
    }
    return maximum;
  }
}
