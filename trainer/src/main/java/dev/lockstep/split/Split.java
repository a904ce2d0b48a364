package dev.lockstep.split;

import java.util.BitSet;
import java.util.stream.IntStream;

/**
 * Examples to learn from and examples to validate on, as indices into a data set, each ascending;
 * no example is in both. Two splits are equal only if they are the same object, for records compare
 * arrays so; the arrays must not be changed.
 *
 * @param training at least one
 * @param validation perhaps none
 * @throws IllegalArgumentException if there is nothing to learn from, an array is not ascending or
 *     an example is in both
 */
public record Split(int[] training, int[] validation) {
  public Split {
    if (training.length == 0) {
      throw new IllegalArgumentException("a split must have at least one training example");
    }
    requireAscending("training", training);
    requireAscending("validation", validation);
    BitSet learned = new BitSet();
    for (int example : training) {
      learned.set(example);
    }
    for (int example : validation) {
      if (learned.get(example)) {
        throw new IllegalArgumentException(
            "example %d is a training example and a validation example".formatted(example));
      }
    }
  }

  private static void requireAscending(String part, int[] examples) {
    int before = -1;
    for (int example : examples) {
      if (example <= before) {
        throw new IllegalArgumentException(
            "%s examples must ascend from 0 but %d follows %d".formatted(part, example, before));
      }
      before = example;
    }
  }

  /** The split of examples 0 to {@code examples - 1} that validates on {@code chosen} of them. */
  static Split validatingOn(IntStream chosen, int examples) {
    BitSet validation = new BitSet(examples);
    chosen.forEach(validation::set);
    BitSet training = new BitSet(examples);
    training.set(0, examples);
    training.andNot(validation);
    return new Split(training.stream().toArray(), validation.stream().toArray());
  }
}
