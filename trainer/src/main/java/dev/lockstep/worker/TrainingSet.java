package dev.lockstep.worker;

import dev.lockstep.data.Dataset;
import dev.lockstep.data.Examples;
import dev.lockstep.split.Split;

/**
 * What a training learns from and is measured on.
 *
 * @param dataset where the examples are
 * @param split which of the data set's training examples are learned from and which validate
 */
public record TrainingSet(Dataset dataset, Split split) {
  /** The examples that are learned from and validated on, by {@link #split}'s indices. */
  public Examples training() {
    return dataset.training();
  }

  /** The examples of the test. */
  public Examples test() {
    return dataset.test();
  }
}
