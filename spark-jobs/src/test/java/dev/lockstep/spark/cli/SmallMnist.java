package dev.lockstep.spark.cli;

import dev.lockstep.data.Examples;
import dev.lockstep.spark.Digits;
import java.io.DataOutputStream;
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
    write(directory, "train", Digits.MNIST.training(), TRAINING);
    write(directory, "t10k", Digits.MNIST.test(), TEST);
    return directory;
  }

  private static void write(Path directory, String part, Examples all, int count)
      throws IOException {
    Examples examples = all.select(IntStream.range(0, count).toArray());
    try (DataOutputStream images = open(directory.resolve(part + "-images-idx3-ubyte"));
        DataOutputStream labels = open(directory.resolve(part + "-labels-idx1-ubyte"))) {
      images.writeInt(0x803);
      images.writeInt(count);
      images.writeInt(28);
      images.writeInt(28);
      labels.writeInt(0x801);
      labels.writeInt(count);
      float[] pixels = new float[28 * 28];
      byte[] image = new byte[pixels.length];
      for (int i = 0; i < count; i++) {
        examples.copy(i, pixels, 0);
        for (int p = 0; p < pixels.length; p++) {
          image[p] = (byte) Math.round(pixels[p] * 255);
        }
        images.write(image);
        labels.write(examples.label(i));
      }
    }
  }

  private static DataOutputStream open(Path file) throws IOException {
    return new DataOutputStream(new java.io.BufferedOutputStream(Files.newOutputStream(file)));
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
