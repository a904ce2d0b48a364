package dev.lockstep.coordinator;

import java.util.Locale;

/** What the coordinator asks of every worker next. */
public sealed interface Directive {
  /** Examples that are evaluated. */
  enum Part {
    VALIDATION,
    TEST
  }

  /**
   * Compute the gradient sum of your part of a batch.
   *
   * @param epoch from 0
   * @param batch of the epoch, from 0
   * @param step of the whole training, from 0
   */
  record ComputeGradient(int epoch, int batch, long step) implements Directive {
    @Override
    public String toString() {
      return "the gradient of batch %d of epoch %d (step %d)".formatted(batch + 1, epoch + 1, step);
    }
  }

  /**
   * Make local steps on your own examples.
   *
   * @param epoch from 0
   * @param firstBatch first local batch of the epoch, from 0
   * @param batches how many local batches; those that you have no examples for are left out
   * @param firstStep number of the first local step in the whole training, from 0
   */
  record TrainLocally(int epoch, int firstBatch, int batches, long firstStep) implements Directive {
    @Override
    public String toString() {
      return "local batches %d to %d of epoch %d"
          .formatted(firstBatch + 1, firstBatch + batches, epoch + 1);
    }
  }

  /** Evaluate your shards of {@code part} with the published parameters. */
  record Evaluate(Part part) implements Directive {
    @Override
    public String toString() {
      return "the evaluation of the %s examples".formatted(part.name().toLowerCase(Locale.ROOT));
    }
  }

  /** Training is over. */
  record Finish() implements Directive {
    @Override
    public String toString() {
      return "the end";
    }
  }
}
