package dev.lockstep.data;

/**
 * A data set as it is delivered: what may be learned from, and the test examples that are looked at
 * once, at the end.
 *
 * @param name what the user calls it: {@code mnist}, or a path
 * @throws IllegalArgumentException if the two parts differ in shape or class count
 */
public record Dataset(String name, Examples training, Examples test) {
  public Dataset {
    if (!training.shape().equals(test.shape()) || training.classes() != test.classes()) {
      throw new IllegalArgumentException(
          "%s: training examples are %s in %d classes but test examples are %s in %d"
              .formatted(name, training.shape(), training.classes(), test.shape(), test.classes()));
    }
  }

  /** The shape of each example. */
  public Shape shape() {
    return training.shape();
  }

  /** The same training examples, and no test examples, so that nothing can look at them. */
  public Dataset untested() {
    return new Dataset(name, training, test.select(new int[0]));
  }

  /** How many classes there are. */
  public int classes() {
    return training.classes();
  }
}
