package dev.lockstep.engine;

/**
 * A part of a network that the fused engine computes in one go: a layer, with the activation and
 * the dropout that follow it. Its buffers are allocated once; a pass allocates nothing.
 */
interface Stage {
  /** What it computes. */
  Tensor output();

  /** Computes the output. */
  void forward(Pass pass);

  /**
   * From the gradient of the output, which it may overwrite: the gradient of its parameters, into
   * the engine's gradient vector, and that of its input, if that is of interest.
   */
  void backward(Pass pass);
}
