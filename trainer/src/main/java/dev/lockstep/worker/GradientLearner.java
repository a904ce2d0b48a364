package dev.lockstep.worker;

import dev.lockstep.coordinator.Directive;
import dev.lockstep.coordinator.Directive.ComputeGradient;
import dev.lockstep.coordinator.Seat;
import dev.lockstep.data.MicroBatch;
import dev.lockstep.data.WorkerOrder;
import dev.lockstep.engine.Batch;
import dev.lockstep.engine.Engine;
import dev.lockstep.engine.FloatVector;
import dev.lockstep.engine.StepSums;
import java.nio.FloatBuffer;

/** Computes the gradient sum of the worker's part of each batch, straight into its contribution. */
final class GradientLearner implements Learner {
  private final Worker worker;
  private final WorkerOrder order;
  private final MicroBatch part;
  private final Batch batch;
  private final Engine engine;
  private final FloatBuffer gradient;
  private final FloatBuffer zeros;
  private final StepSums sums = new StepSums();

  GradientLearner(Worker worker, Seat seat) {
    this.worker = worker;
    this.order = worker.order().worker(worker.rank(), worker.workers());
    this.part = new MicroBatch(order.capacity());
    this.batch = new Batch(worker.network().input(), part.capacity());
    this.gradient = seat.contribution();
    this.zeros = FloatVector.allocate(gradient.capacity());
    this.engine = worker.openEngine(seat.published(), gradient, part.capacity());
  }

  @Override
  public StepSums learn(Directive directive) {
    ComputeGradient step = (ComputeGradient) directive;
    order.microBatch(step.epoch(), step.batch(), part);
    if (part.size() == 0) {
      sums.clear();
      gradient.put(0, zeros, 0, zeros.capacity());
    } else {
      batch.fill(worker.data().training(), part);
      engine.gradient(batch, step.step(), sums);
    }
    return sums;
  }

  @Override
  public void predict(Batch examples, FloatBuffer outputs) {
    engine.predict(examples, outputs);
  }

  @Override
  public void close() {
    engine.close();
  }
}
