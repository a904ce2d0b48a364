package dev.lockstep.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.function.ToDoubleFunction;

/**
 * Whether the gap between training and validation suggests overfitting.
 *
 * <p>Training loss is the running mean over an epoch, taken before its parameters were finished and
 * with dropout on; it stands too high beside the validation loss, not too low. So validation below
 * training means nothing, and a gap the other way counts in full.
 *
 * <p>There are two signs. The first is Prechelt's generalisation loss, how far the last validation
 * loss lies above the least, when it exceeds {@value #RISE} while training loss still fell (L.
 * Prechelt, Early Stopping - But When?, 1998). The second is a validation loss that, up to the last
 * epoch, stays above {@value #GAP} times the training loss.
 *
 * @param since the first epoch that shows it; empty if none does
 * @param sentence says so
 */
public record Overfitting(OptionalInt since, String sentence) {
  private static final double RISE = 0.05;
  private static final double GAP = 1.5;

  /** One epoch's losses: means, where several trainings are looked at. */
  private record Losses(int epoch, double training, double validation) {}

  /**
   * What the epochs of one training show, or those of all folds on their mean.
   *
   * @param trainings of equal configuration; only epochs that all have are looked at
   */
  public static Overfitting of(List<Course> trainings) {
    List<Losses> epochs = means(trainings);
    if (epochs.isEmpty()) {
      return none(
          "Nothing was held out for validation, so that overfitting cannot be seen; validation: {fraction: 0.1} would show it.");
    }
    Losses last = epochs.get(epochs.size() - 1);
    Losses least =
        epochs.stream().reduce((a, b) -> b.validation() < a.validation() ? b : a).orElseThrow();
    if (last.validation() > (1 + RISE) * least.validation()
        && last.training() < least.training()
        && last.validation() > last.training()) {
      int since = epochs.get(epochs.indexOf(least) + 1).epoch();
      return new Overfitting(
          OptionalInt.of(since),
          String.format(
              Locale.ROOT,
              "The gap between training and validation suggests overfitting since epoch %d: validation loss rose from %.4f to %.4f while training loss fell from %.4f to %.4f. Fewer epochs (earlyStopping), dropout, l2, augmentation or more data would help.",
              since,
              least.validation(),
              last.validation(),
              least.training(),
              last.training()));
    }
    OptionalInt since = gapSince(epochs);
    if (since.isPresent()) {
      return new Overfitting(
          since,
          String.format(
              Locale.ROOT,
              "The gap between training and validation suggests overfitting since epoch %d: from there on validation loss is more than %.1f times training loss, at last %.4f and %.4f. Dropout, l2, augmentation or more data would narrow it.",
              since.getAsInt(),
              GAP,
              last.validation(),
              last.training()));
    }
    return none(
        "The gap between training and validation does not suggest overfitting. (Training values are running means over an epoch, with dropout on, and so tend to look worse than they are.)");
  }

  private static Overfitting none(String sentence) {
    return new Overfitting(OptionalInt.empty(), sentence);
  }

  private static OptionalInt gapSince(List<Losses> epochs) {
    OptionalInt since = OptionalInt.empty();
    for (int i = epochs.size() - 1; i >= 0; i--) {
      Losses epoch = epochs.get(i);
      if (!(epoch.validation() > GAP * epoch.training())) {
        break;
      }
      since = OptionalInt.of(epoch.epoch());
    }
    boolean lasts = since.isPresent() && since.getAsInt() < epochs.get(epochs.size() - 1).epoch();
    return lasts ? since : OptionalInt.empty();
  }

  private static List<Losses> means(List<Course> trainings) {
    List<Losses> means = new ArrayList<>();
    for (List<Epoch> epochs : Course.common(trainings)) {
      if (epochs.stream().allMatch(epoch -> epoch.validation() != null)) {
        Losses losses =
            new Losses(
                epochs.get(0).epoch(),
                mean(epochs, Epoch::trainingLoss),
                mean(epochs, epoch -> epoch.validation().loss()));
        if (Double.isFinite(losses.training()) && Double.isFinite(losses.validation())) {
          means.add(losses);
        }
      }
    }
    return means;
  }

  private static double mean(List<Epoch> epochs, ToDoubleFunction<Epoch> value) {
    double sum = 0;
    for (Epoch epoch : epochs) {
      sum += value.applyAsDouble(epoch);
    }
    return sum / epochs.size();
  }
}
