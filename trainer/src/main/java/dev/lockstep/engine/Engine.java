package dev.lockstep.engine;

import java.nio.FloatBuffer;

/**
 * Computes gradients and predictions of one network. An engine is bound, when it is opened, to a
 * buffer of parameters (which others change between calls) and a buffer that receives gradients:
 * both direct, in native byte order, as long as the network's parameter vector.
 *
 * <p>Not thread-safe: one engine belongs to one worker's thread.
 */
public interface Engine extends AutoCloseable {
  /**
   * Computes the <em>sum</em> over the batch of the gradients of each example's loss times its
   * weight, without L1/L2 and without division, into the bound gradient buffer. Running statistics
   * of batch normalisation receive, as if they were gradients, the amount by which each example
   * would lower them.
   *
   * @param step number of the optimizer step in the whole training, from 0; with an example's place
   *     in the batch it keys every random draw
   * @param sums receives the loss, hits and count of the batch; what it held before is lost
   */
  void gradient(Batch batch, long step, StepSums sums);

  /**
   * Computes the activations of the last layer.
   *
   * @param outputs receives {@code batch.size()} rows of as many numbers as the last layer has
   *     units
   */
  void predict(Batch batch, FloatBuffer outputs);

  /** Releases native memory; the bound buffers stay the caller's. */
  @Override
  void close();
}
