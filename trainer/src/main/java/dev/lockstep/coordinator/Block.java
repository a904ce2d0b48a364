package dev.lockstep.coordinator;

import dev.lockstep.network.ParameterLayout;
import dev.lockstep.network.Segment;
import java.util.ArrayList;
import java.util.List;

/**
 * A run of parameters that are treated alike and fit the innermost caches: the unit in which
 * vectors are added and updated, whoever does it. Cutting a vector into blocks changes no bit of
 * the result.
 *
 * @param from index of the first float
 * @param length number of floats, at most {@link #MOST}
 * @param segment what the parameters are; null for optimizer state
 */
record Block(int from, int length, Segment segment) {
  /** Three arrays of 4096 floats fill the 48 KiB of an innermost cache. */
  static final int MOST = 4096;

  /** The blocks of a parameter vector, in order. */
  static List<Block> of(ParameterLayout layout) {
    List<Block> blocks = new ArrayList<>();
    for (Segment segment : layout.segments()) {
      cut(segment.offset(), segment.length(), segment, blocks);
    }
    return List.copyOf(blocks);
  }

  /** Cuts {@code length} floats from {@code from} on into blocks. */
  static void cut(int from, int length, Segment segment, List<Block> blocks) {
    for (int done = 0; done < length; done += MOST) {
      blocks.add(new Block(from + done, Math.min(MOST, length - done), segment));
    }
  }

  /** Index of the float after the last. */
  int end() {
    return from + length;
  }

  /** Adds {@code length} floats of {@code term} to {@code sum}. */
  static void add(float[] sum, float[] term, int length) {
    for (int i = 0; i < length; i++) {
      sum[i] += term[i];
    }
  }

  /** Divides {@code length} floats of {@code sum} by {@code divisor}. */
  static void divide(float[] sum, float divisor, int length) {
    for (int i = 0; i < length; i++) {
      sum[i] /= divisor;
    }
  }

  /** Whether this is a running statistic of batch normalisation, which has no gradient. */
  boolean statistic() {
    return segment != null && segment.statistic();
  }

  /** Room on the heap for the arithmetic on one block; one a thread. */
  static final class Scratch {
    final float[] parameters = new float[MOST];
    final float[] sum = new float[MOST];
    final float[] term = new float[MOST];
    private final List<float[]> levels = new ArrayList<>(List.of(sum, term));

    /** Room for the sum at a level of a {@link SumTree}; level 0 is {@link #sum}. */
    float[] level(int level) {
      while (levels.size() <= level) {
        levels.add(new float[MOST]);
      }
      return levels.get(level);
    }
  }
}
