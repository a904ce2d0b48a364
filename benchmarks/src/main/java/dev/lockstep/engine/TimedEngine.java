package dev.lockstep.engine;

import dev.lockstep.nativelib.NativeLibraries;
import dev.lockstep.network.Network;
import java.nio.FloatBuffer;
import java.util.List;

/** The fused engine, step by step as it computes, with a clock at each stage. */
final class TimedEngine {
  private final List<Stage> stages;
  private final OutputLoss loss;
  private final Pass pass;
  private final long[] forward;
  private final long[] backward;
  private long lossNanos;

  TimedEngine(
      Network network, long seed, FloatBuffer parameters, FloatBuffer gradient, int capacity) {
    NativeLibraries.load();
    this.stages = new StageBuilder(network, new Vectors(parameters, gradient), capacity).build();
    this.loss = new OutputLoss(network.loss(), network.outputs(), capacity);
    this.pass = new Pass(seed);
    this.forward = new long[stages.size()];
    this.backward = new long[stages.size()];
  }

  List<Stage> stages() {
    return stages;
  }

  /** As {@link Engine#gradient}. */
  void gradient(Batch batch, long step, StepSums sums) {
    sums.clear();
    pass.train(batch, step);
    for (int i = 0; i < stages.size(); i++) {
      long from = System.nanoTime();
      stages.get(i).forward(pass);
      forward[i] = System.nanoTime() - from;
    }
    long from = System.nanoTime();
    loss.apply(stages.get(stages.size() - 1).output(), pass, sums);
    lossNanos = System.nanoTime() - from;
    for (int i = stages.size() - 1; i >= 0; i--) {
      from = System.nanoTime();
      stages.get(i).backward(pass);
      backward[i] = System.nanoTime() - from;
    }
  }

  /** Nanoseconds of the last step in each stage, forward. */
  long[] forward() {
    return forward;
  }

  /** Nanoseconds of the last step in each stage, backward. */
  long[] backward() {
    return backward;
  }

  /** Nanoseconds of the last step's loss. */
  long loss() {
    return lossNanos;
  }
}
