package dev.lockstep.network;

import com.fasterxml.jackson.annotation.JsonValue;
import dev.lockstep.random.CounterRandom;
import dev.lockstep.yaml.Section;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.DoubleSupplier;

/**
 * Initial values of parameters, with the names and formulas of {@code keras.initializers}. Normal
 * variants of Glorot, He and LeCun are truncated at two standard deviations and scaled back to the
 * wanted one, as Keras' VarianceScaling does.
 */
public enum Initializer {
  /** Uniform in ±sqrt(6 / (fanIn + fanOut)) (Glorot and Bengio, 2010). */
  GLOROT_UNIFORM,
  /** Truncated normal of variance 2 / (fanIn + fanOut). */
  GLOROT_NORMAL,
  /** Uniform in ±sqrt(6 / fanIn) (He et al., 2015). */
  HE_UNIFORM,
  /** Truncated normal of variance 2 / fanIn. */
  HE_NORMAL,
  /** Uniform in ±sqrt(3 / fanIn) (LeCun et al., 1998). */
  LECUN_UNIFORM,
  /** Truncated normal of variance 1 / fanIn. */
  LECUN_NORMAL,
  /** Uniform in ±0.05. */
  RANDOM_UNIFORM,
  /** Normal of standard deviation 0.05, not truncated. */
  RANDOM_NORMAL,
  /** The longer of rows and columns are orthonormal vectors (Saxe et al., 2014). */
  ORTHOGONAL,
  /** All zero. */
  ZEROS,
  /** All one. */
  ONES;

  /** Standard deviation of a standard normal truncated to ±2. */
  private static final double TRUNCATED_DEVIATION = 0.87962566103423978;

  static final List<Initializer> ALL = List.of(values());
  static final List<Initializer> OF_VECTORS =
      ALL.stream().filter(initializer -> initializer != ORTHOGONAL).toList();

  /** Keras' name. */
  @JsonValue
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  static Initializer readKernel(Section section) {
    return section.choice("kernelInitializer", GLOROT_UNIFORM, ALL, Initializer::word);
  }

  static Initializer readRecurrent(Section section) {
    return section.choice("recurrentInitializer", ORTHOGONAL, ALL, Initializer::word);
  }

  static Initializer readBias(Section section) {
    return section.choice("biasInitializer", ZEROS, OF_VECTORS, Initializer::word);
  }

  /** Writes the initial values of {@code kernel} to {@code target} from {@code offset}. */
  void fill(CounterRandom random, Kernel kernel, float[] target, int offset) {
    double fanIn = kernel.fanIn();
    double fans = fanIn + kernel.fanOut();
    switch (this) {
      case GLOROT_UNIFORM -> draw(kernel, uniform(random, Math.sqrt(6 / fans)), target, offset);
      case GLOROT_NORMAL -> draw(kernel, truncated(random, 2 / fans), target, offset);
      case HE_UNIFORM -> draw(kernel, uniform(random, Math.sqrt(6 / fanIn)), target, offset);
      case HE_NORMAL -> draw(kernel, truncated(random, 2 / fanIn), target, offset);
      case LECUN_UNIFORM -> draw(kernel, uniform(random, Math.sqrt(3 / fanIn)), target, offset);
      case LECUN_NORMAL -> draw(kernel, truncated(random, 1 / fanIn), target, offset);
      case RANDOM_UNIFORM -> draw(kernel, uniform(random, 0.05), target, offset);
      case RANDOM_NORMAL -> draw(kernel, () -> 0.05 * random.nextGaussian(), target, offset);
      case ORTHOGONAL -> orthogonal(random, kernel, target, offset);
      case ZEROS -> draw(kernel, () -> 0, target, offset);
      case ONES -> draw(kernel, () -> 1, target, offset);
    }
  }

  private static void draw(Kernel kernel, DoubleSupplier value, float[] target, int offset) {
    int end = offset + kernel.rows() * kernel.columns();
    for (int i = offset; i < end; i++) {
      target[i] = (float) value.getAsDouble();
    }
  }

  private static DoubleSupplier uniform(CounterRandom random, double limit) {
    return () -> limit * (2 * random.nextDouble() - 1);
  }

  private static DoubleSupplier truncated(CounterRandom random, double variance) {
    double scale = Math.sqrt(variance) / TRUNCATED_DEVIATION;
    return () -> {
      double draw = random.nextGaussian();
      while (Math.abs(draw) > 2) {
        draw = random.nextGaussian();
      }
      return scale * draw;
    };
  }

  private static void orthogonal(CounterRandom random, Kernel kernel, float[] target, int offset) {
    boolean tall = kernel.rows() >= kernel.columns();
    double[][] vectors = new double[Math.min(kernel.rows(), kernel.columns())][];
    for (int k = 0; k < vectors.length; k++) {
      vectors[k] = new double[Math.max(kernel.rows(), kernel.columns())];
      Arrays.setAll(vectors[k], i -> random.nextGaussian());
      orthonormalize(vectors, k);
      for (int i = 0; i < vectors[k].length; i++) {
        int row = tall ? i : k;
        int column = tall ? k : i;
        target[offset + row + column * kernel.rows()] = (float) vectors[k][i];
      }
    }
  }

  /**
   * Gram and Schmidt's step for vector {@code k}, done twice so that rounding does not spoil it
   * (Giraud et al., 2005). It is the QR decomposition whose R has a positive diagonal, which Keras
   * obtains by flipping signs.
   */
  private static void orthonormalize(double[][] vectors, int k) {
    double[] vector = vectors[k];
    for (int pass = 0; pass < 2; pass++) {
      for (int j = 0; j < k; j++) {
        double projection = dot(vectors[j], vector);
        for (int i = 0; i < vector.length; i++) {
          vector[i] -= projection * vectors[j][i];
        }
      }
    }
    double length = Math.sqrt(dot(vector, vector));
    for (int i = 0; i < vector.length; i++) {
      vector[i] /= length;
    }
  }

  private static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }
}
