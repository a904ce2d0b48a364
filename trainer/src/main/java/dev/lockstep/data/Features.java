package dev.lockstep.data;

import java.security.MessageDigest;

/**
 * The inputs of examples in memory, without their labels: {@link Images} of bytes, or vectors of
 * floats, or neither but their {@link Outline}. All have one shape. Immutable and safe for use by
 * many threads.
 */
public sealed interface Features permits Images, FloatFeatures, Outline {
  /** How many inputs there are. */
  int size();

  /** The shape of each. */
  Shape shape();

  /**
   * Writes {@code example}'s numbers (channel, row, column) to {@code target} from {@code offset}.
   */
  void copy(int example, float[] target, int offset);

  /** The chosen inputs, in the given order; what they consist of is shared, not copied. */
  Features select(int[] examples);

  /** Adds the SHA-256 of each input's numbers, in their order, to {@code digest}. */
  void digest(MessageDigest digest);
}
