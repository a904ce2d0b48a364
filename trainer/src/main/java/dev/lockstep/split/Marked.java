package dev.lockstep.split;

import dev.lockstep.data.Examples;
import dev.lockstep.yaml.ConfigurationException;
import java.util.List;

/**
 * The examples that the data itself marks for validation, such as the rows of a table in which a
 * column says so. No configuration file can say this.
 *
 * @param examples their indices into the training examples, in any order; perhaps none
 */
public record Marked(List<Integer> examples) implements Validation {
  public Marked {
    examples = List.copyOf(examples);
  }

  @Override
  public Split split(Examples training, long seed) {
    if (examples.stream().distinct().count() == training.size()) {
      throw new ConfigurationException(
          "all %d examples are marked for validation, and none is left to learn from"
              .formatted(training.size()));
    }
    return Split.validatingOn(examples.stream().mapToInt(Integer::intValue), training.size());
  }

  @Override
  public boolean validates() {
    return !examples.isEmpty();
  }
}
