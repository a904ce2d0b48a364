package dev.lockstep.worker;

import dev.lockstep.coordinator.Contribution;
import dev.lockstep.coordinator.Directive;
import dev.lockstep.coordinator.Directive.TrainLocally;
import dev.lockstep.coordinator.GradientUpdate;
import dev.lockstep.coordinator.Seat;
import dev.lockstep.coordinator.SumTree;
import dev.lockstep.data.MicroBatch;
import dev.lockstep.data.WorkerOrder;
import dev.lockstep.engine.Batch;
import dev.lockstep.engine.Engine;
import dev.lockstep.engine.FloatVector;
import dev.lockstep.engine.StepSums;
import java.nio.FloatBuffer;

/** Makes local optimizer steps on the worker's own examples and contributes where they led. */
final class LocalLearner implements Learner {
  private final Worker worker;
  private final Seat seat;
  private final WorkerOrder order;
  private final MicroBatch part;
  private final Batch batch;
  private final FloatBuffer parameters;
  private final Contribution[] step;
  private final GradientUpdate update;
  private final GradientUpdate.Workspace workspace = new GradientUpdate.Workspace();
  private final Engine engine;

  LocalLearner(Worker worker, Seat seat) {
    int length = worker.network().layout().length();
    this.worker = worker;
    this.seat = seat;
    this.order = worker.order().worker(worker.shards());
    this.part = new MicroBatch(Math.min(worker.plan().batchSize(), order.owned()));
    this.batch = new Batch(worker.network().input(), part.capacity());
    this.parameters = FloatVector.allocate(length);
    this.step = new Contribution[] {Contribution.ofLength(length)};
    this.update =
        new GradientUpdate(
            worker.network().layout(),
            worker.plan().optimizer(),
            parameters,
            SumTree.inOrder(1),
            1);
    this.engine = worker.openEngine(parameters, step[0].vector(), part.capacity());
  }

  @Override
  public void learn(Directive directive) {
    TrainLocally steps = (TrainLocally) directive;
    StepSums round = contribution().sums();
    takePublished();
    round.clear();
    for (int i = 0; i < steps.batches(); i++) {
      order.localBatch(steps.epoch(), steps.firstBatch() + i, part);
      if (part.size() == 0) {
        break;
      }
      long draw = localDraw(steps.firstStep() + i);
      worker.fill(batch, part, draw);
      engine.gradient(batch, draw, step[0].sums());
      update.step(step, steps.firstStep() + i, workspace);
      round.add(step[0].sums());
      seat.advanced();
    }
    contribute();
  }

  private Contribution contribution() {
    return seat.contributions().get(0);
  }

  /** Local steps of different workers must not draw the same. */
  private long localDraw(long localStep) {
    return localStep * worker.workers() + worker.rank();
  }

  private void takePublished() {
    parameters.put(0, seat.published(), 0, parameters.capacity());
    update.state().read(seat.published(), parameters.capacity());
  }

  private void contribute() {
    contribution().vector().put(0, parameters, 0, parameters.capacity());
    update.state().write(contribution().vector(), parameters.capacity());
  }

  @Override
  public void predict(Batch examplesToPredict, FloatBuffer outputs) {
    parameters.put(0, seat.published(), 0, parameters.capacity());
    engine.predict(examplesToPredict, outputs);
  }

  @Override
  public void close() {
    engine.close();
  }
}
