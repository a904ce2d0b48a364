package dev.lockstep.worker;

import dev.lockstep.coordinator.Directive.Part;
import dev.lockstep.coordinator.ShardTally;
import dev.lockstep.data.Examples;
import dev.lockstep.engine.Batch;
import dev.lockstep.engine.FloatVector;
import dev.lockstep.metrics.Tally;
import dev.lockstep.network.Loss;
import dev.lockstep.network.Network;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Evaluates a worker's shards of validation or test examples. Example i belongs to shard {@code i %
 * shards}, and batches never cross shards, so that each shard's tally has the same bits whoever
 * computes it. Belongs to one thread.
 */
final class Evaluator {
  /** The most examples of one batch of predictions. */
  static final int BATCH = 256;

  private final Worker worker;
  private final Learner learner;
  private final Batch batch;
  private final FloatBuffer outputs;
  private final float[] rows;

  Evaluator(Worker worker, Learner learner) {
    this.worker = worker;
    this.learner = learner;
    this.batch = new Batch(worker.network().input(), BATCH);
    this.outputs = FloatVector.allocate(BATCH * worker.network().outputs());
    this.rows = new float[outputs.capacity()];
  }

  /** The tallies of the shards this worker owns. */
  List<ShardTally> evaluate(Part part) {
    List<ShardTally> tallies = new ArrayList<>();
    int shards = worker.order().shards();
    for (int shard = worker.rank(); shard < shards; shard += worker.workers()) {
      tallies.add(new ShardTally(shard, evaluate(part, shard, shards)));
    }
    return tallies;
  }

  private Tally evaluate(Part part, int shard, int shards) {
    Examples examples = part == Part.TEST ? worker.data().test() : worker.data().training();
    int[] indices = indices(part, shard, shards);
    Tally tally = new Tally(worker.network().classes());
    for (int from = 0; from < indices.length; from += BATCH) {
      batch.fill(examples, indices, from, Math.min(from + BATCH, indices.length));
      learner.predict(batch, outputs);
      count(tally);
    }
    return tally;
  }

  private int[] indices(Part part, int shard, int shards) {
    int[] validation = worker.data().split().validation();
    int size = part == Part.TEST ? worker.data().test().size() : validation.length;
    int[] indices = new int[(size - shard + shards - 1) / shards];
    for (int i = 0; i < indices.length; i++) {
      int place = i * shards + shard;
      indices[i] = part == Part.TEST ? place : validation[place];
    }
    return indices;
  }

  private void count(Tally tally) {
    Network network = worker.network();
    int units = network.outputs();
    outputs.get(0, rows, 0, batch.size() * units);
    for (int i = 0; i < batch.size(); i++) {
      int label = batch.label(i);
      tally.add(
          label,
          Loss.predictedClass(rows, i * units, units),
          network.loss().of(rows, i * units, units, label),
          Loss.squaredError(rows, i * units, units, label));
    }
  }
}
