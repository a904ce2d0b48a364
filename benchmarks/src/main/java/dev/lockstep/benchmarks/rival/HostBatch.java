package dev.lockstep.benchmarks.rival;

import dev.lockstep.data.Examples;
import dev.lockstep.data.MicroBatch;

/**
 * A batch as arrays on the heap.
 *
 * @param features one row of numbers an example: channel, row, column
 * @param labels their classes
 */
record HostBatch(float[] features, int[] labels) {
  static HostBatch of(Examples examples, MicroBatch part) {
    int inputs = examples.shape().size();
    float[] features = new float[part.size() * inputs];
    int[] labels = new int[part.size()];
    for (int i = 0; i < labels.length; i++) {
      examples.copy(part.example(i), features, i * inputs);
      labels[i] = examples.label(part.example(i));
    }
    return new HostBatch(features, labels);
  }

  int size() {
    return labels.length;
  }
}
