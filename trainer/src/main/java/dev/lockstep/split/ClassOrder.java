package dev.lockstep.split;

import dev.lockstep.data.Examples;
import dev.lockstep.random.CounterRandom;

/** Examples by class: for each class the indices of its examples, in a random order. */
final class ClassOrder {
  private ClassOrder() {}

  /** Per class its examples, shuffled by {@code key}; each class has a stream of its own. */
  static int[][] shuffled(Examples examples, long key) {
    int[] counts = new int[examples.classes()];
    for (int i = 0; i < examples.size(); i++) {
      counts[examples.label(i)]++;
    }
    int[][] byClass = new int[counts.length][];
    for (int c = 0; c < counts.length; c++) {
      byClass[c] = new int[counts[c]];
    }
    for (int i = examples.size() - 1; i >= 0; i--) {
      byClass[examples.label(i)][--counts[examples.label(i)]] = i;
    }
    for (int c = 0; c < byClass.length; c++) {
      new CounterRandom(CounterRandom.key(key, c)).shuffle(byClass[c]);
    }
    return byClass;
  }
}
