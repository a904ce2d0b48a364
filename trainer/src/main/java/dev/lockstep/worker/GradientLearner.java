package dev.lockstep.worker;

import dev.lockstep.coordinator.Contribution;
import dev.lockstep.coordinator.Directive;
import dev.lockstep.coordinator.Directive.ComputeGradient;
import dev.lockstep.coordinator.Seat;
import dev.lockstep.coordinator.SumTree;
import dev.lockstep.data.MicroBatch;
import dev.lockstep.data.WorkerOrder;
import dev.lockstep.engine.Batch;
import dev.lockstep.engine.Engine;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Computes the gradient sums of the worker's micro-batches and adds up the nodes of the {@link
 * SumTree} that it holds whole. The engine writes to one place: straight into the contribution of a
 * worker that holds a single micro-batch; of others, a micro-batch that is the right term of a sum
 * is added from there, and only one that begins a sum is copied.
 */
final class GradientLearner implements Learner {
  static final int BLOCK = 4096;

  private final Worker worker;
  private final List<SumTree.Node> held;
  private final Seat seat;
  private final List<Contribution> contributions;
  private final WorkerOrder[] orders;
  private final MicroBatch part;
  private final Batch batch;
  private final Contribution computed;
  private final Engine engine;
  private final List<Contribution> levels = new ArrayList<>();
  private final float[] sum = new float[BLOCK];
  private final float[] term = new float[BLOCK];

  GradientLearner(Worker worker, Seat seat) {
    SumTree tree = worker.plan().sumTree(worker.workers());
    this.worker = worker;
    this.held = tree.held(worker.rank(), worker.workers());
    this.seat = seat;
    this.contributions = seat.contributions();
    this.orders = new WorkerOrder[tree.leaves()];
    int capacity = 0;
    int levelsNeeded = 0;
    for (SumTree.Node node : held) {
      for (int leaf = node.from(); leaf < node.to(); leaf++) {
        orders[leaf] = worker.order().worker(shards(leaf));
        capacity = Math.max(capacity, orders[leaf].capacity());
      }
      levelsNeeded = Math.max(levelsNeeded, node.levels() - 1);
    }
    this.part = new MicroBatch(capacity);
    this.batch = new Batch(worker.network().input(), capacity);
    int length = seat.published().capacity();
    for (int level = 0; level < levelsNeeded; level++) {
      levels.add(Contribution.ofLength(length));
    }
    this.computed =
        held.size() == 1 && held.get(0).isLeaf()
            ? contributions.get(0)
            : Contribution.ofLength(length);
    this.engine = worker.openEngine(seat.published(), computed.vector(), capacity);
  }

  /** Those of the worker's shards that are of micro-batch {@code leaf}. */
  private int[] shards(int leaf) {
    return Arrays.stream(worker.shards()).filter(v -> v % orders.length == leaf).toArray();
  }

  @Override
  public void learn(Directive directive) {
    ComputeGradient step = (ComputeGradient) directive;
    for (int i = 0; i < held.size(); i++) {
      add(held.get(i), step, contributions.get(i), 0);
    }
  }

  /** Leaves the gradient sum of {@code node} in {@code target}. */
  private void add(SumTree.Node node, ComputeGradient step, Contribution target, int level) {
    if (node.isLeaf()) {
      compute(node.from(), step);
      copy(target);
    } else {
      Contribution right = node.right().isLeaf() ? computed : levels.get(level);
      add(node.left(), step, target, level);
      add(node.right(), step, right, level + 1);
      target.sums().add(right.sums());
      addTo(target.vector(), right.vector(), sum, term);
    }
  }

  private void compute(int microBatch, ComputeGradient step) {
    orders[microBatch].microBatch(step.epoch(), step.batch(), part);
    if (part.size() == 0) {
      computed.sums().clear();
      fillWithZeros(computed.vector());
      return;
    }
    worker.fill(batch, part, step.step());
    engine.gradient(batch, step.step(), computed.sums());
    seat.advanced();
  }

  private void copy(Contribution target) {
    if (target.vector() != computed.vector()) {
      target.sums().clear();
      target.sums().add(computed.sums());
      target.vector().put(0, computed.vector(), 0, computed.vector().capacity());
    }
  }

  private void fillWithZeros(FloatBuffer vector) {
    Arrays.fill(term, 0f);
    for (int from = 0; from < vector.capacity(); from += BLOCK) {
      vector.put(from, term, 0, Math.min(BLOCK, vector.capacity() - from));
    }
  }

  /** Adds {@code right} to {@code target} by way of two arrays of {@link #BLOCK} on the heap. */
  static void addTo(FloatBuffer target, FloatBuffer right, float[] sum, float[] term) {
    int all = target.capacity();
    for (int from = 0; from < all; from += BLOCK) {
      int length = Math.min(BLOCK, all - from);
      target.get(from, sum, 0, length);
      right.get(from, term, 0, length);
      for (int i = 0; i < length; i++) {
        sum[i] += term[i];
      }
      target.put(from, sum, 0, length);
    }
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
