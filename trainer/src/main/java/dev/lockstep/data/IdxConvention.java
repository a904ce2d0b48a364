package dev.lockstep.data;

import java.util.List;
import java.util.stream.Stream;

/**
 * How the IDX files of a data set are called, and what is peculiar in them. Of each, the first
 * found in the order of its names is read.
 *
 * @param transposed whether images are written column by column
 * @param firstLabel the label of the first class
 */
record IdxConvention(
    List<String> trainingImages,
    List<String> trainingLabels,
    List<String> testImages,
    List<String> testLabels,
    boolean transposed,
    int firstLabel) {
  /** MNIST's own, each plain or with {@code .gz}. */
  static final IdxConvention MNIST =
      new IdxConvention(
          plainOrGzipped("train-images-idx3-ubyte", "train-images-idx4-ubyte"),
          plainOrGzipped("train-labels-idx1-ubyte"),
          plainOrGzipped("t10k-images-idx3-ubyte", "t10k-images-idx4-ubyte"),
          plainOrGzipped("t10k-labels-idx1-ubyte"),
          false,
          0);

  /** Four gzipped files of grey images, called after the part of the data set that they hold. */
  static IdxConvention gzipped(String training, String test, boolean transposed, int firstLabel) {
    return new IdxConvention(
        List.of(training + "-images-idx3-ubyte.gz"),
        List.of(training + "-labels-idx1-ubyte.gz"),
        List.of(test + "-images-idx3-ubyte.gz"),
        List.of(test + "-labels-idx1-ubyte.gz"),
        transposed,
        firstLabel);
  }

  static List<String> plainOrGzipped(String... plain) {
    return Stream.of(plain).flatMap(file -> Stream.of(file, file + ".gz")).toList();
  }

  /** All names. */
  List<String> files() {
    return Stream.of(trainingImages, trainingLabels, testImages, testLabels)
        .flatMap(List::stream)
        .toList();
  }
}
