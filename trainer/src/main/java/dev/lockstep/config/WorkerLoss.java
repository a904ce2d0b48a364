package dev.lockstep.config;

import com.fasterxml.jackson.annotation.JsonValue;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lockstep.yaml.Section;
import java.io.Serializable;
import java.time.Duration;
import java.util.List;
import java.util.Locale;

/**
 * What becomes of a run that loses a worker, and how long its members wait for one another. Changes
 * nothing in what is learned.
 *
 * @param reaction {@code training.onWorkerLoss}
 * @param workerTimeout {@code training.workerTimeout}: after so long without a byte, worker and
 *     coordinator take each other for dead; a worker tries for as long to reach its coordinator
 * @param replacementTimeout {@code training.replacementTimeout}: how long the run waits for a
 *     worker that is not there
 * @param stepTimeout {@code training.stepTimeout}: after so long without a batch computed, a worker
 *     that was told to compute hangs, even if its process lives
 */
public record WorkerLoss(
    Reaction reaction, Duration workerTimeout, Duration replacementTimeout, Duration stepTimeout)
    implements Serializable {
  /** What a configuration that says nothing means: wait, 60 s, 10 minutes, 10 minutes. */
  public static final WorkerLoss DEFAULT =
      new WorkerLoss(
          Reaction.WAIT, Duration.ofSeconds(60), Duration.ofMinutes(10), Duration.ofMinutes(10));

  /** Whoever waits longer says so. */
  public static final Duration LONGEST_SILENCE = Duration.ofSeconds(10);

  private static final Duration HEARTBEAT = Duration.ofSeconds(5);

  /** What becomes of the run when a worker is lost. */
  public enum Reaction {
    /** It waits until Spark has run the worker's task again. */
    WAIT,
    /** It ends at once. */
    FAIL;

    /** The word for it in a file. */
    @JsonValue
    public String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /**
   * Reads {@code onWorkerLoss}, and {@code workerTimeout}, {@code replacementTimeout} and {@code
   * stepTimeout} in seconds.
   */
  static WorkerLoss read(Section training) {
    return new WorkerLoss(
        training.choice(
            "onWorkerLoss", DEFAULT.reaction, List.of(Reaction.values()), Reaction::word),
        readSeconds(training, "workerTimeout", DEFAULT.workerTimeout),
        readSeconds(training, "replacementTimeout", DEFAULT.replacementTimeout),
        readSeconds(training, "stepTimeout", DEFAULT.stepTimeout));
  }

  private static Duration readSeconds(Section training, String key, Duration otherwise) {
    return Duration.ofSeconds(training.whole(key, (int) otherwise.toSeconds(), 1));
  }

  void write(ObjectNode training) {
    training.put("onWorkerLoss", reaction.word());
    training.put("workerTimeout", workerTimeout.toSeconds());
    training.put("replacementTimeout", replacementTimeout.toSeconds());
    training.put("stepTimeout", stepTimeout.toSeconds());
  }

  /** How often a worker says that it lives: every 5 s, and four times in a shorter timeout. */
  public Duration heartbeatInterval() {
    return shorter(HEARTBEAT, shorter(workerTimeout, stepTimeout).dividedBy(4));
  }

  /** After how long it is said that a worker has not answered yet. */
  public Duration answerPatience() {
    return shorter(patience(workerTimeout), patience(stepTimeout));
  }

  /**
   * After how long whoever waits until {@code timeout} says so: 10 s, or half of a shorter timeout.
   */
  public static Duration patience(Duration timeout) {
    return shorter(LONGEST_SILENCE, timeout.dividedBy(2));
  }

  private static Duration shorter(Duration one, Duration other) {
    return one.compareTo(other) < 0 ? one : other;
  }
}
