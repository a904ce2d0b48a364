package dev.lockstep.spark.cli;

import dev.lockstep.data.Examples;
import dev.lockstep.spark.Digits;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.IntStream;

/** The beginning of MNIST as a directory of IDX files, and a configuration that trains on it. */
public final class SmallMnist {
  static final int TRAINING = 1200;
  static final int VALIDATION = 200;
  static final int TEST = 300;

  private SmallMnist() {}

  /** Writes the data set's files to {@code directory}, and returns that. */
  public static Path write(Path directory) throws IOException {
    IdxFiles.write(directory, "train-", first(TRAINING, Digits.MNIST.training()));
    IdxFiles.write(directory, "t10k-", first(TEST, Digits.MNIST.test()));
    return directory;
  }

  private static Examples first(int count, Examples all) {
    return all.select(IntStream.range(0, count).toArray());
  }

  /** A small perceptron with dropout on the data in {@code directory}. */
  static Path configuration(Path directory) throws IOException {
    return configuration(directory, directory.toString());
  }

  /** A small perceptron with dropout on the data in {@code dataset}: {@code small.yaml}. */
  public static Path configuration(Path directory, String dataset) throws IOException {
    return Files.writeString(
        directory.resolve("small.yaml"),
        """
        seed: 3
        dataset: {idx: '%s'}
        network:
          layers:
            - dense: {units: 32, activation: relu}
            - dropout: {rate: 0.2}
            - dense: {units: 10, activation: softmax}
          loss: categorical_crossentropy
        validation: {examples: %d}
        training:
          epochs: 2
          batchSize: 50
          shards: 8
          optimizer: {name: adam}
        """
            .formatted(dataset, VALIDATION));
  }
}
