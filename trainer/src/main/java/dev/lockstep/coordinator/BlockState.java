package dev.lockstep.coordinator;

import dev.lockstep.optimizer.Optimizer;
import java.nio.FloatBuffer;
import java.util.List;

/**
 * An optimizer's state vectors, kept block by block: loops over arrays that all begin at 0 are the
 * ones that the JIT vectorises. Starts at zero. Threads may use different blocks at once.
 */
public final class BlockState {
  private final List<Block> blocks;
  private final int slots;
  private final int length;
  private final float[][][] values;

  BlockState(List<Block> blocks, Optimizer optimizer) {
    this.blocks = blocks;
    this.slots = optimizer.slots().size();
    this.values = new float[blocks.size()][slots][];
    int sum = 0;
    for (int block = 0; block < values.length; block++) {
      for (int slot = 0; slot < slots; slot++) {
        values[block][slot] = new float[blocks.get(block).length()];
      }
      sum += blocks.get(block).length();
    }
    this.length = sum;
  }

  /** The state of one block, a vector a slot. */
  float[][] of(int block) {
    return values[block];
  }

  /** Writes the slots, one whole vector after the other, to {@code target} from {@code offset}. */
  public void write(FloatBuffer target, int offset) {
    for (int block = 0; block < values.length; block++) {
      for (int slot = 0; slot < slots; slot++) {
        target.put(offset + slot * length + blocks.get(block).from(), values[block][slot]);
      }
    }
  }

  /** Takes the slots from where {@link #write} wrote them. */
  public void read(FloatBuffer source, int offset) {
    for (int block = 0; block < values.length; block++) {
      for (int slot = 0; slot < slots; slot++) {
        source.get(offset + slot * length + blocks.get(block).from(), values[block][slot]);
      }
    }
  }
}
