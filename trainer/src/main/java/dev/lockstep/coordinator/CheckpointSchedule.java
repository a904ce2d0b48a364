package dev.lockstep.coordinator;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import dev.lockstep.yaml.ConfigurationException;
import dev.lockstep.yaml.Section;
import java.util.Optional;

/**
 * When a training's state is kept.
 *
 * @param everyEpochs after so many epochs; 0 for not by epochs
 * @param everySteps after so many optimizer steps, at the next end of a round; 0 for not by steps
 * @param keep how many of the newest are kept, at least 1
 */
public record CheckpointSchedule(int everyEpochs, int everySteps, int keep) {
  /** After every epoch. */
  public static final CheckpointSchedule DEFAULT = new CheckpointSchedule(1, 0, 3);

  private static final String KEY = "checkpoints";

  public CheckpointSchedule {
    if (everyEpochs < 0 || everySteps < 0 || everyEpochs == 0 && everySteps == 0) {
      throw new IllegalArgumentException(
          "everyEpochs is %d and everySteps is %d but one of them must be > 0"
              .formatted(everyEpochs, everySteps));
    }
    if (keep < 1) {
      throw new IllegalArgumentException("keep is " + keep + " but must be > 0");
    }
  }

  /** Whether a training that has come from one of two counts to the other has passed a mark. */
  boolean isDue(int epochsBefore, int epochs, long stepsBefore, long steps) {
    return passes(epochsBefore, epochs, everyEpochs) || passes(stepsBefore, steps, everySteps);
  }

  private static boolean passes(long before, long after, int every) {
    return every > 0 && after / every > before / every;
  }

  /**
   * Reads {@code checkpoints} of {@code training}: {@code {everyEpochs, everySteps, keep}}, or
   * {@code false} for none.
   *
   * @throws ConfigurationException if it is neither
   */
  public static Optional<CheckpointSchedule> read(Section training) {
    JsonNode value = training.value(KEY);
    if (value.isBoolean()) {
      return value.booleanValue() ? Optional.of(DEFAULT) : Optional.empty();
    }
    if (!value.isMissingNode() && !value.isObject()) {
      throw training.wrong(KEY, value, "{everyEpochs, everySteps, keep}, or false for none");
    }
    Section section = training.section(KEY);
    int everyEpochs = section.whole("everyEpochs", DEFAULT.everyEpochs, 0);
    int everySteps = section.whole("everySteps", DEFAULT.everySteps, 0);
    int keep = section.whole("keep", DEFAULT.keep, 1);
    section.done();
    if (everyEpochs == 0 && everySteps == 0) {
      throw new ConfigurationException(
          "%s: everyEpochs and everySteps are both 0; write %s: false for no checkpoints"
              .formatted(section.where(), KEY));
    }
    return Optional.of(new CheckpointSchedule(everyEpochs, everySteps, keep));
  }

  /** What {@link #read} reads it from. */
  public static JsonNode tree(Optional<CheckpointSchedule> schedule) {
    return schedule.<JsonNode>map(Section::tree).orElse(BooleanNode.FALSE);
  }
}
