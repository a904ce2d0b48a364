package dev.lockstep.spark.job;

import dev.lockstep.network.Loss;

/**
 * What a model makes of one input. One object is every row of a task in turn; belongs to one
 * thread.
 */
final class PredictedRow {
  private final float[] probabilities;
  private final boolean labelled;
  private long example;
  private int label;
  private int predictedClass;

  /**
   * An empty row.
   *
   * @param classes how many classes there are
   * @param labelled whether the true classes are known
   */
  PredictedRow(int classes, boolean labelled) {
    this.probabilities = new float[classes];
    this.labelled = labelled;
  }

  /**
   * Makes it the row of {@code example}.
   *
   * @param label the true class; of no meaning if those are not known
   * @param outputs holds the activations of the last layer, {@code units} numbers from {@code
   *     offset}; a single one is the probability of class 1
   */
  PredictedRow set(long example, int label, float[] outputs, int offset, int units) {
    this.example = example;
    this.label = label;
    this.predictedClass = Loss.predictedClass(outputs, offset, units);
    if (units == 1) {
      probabilities[0] = 1 - outputs[offset];
      probabilities[1] = outputs[offset];
    } else {
      System.arraycopy(outputs, offset, probabilities, 0, units);
    }
    return this;
  }

  /** The input's number, from 0. */
  long example() {
    return example;
  }

  boolean labelled() {
    return labelled;
  }

  int label() {
    return label;
  }

  int predictedClass() {
    return predictedClass;
  }

  /** Of each class; not to be kept. */
  float[] probabilities() {
    return probabilities;
  }

  /** The heading of a CSV file of such rows, without the end of the line. */
  String csvHeading() {
    StringBuilder line = new StringBuilder(labelled ? "example,label,class" : "example,class");
    for (int c = 0; c < probabilities.length; c++) {
      line.append(",probability_").append(c);
    }
    return line.toString();
  }

  /** Makes {@code line} this row's in such a file. */
  StringBuilder csv(StringBuilder line) {
    line.setLength(0);
    line.append(example);
    if (labelled) {
      line.append(',').append(label);
    }
    line.append(',').append(predictedClass);
    for (float probability : probabilities) {
      line.append(',').append(probability);
    }
    return line;
  }
}
