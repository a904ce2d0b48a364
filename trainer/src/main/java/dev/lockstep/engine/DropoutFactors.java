package dev.lockstep.engine;

import dev.lockstep.random.CounterRandom;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;

/**
 * Dropout's factors for the inputs to one layer: 0 for the fraction {@code rate} that is dropped,
 * {@code 1 / (1 - rate)} for what is kept (inverted dropout, as Keras). They lie element by
 * element, the batch's examples side by side.
 *
 * <p>Written for the JIT's vectoriser, which takes integer arithmetic but neither comparisons nor
 * conversions: a factor's bits are computed as an integer, and read as a float from the same
 * memory.
 */
final class DropoutFactors {
  private final int layer;
  private final int threshold;
  private final int keptBits;
  private final int[] starts;
  private final int[] bits;
  private final IntBuffer memory;
  private final FloatBuffer memoryAsFloats;
  private int examples;

  /**
   * Factors for inputs to {@code layer}.
   *
   * @param layer number in DL4J's list of layers, from 0
   * @param rate fraction dropped
   * @param most the most factors that will be asked for at once, at least the examples of a batch
   */
  DropoutFactors(int layer, double rate, int most) {
    this.layer = layer;
    this.threshold = (int) Math.round(rate * (1 << 24));
    this.keptBits = Float.floatToRawIntBits((float) (1 / (1 - rate)));
    this.starts = new int[most];
    this.bits = new int[most];
    ByteBuffer bytes =
        ByteBuffer.allocateDirect(Math.multiplyExact(most, Float.BYTES))
            .order(ByteOrder.nativeOrder());
    this.memory = bytes.asIntBuffer();
    this.memoryAsFloats = bytes.asFloatBuffer();
  }

  /** Turns to the step that {@code draws} is at, and the examples of {@code batch}. */
  void open(StepDraws draws, Batch batch) {
    examples = batch.size();
    for (int j = 0; j < examples; j++) {
      starts[j] = draws.key(layer, batch.place(j));
    }
    for (int i = examples; i < starts.length; i++) {
      starts[i] = CounterRandom.skip(starts[i - examples], 1);
    }
  }

  /**
   * Writes the factors of all examples for the elements from {@code element} on.
   *
   * @param length how many factors: a multiple of the examples
   */
  void write(int element, float[] factors, int length) {
    int skipped = CounterRandom.skip(0, element);
    for (int i = 0; i < length; i++) {
      int draw = CounterRandom.bits(starts[i] + skipped, 0) >>> 8;
      bits[i] = keptBits & ~((draw - threshold) >> 31);
    }
    memory.put(0, bits, 0, length);
    memoryAsFloats.get(0, factors, 0, length);
  }
}
