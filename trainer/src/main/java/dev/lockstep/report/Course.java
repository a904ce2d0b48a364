package dev.lockstep.report;

import dev.lockstep.metrics.History;
import java.util.List;
import java.util.stream.IntStream;

/** The epochs of one training as a report shows them, in their order. */
public record Course(List<Epoch> epochs) {
  /**
   * @throws IllegalArgumentException if one is missing, or the epochs' numbers do not ascend
   */
  public Course {
    epochs = Values.list("epochs", epochs);
    for (int i = 1; i < epochs.size(); i++) {
      if (epochs.get(i).epoch() <= epochs.get(i - 1).epoch()) {
        throw new IllegalArgumentException(
            "epoch %d stands after epoch %d, but epochs must ascend"
                .formatted(epochs.get(i).epoch(), epochs.get(i - 1).epoch()));
      }
    }
  }

  static Course of(History history) {
    return new Course(history.epochs().stream().map(Epoch::of).toList());
  }

  /** The epochs that all of {@code trainings} have, in order, each as every training has it. */
  static List<List<Epoch>> common(List<Course> trainings) {
    int epochs = trainings.stream().mapToInt(each -> each.epochs().size()).min().orElse(0);
    return IntStream.range(0, epochs)
        .mapToObj(i -> trainings.stream().map(each -> each.epochs().get(i)).toList())
        .toList();
  }
}
