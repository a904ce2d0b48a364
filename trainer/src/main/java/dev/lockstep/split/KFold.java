package dev.lockstep.split;

import dev.lockstep.data.Examples;
import dev.lockstep.random.CounterRandom;
import dev.lockstep.yaml.ConfigurationException;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * k-fold cross-validation: examples are parted into k folds whose sizes differ by at most one, and
 * each split validates on one fold and learns from the others. Over the k splits, each example is
 * validated on exactly once.
 */
final class KFold {
  private static final long SHUFFLE = 0x666F6C64L;
  private static final long STRATIFY = 0x73666F6CL;

  private KFold() {}

  /**
   * Fold {@code fold} of neighbours: examples 0 to {@code examples - 1} in their order, cut into
   * {@code folds}. Earlier folds have the one example more.
   *
   * @param fold from 1 to {@code folds}
   * @throws ConfigurationException if {@code folds} is less than 2 or more than {@code examples}
   */
  static Split ordered(int examples, int folds, int fold) {
    requireFolds(examples, folds);
    return cut(IntStream.range(0, examples).toArray(), folds, fold);
  }

  /**
   * Shuffles, cuts into {@code folds} and takes fold {@code fold}.
   *
   * @param fold from 1 to {@code folds}
   * @param repeat from 1; each repeat shuffles anew
   * @throws ConfigurationException if {@code folds} is less than 2 or more than {@code examples}
   */
  static Split shuffled(int examples, int folds, int fold, int repeat, long seed) {
    requireFolds(examples, folds);
    int[] order = IntStream.range(0, examples).toArray();
    new CounterRandom(CounterRandom.key(seed, SHUFFLE, repeat - 1)).shuffle(order);
    return cut(order, folds, fold);
  }

  /**
   * Deals the examples, shuffled within each class, class by class to the folds in turn, and takes
   * fold {@code fold}. The number of examples that two folds have of one class differs by at most
   * one, and so do the folds' sizes: those of scikit-learn's {@code StratifiedKFold}, but for which
   * folds have the one more.
   *
   * @param fold from 1 to {@code folds}
   * @param repeat from 1; each repeat shuffles anew
   * @throws ConfigurationException if {@code folds} is less than 2 or more than the number of
   *     examples
   */
  static Split stratified(Examples examples, int folds, int fold, int repeat, long seed) {
    requireFolds(examples.size(), folds);
    long key = CounterRandom.key(seed, STRATIFY, repeat - 1);
    int[] order =
        Arrays.stream(ClassOrder.shuffled(examples, key)).flatMapToInt(Arrays::stream).toArray();
    return Split.validatingOn(
        IntStream.iterate(fold - 1, i -> i < order.length, i -> i + folds).map(i -> order[i]),
        order.length);
  }

  private static void requireFolds(int examples, int folds) {
    if (folds < 2 || folds > examples) {
      throw new ConfigurationException(
          "folds is %d but must be from 2 to the number of training examples, %d"
              .formatted(folds, examples));
    }
  }

  private static Split cut(int[] order, int folds, int fold) {
    int size = order.length / folds;
    int larger = order.length % folds;
    int from = (fold - 1) * size + Math.min(fold - 1, larger);
    int to = from + size + (fold <= larger ? 1 : 0);
    return Split.validatingOn(Arrays.stream(order, from, to), order.length);
  }
}
