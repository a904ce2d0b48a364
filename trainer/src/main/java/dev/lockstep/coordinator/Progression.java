package dev.lockstep.coordinator;

import dev.lockstep.coordinator.Directive.ComputeGradient;
import dev.lockstep.coordinator.Directive.Evaluate;
import dev.lockstep.coordinator.Directive.Finish;
import dev.lockstep.coordinator.Directive.Part;
import dev.lockstep.coordinator.Directive.TrainLocally;
import dev.lockstep.data.BatchOrder;
import dev.lockstep.engine.StepSums;
import dev.lockstep.metrics.EpochRecord;
import dev.lockstep.metrics.History;
import dev.lockstep.metrics.Metrics;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;

/**
 * Decides what comes next: steps, then the epoch's validation, then the next epoch or the end, then
 * the test. Counts the examples of every batch that all workers share, and of every epoch, and
 * fails loudly when they are fewer or more than there must be.
 *
 * <p>Knows nothing of threads or arithmetic; belongs to the coordinator, which guards it.
 */
final class Progression {
  private final TrainingPlan plan;
  private final BatchOrder order;
  private final int workers;
  private final boolean validates;
  private final boolean tests;
  private final LongSupplier nanoTime;

  private final int localBatches;
  private final StepSums epochSums = new StepSums();
  private final List<EpochRecord> records = new ArrayList<>();
  private Directive current;
  private int epoch;
  private int nextBatch;
  private long step;
  private long round;
  private double learningRate;
  private long epochStarted;
  private long epochTrained;
  private int bestEpoch = -1;
  private boolean stoppedEarly;
  private Metrics test;

  /**
   * The progression of {@code plan} over the training examples of {@code order}.
   *
   * @param start where it begins
   * @param validates whether there are validation examples
   * @param tests whether there are test examples
   * @param nanoTime the clock
   */
  Progression(
      TrainingPlan plan,
      BatchOrder order,
      int workers,
      boolean validates,
      boolean tests,
      LongSupplier nanoTime,
      Position start) {
    this.plan = plan;
    this.order = order;
    this.workers = workers;
    this.validates = validates;
    this.tests = tests;
    this.nanoTime = nanoTime;
    this.localBatches = mostLocalBatches();
    this.epoch = start.epoch();
    this.nextBatch = start.batch();
    this.step = start.step();
    this.round = start.round();
    this.learningRate = start.learningRate();
    this.epochSums.set(start.loss(), start.hits(), start.examples());
    this.epochStarted = nanoTime.getAsLong() - (long) (start.seconds() * 1e9);
    this.bestEpoch = start.bestEpoch() - 1;
    this.stoppedEarly = start.stoppedEarly();
    this.records.addAll(start.history().epochs());
    requireFit(start);
    this.current = next();
  }

  private void requireFit(Position start) {
    if (epoch > plan.epochs() || nextBatch > batches()) {
      throw new IllegalArgumentException(
          "a start at batch %d of epoch %d, but there are %d epochs of %d batches"
              .formatted(start.batch(), start.epoch() + 1, plan.epochs(), batches()));
    }
  }

  /** Where the training is now, between two rounds. */
  Position position() {
    return new Position(
        epoch,
        nextBatch,
        step,
        round,
        learningRate,
        epochSums.loss(),
        epochSums.hits(),
        epochSums.examples(),
        (nanoTime.getAsLong() - epochStarted) * 1e-9,
        bestEpoch + 1,
        stoppedEarly,
        history());
  }

  private int mostLocalBatches() {
    int most = 0;
    for (int rank = 0; rank < workers; rank++) {
      most = Math.max(most, order.owned(rank, workers));
    }
    return (most - 1) / order.batchSize() + 1;
  }

  /** What the workers are to do now. */
  Directive current() {
    return current;
  }

  /**
   * The optimizer step (the first local one, when parameters are averaged) of the current round.
   */
  long step() {
    return step;
  }

  /** The current round, from 0. */
  long round() {
    return round;
  }

  /** Epoch now under way, from 0. */
  int epoch() {
    return epoch;
  }

  /** Batches of the epoch that are done. */
  int batchesDone() {
    return nextBatch;
  }

  /** Batches an epoch has: of all workers together, or of the busiest when they step locally. */
  int batches() {
    return plan.averaging() instanceof Averaging.Gradients ? order.batches() : localBatches;
  }

  /** What the epoch has counted so far. */
  StepSums epochSums() {
    return epochSums;
  }

  /** When the epoch under way began, on the clock. */
  long epochStarted() {
    return epochStarted;
  }

  /**
   * All workers have contributed to the current round what they counted on {@code examples}.
   *
   * @throws IllegalStateException if these are not as many as the batch has
   */
  void requireWhole(long examples) {
    if (current instanceof ComputeGradient && examples != order.size(nextBatch)) {
      throw new IllegalStateException(
          "step %d, batch %d of epoch %d, used %d training examples, but the batch has %d and each must be used exactly once"
              .formatted(step, nextBatch + 1, epoch + 1, examples, order.size(nextBatch)));
    }
  }

  /** All workers have contributed {@code sums} in total, and the update is made. */
  void trained(StepSums sums, double rate) {
    epochSums.add(sums);
    learningRate = rate;
    int batchesOfRound = current instanceof TrainLocally local ? local.batches() : 1;
    nextBatch += batchesOfRound;
    step += batchesOfRound;
    round++;
    current = next();
  }

  private Directive next() {
    if (epoch < plan.epochs() && !stoppedEarly) {
      return nextBatch < batches() ? nextTraining() : epochTrained();
    }
    return tests ? new Evaluate(Part.TEST) : new Finish();
  }

  private Directive nextTraining() {
    if (plan.averaging() instanceof Averaging.Parameters parameters) {
      int batches = Math.min(parameters.interval(), localBatches - nextBatch);
      return new TrainLocally(epoch, nextBatch, batches, step);
    }
    return new ComputeGradient(epoch, nextBatch, step);
  }

  private Directive epochTrained() {
    if (epochSums.examples() != order.examples()) {
      throw new IllegalStateException(
          "epoch %d used %d training examples, but there are %d and each must be used exactly once"
              .formatted(epoch + 1, epochSums.examples(), order.examples()));
    }
    epochTrained = nanoTime.getAsLong();
    return validates ? new Evaluate(Part.VALIDATION) : epochDone(null);
  }

  /** All workers have evaluated the current part, with {@code metrics} in total. */
  void evaluated(Metrics metrics) {
    Part part = ((Evaluate) current).part();
    if (part == Part.TEST) {
      test = metrics;
      current = new Finish();
    } else {
      current = epochDone(metrics);
    }
  }

  private Directive epochDone(Metrics validation) {
    records.add(
        new EpochRecord(
            epoch + 1,
            epochSums.loss() / epochSums.examples(),
            (double) epochSums.hits() / epochSums.examples(),
            validation,
            learningRate,
            (epochTrained - epochStarted) * 1e-9,
            epochSums.examples()));
    stoppedEarly = plan.earlyStopping().isPresent() && givesUp(validation);
    epoch++;
    nextBatch = 0;
    epochSums.clear();
    epochStarted = nanoTime.getAsLong();
    return next();
  }

  private boolean givesUp(Metrics validation) {
    EarlyStopping stopping = plan.earlyStopping().orElseThrow();
    Metrics best = bestEpoch < 0 ? null : records.get(bestEpoch).validation();
    if (stopping.better(best, validation)) {
      bestEpoch = epoch;
      return false;
    }
    return epoch - bestEpoch >= Math.max(1, stopping.patience());
  }

  /** Whether the epoch that was validated last is the best so far and its parameters are wanted. */
  boolean keepsParameters() {
    return plan.restoresBestWeights() && bestEpoch == records.size() - 1;
  }

  /** Whether the best epoch's parameters, not the last one's, are the result. */
  boolean restoresParameters() {
    return plan.restoresBestWeights() && bestEpoch != records.size() - 1 && !isTraining();
  }

  private boolean isTraining() {
    return current instanceof ComputeGradient || current instanceof TrainLocally;
  }

  /** What was learned, epoch by epoch. */
  History history() {
    return new History(List.copyOf(records));
  }

  /** The epoch, from 1, whose parameters are the result. */
  int resultEpoch() {
    return plan.restoresBestWeights() ? bestEpoch + 1 : records.size();
  }

  /** Whether early stopping ended training. */
  boolean stoppedEarly() {
    return stoppedEarly;
  }

  /** The test metrics; null before the end or without test examples. */
  Metrics test() {
    return test;
  }
}
