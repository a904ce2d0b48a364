package dev.lockstep.coordinator;

import dev.lockstep.engine.FloatVector;
import dev.lockstep.engine.StepSums;
import java.nio.FloatBuffer;

/**
 * What a worker hands in at the end of its share of a round: a vector, and what was counted while
 * it was made. Reused from round to round; belongs to the worker while it computes and to the
 * coordinator while it applies.
 *
 * @param vector direct, native order, as long as what the coordinator publishes
 */
public record Contribution(FloatBuffer vector, StepSums sums) {
  /** A vector of {@code length} zeros, with nothing counted. */
  public static Contribution ofLength(int length) {
    return new Contribution(FloatVector.allocate(length), new StepSums());
  }
}
