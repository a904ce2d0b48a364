package dev.lockstep.report;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import dev.lockstep.metrics.EpochRecord;

/**
 * What a report shows of one epoch. Reports of older versions held more of it, which is passed
 * over: a confusion matrix an epoch made files of hundreds of megabytes.
 *
 * @param epoch its number, 1 for the first
 * @param trainingLoss the mean of the training examples' losses, each at the parameters of its step
 * @param trainingAccuracy the part of the training examples predicted right, each in its step
 * @param validation how the validation examples were predicted after the epoch; null without any
 * @param seconds the wall-clock time of the epoch's steps, without validation
 */
@JsonIgnoreProperties({"learningRate", "examples"})
public record Epoch(
    int epoch, double trainingLoss, double trainingAccuracy, Validated validation, double seconds) {
  /**
   * How the validation examples were predicted.
   *
   * @param accuracy the part predicted as what it is
   * @param loss the mean of their losses
   */
  @JsonIgnoreProperties({"examples", "mse", "confusion"})
  public record Validated(double accuracy, double loss) {}

  /**
   * @throws IllegalArgumentException if {@code epoch} is below 1, or {@code seconds} is negative
   */
  public Epoch {
    if (epoch < 1 || !(seconds >= 0)) {
      throw new IllegalArgumentException(
          "epoch %d in %s seconds, but epoch must be at least 1 and seconds at least 0"
              .formatted(epoch, seconds));
    }
  }

  static Epoch of(EpochRecord record) {
    return new Epoch(
        record.epoch(),
        record.trainingLoss(),
        record.trainingAccuracy(),
        record.validation() == null
            ? null
            : new Validated(record.validation().accuracy(), record.validation().loss()),
        record.seconds());
  }
}
