package dev.lockstep.report;

/**
 * An example that was predicted as another class than it is.
 *
 * @param part which examples it is of: {@code test}, {@code validation} ...
 * @param index its place in the data set's examples, from 0
 * @param label its class
 * @param predicted the class it was predicted as
 * @param probability of that class, 0 to 1, as the network puts it
 * @param picture the example itself
 */
public record WrongExample(
    String part, int index, int label, int predicted, double probability, Picture picture) {
  /**
   * @throws IllegalArgumentException if a part is missing, or a number out of its range
   */
  public WrongExample {
    Values.require("part", part);
    Values.require("picture", picture);
    if (index < 0 || label < 0 || predicted < 0 || !(probability >= 0 && probability <= 1)) {
      throw new IllegalArgumentException(
          "example %d of class %d, predicted as %d with probability %s, but none may be negative and a probability is at most 1"
              .formatted(index, label, predicted, probability));
    }
  }
}
