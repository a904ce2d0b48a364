package dev.lockstep.engine;

import static org.bytedeco.openblas.global.openblas_nolapack.CblasNoTrans;
import static org.bytedeco.openblas.global.openblas_nolapack.CblasRowMajor;
import static org.bytedeco.openblas.global.openblas_nolapack.cblas_sgemv;

import dev.lockstep.network.Segment;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.javacpp.FloatPointer;
import org.deeplearning4j.nn.params.DefaultParamInitializer;

/** A layer's bias, a number for each unit or channel: perhaps none, which is then all zeros. */
final class Bias {
  private static final int BLOCK = 4096;

  private final FloatBuffer parameters;
  private final Segment segment;
  private final FloatPointer gradient;
  private final float[] values;
  private final float[] block;
  private final FloatPointer ones;

  /**
   * The bias among {@code segments}.
   *
   * @param units how many numbers it has
   * @param most the most numbers that a unit has in a whole batch
   */
  Bias(Vectors vectors, List<Segment> segments, int units, int most) {
    boolean present = Vectors.has(segments, DefaultParamInitializer.BIAS_KEY);
    this.parameters = vectors.parameters();
    this.segment = present ? Vectors.segment(segments, DefaultParamInitializer.BIAS_KEY) : null;
    this.gradient = present ? vectors.gradient(segment) : null;
    this.values = new float[units];
    this.block = new float[Math.max(BLOCK, units)];
    float[] one = new float[present ? most : 0];
    Arrays.fill(one, 1);
    this.ones = new FloatPointer(FloatVector.of(one));
  }

  /** The bias of each unit, as of the last {@link #read}. */
  float[] values() {
    return values;
  }

  /** Reads the parameters, which others may have changed since. */
  void read() {
    if (segment != null) {
      parameters.get(segment.offset(), values);
    }
  }

  /**
   * Writes each unit's bias to all of its numbers in {@code rows}.
   *
   * @param length how many numbers a unit has
   * @param stride how far it is from one unit to the next
   */
  void fill(FloatBuffer rows, int length, int stride) {
    read();
    if (length > block.length / 2 || length != stride) {
      fillApart(rows, length, stride);
      return;
    }
    int most = block.length / length;
    for (int unit = 0; unit < values.length; unit += most) {
      int count = Math.min(most, values.length - unit);
      for (int i = 0; i < count; i++) {
        Arrays.fill(block, i * length, (i + 1) * length, values[unit + i]);
      }
      rows.put(unit * length, block, 0, count * length);
    }
  }

  private void fillApart(FloatBuffer rows, int length, int stride) {
    for (int unit = 0; unit < values.length; unit++) {
      Arrays.fill(block, 0, Math.min(block.length, length), values[unit]);
      for (int from = 0; from < length; from += block.length) {
        rows.put(unit * stride + from, block, 0, Math.min(block.length, length - from));
      }
    }
  }

  /** Its gradient: the sum of each unit's numbers in {@code rows}; arguments as above. */
  void backward(FloatPointer rows, int length, int stride) {
    if (segment != null) {
      cblas_sgemv(
          CblasRowMajor,
          CblasNoTrans,
          values.length,
          length,
          1,
          rows,
          stride,
          ones,
          1,
          0,
          gradient,
          1);
    }
  }
}
