package dev.lockstep.split;

import com.fasterxml.jackson.annotation.JsonValue;
import dev.lockstep.data.Examples;
import dev.lockstep.yaml.ConfigurationException;
import dev.lockstep.yaml.Section;
import java.util.List;
import java.util.Locale;

/**
 * One split of k-fold cross-validation: validates on one fold and learns from the others.
 *
 * @param folds into how many the examples are parted, at least 2
 * @param fold which one validates, from 1. Numbers go on through the repeats: of 5 folds, 8 is the
 *     third fold of the second repeat
 * @param select which examples make up a fold
 * @throws IllegalArgumentException if a number is too small, or neighbours are to be repeated
 */
public record Fold(int folds, int fold, Select select) implements Validation {
  static final String KEY = "folds";

  /** Which examples make up a fold. */
  public enum Select {
    /** Neighbours in the data set. */
    ORDERED,
    /** Any, drawn by the seed and the repeat. */
    SHUFFLED,
    /** Drawn by the seed and the repeat within each class, so that each class has its share. */
    STRATIFIED;

    /** The word for it in a file. */
    @JsonValue
    public String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  public Fold {
    if (folds < 2 || fold < 1) {
      throw new IllegalArgumentException(
          "folds is %d but must be at least 2, fold is %d but must be at least 1"
              .formatted(folds, fold));
    }
    if (select == Select.ORDERED && fold > folds) {
      throw new IllegalArgumentException(
          "fold is %d but there are %d ordered folds, and repeating them would change nothing; use shuffled or stratified ones"
              .formatted(fold, folds));
    }
  }

  /**
   * Reads {@code folds}, {@code fold} and {@code select}: {@code ordered} (the default), {@code
   * shuffled} or {@code stratified}.
   *
   * @throws ConfigurationException if a number is missing or out of its range, or a key is unknown
   */
  static Fold read(Section section) {
    int folds = section.whole(KEY, 2);
    int fold = section.whole("fold", 1);
    Select select =
        section.choice("select", Select.ORDERED, List.of(Select.values()), Select::word);
    section.done();
    try {
      return new Fold(folds, fold, select);
    } catch (IllegalArgumentException e) {
      throw new ConfigurationException(section.where() + ": " + e.getMessage(), e);
    }
  }

  /** Which repeat it belongs to, from 1. */
  public int repeat() {
    return (fold - 1) / folds + 1;
  }

  /**
   * {@inheritDoc}
   *
   * @throws ConfigurationException if there are fewer examples than folds
   */
  @Override
  public Split split(Examples training, long seed) {
    int ofRepeat = (fold - 1) % folds + 1;
    return switch (select) {
      case ORDERED -> KFold.ordered(training.size(), folds, ofRepeat);
      case SHUFFLED -> KFold.shuffled(training.size(), folds, ofRepeat, repeat(), seed);
      case STRATIFIED -> KFold.stratified(training, folds, ofRepeat, repeat(), seed);
    };
  }

  @Override
  public boolean validates() {
    return true;
  }
}
