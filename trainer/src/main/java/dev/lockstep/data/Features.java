package dev.lockstep.data;

import java.security.MessageDigest;
import java.util.List;

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

  /** The SHA-256 of {@code example}'s numbers. */
  byte[] digest(int example);

  /** Adds the {@link #digest(int)} of each input, in their order, to {@code digest}. */
  default void digest(MessageDigest digest) {
    for (int i = 0; i < size(); i++) {
      digest.update(digest(i));
    }
  }

  /**
   * All inputs of {@code parts}, one part after the other; what they consist of is shared, not
   * copied.
   *
   * @param parts at least one; all of one kind and shape
   * @throws IllegalArgumentException if they are not
   */
  static Features concatenated(List<Features> parts) {
    Features first = parts.get(0);
    for (Features part : parts) {
      if (part.getClass() != first.getClass() || !part.shape().equals(first.shape())) {
        throw new IllegalArgumentException(
            "inputs of %s cannot follow inputs of %s".formatted(part.shape(), first.shape()));
      }
    }
    return first.followedBy(parts.subList(1, parts.size()));
  }

  /** These inputs and then those of {@code parts}, which are of the same kind and shape. */
  Features followedBy(List<Features> parts);
}
