package dev.lockstep.metrics;

/**
 * How one epoch went.
 *
 * @param epoch its number, 1 for the first
 * @param trainingLoss the mean of the training examples' losses, each at the parameters of its step
 * @param trainingAccuracy the part of the training examples predicted right, each in its step
 * @param validation the metrics on the validation examples after the epoch; null without any
 * @param learningRate that of the epoch's last step
 * @param seconds the wall-clock time of the epoch's steps, without validation
 * @param examples how many training examples were used
 */
public record EpochRecord(
    int epoch,
    double trainingLoss,
    double trainingAccuracy,
    Metrics validation,
    double learningRate,
    double seconds,
    long examples) {
  /**
   * @throws IllegalArgumentException if epoch or examples is below 1, or seconds is negative
   */
  public EpochRecord {
    if (epoch < 1 || examples < 1 || !(seconds >= 0)) {
      throw new IllegalArgumentException(
          "epoch %d of %d examples in %s seconds, but epoch and examples must be at least 1 and seconds at least 0"
              .formatted(epoch, examples, seconds));
    }
  }

  /** How many training examples were used in a second; infinite if no time was measured. */
  public double examplesPerSecond() {
    return examples / seconds;
  }
}
