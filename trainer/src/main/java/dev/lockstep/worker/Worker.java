package dev.lockstep.worker;

import dev.lockstep.coordinator.Averaging.Parameters;
import dev.lockstep.coordinator.Coordinator;
import dev.lockstep.coordinator.Directive;
import dev.lockstep.coordinator.Directive.Evaluate;
import dev.lockstep.coordinator.Directive.Finish;
import dev.lockstep.coordinator.Directive.Part;
import dev.lockstep.coordinator.Seat;
import dev.lockstep.coordinator.ShardTally;
import dev.lockstep.coordinator.TrainingPlan;
import dev.lockstep.data.BatchOrder;
import dev.lockstep.data.MicroBatch;
import dev.lockstep.engine.Batch;
import dev.lockstep.engine.Engine;
import dev.lockstep.engine.EngineFactory;
import dev.lockstep.network.Network;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.stream.IntStream;

/**
 * One worker of a gang: does with its shards what the coordinator asks until it says that training
 * is over.
 *
 * @param engines opens the engine that this worker computes with
 * @param order which examples make up which batch
 * @param rank from 0 to {@code workers - 1}
 * @param shards the numbers of those that it owns, ascending: what {@link TrainingPlan#shards}
 *     gives to its rank
 */
public record Worker(
    TrainingPlan plan,
    Network network,
    EngineFactory engines,
    TrainingSet data,
    BatchOrder order,
    int rank,
    int workers,
    int[] shards) {

  /**
   * Joins {@code coordinator} as the given attempt of this rank and works until the end.
   *
   * @throws InterruptedException if the thread was interrupted while it waited for the others
   */
  public void run(Coordinator coordinator, long attempt) throws InterruptedException {
    try (Seat seat = coordinator.join(rank, attempt);
        Learner learner = learner(seat)) {
      Evaluator evaluator =
          new Evaluator(
              network,
              (batch, outputs) -> {
                learner.predict(batch, outputs);
                seat.advanced();
              });
      Directive directive = seat.directive();
      while (!(directive instanceof Finish)) {
        if (directive instanceof Evaluate evaluate) {
          directive = seat.push(evaluate(evaluator, evaluate.part()));
        } else {
          learner.learn(directive);
          directive = seat.push();
        }
      }
    }
  }

  private List<ShardTally> evaluate(Evaluator evaluator, Part part) {
    return part == Part.TEST
        ? evaluator.evaluate(
            data.test(), IntStream.range(0, data.test().size()).toArray(), order.shards(), shards)
        : evaluator.evaluate(data.training(), data.split().validation(), order.shards(), shards);
  }

  private Learner learner(Seat seat) {
    return plan.averaging() instanceof Parameters
        ? new LocalLearner(this, seat)
        : new GradientLearner(this, seat);
  }

  Engine openEngine(FloatBuffer parameters, FloatBuffer gradient, int microBatch) {
    return engines.open(
        network, plan.seed(), parameters, gradient, Math.max(microBatch, BatchPredictor.BATCH));
  }

  /** Fills {@code batch} with the training examples of {@code part}. */
  void fill(Batch batch, MicroBatch part, long step) {
    batch.fill(data.training(), part, plan.augmentation(), plan.seed(), step);
  }
}
