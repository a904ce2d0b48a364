package dev.lockstep.engine;

import dev.lockstep.network.Network;
import java.nio.FloatBuffer;

/** Opens engines. Safe for use by many threads. */
@FunctionalInterface
public interface EngineFactory {
  /**
   * Opens an engine for the calling thread.
   *
   * @param seed what random draws (dropout) come from
   * @param parameters where the engine reads parameters: direct, native order, in DL4J's layout
   * @param gradient where it writes gradients: direct, native order, as long as {@code parameters}
   * @param capacity the most examples a batch will have
   */
  Engine open(
      Network network, long seed, FloatBuffer parameters, FloatBuffer gradient, int capacity);
}
