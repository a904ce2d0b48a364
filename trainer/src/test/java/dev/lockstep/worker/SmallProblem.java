package dev.lockstep.worker;

import dev.lockstep.coordinator.Averaging;
import dev.lockstep.coordinator.EarlyStopping;
import dev.lockstep.coordinator.TrainingPlan;
import dev.lockstep.data.Augmentation;
import dev.lockstep.data.Dataset;
import dev.lockstep.data.Examples;
import dev.lockstep.data.Shape;
import dev.lockstep.network.Network;
import dev.lockstep.network.NetworkDefinition;
import dev.lockstep.optimizer.Optimizer;
import dev.lockstep.random.CounterRandom;
import dev.lockstep.split.Split;
import dev.lockstep.yaml.Section;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.IntStream;

/** Small images of three classes that a small network learns within seconds. */
final class SmallProblem {
  static final Shape SHAPE = new Shape(6, 6, 1);
  static final int CLASSES = 3;

  private SmallProblem() {}

  /** Each class brightens its own third of the image. */
  static Examples examples(int count, long seed) {
    byte[][] pixels = new byte[count][SHAPE.size()];
    byte[] labels = new byte[count];
    CounterRandom random = new CounterRandom(seed);
    for (int i = 0; i < count; i++) {
      labels[i] = (byte) random.nextInt(CLASSES);
      for (int p = 0; p < SHAPE.size(); p++) {
        boolean bright = p * CLASSES / SHAPE.size() == labels[i];
        pixels[i][p] = (byte) (random.nextInt(128) + (bright ? 100 : 0));
      }
    }
    return new Examples(SHAPE, CLASSES, pixels, labels);
  }

  /** The first {@code training} examples to learn from, then {@code validation}, and a test set. */
  static TrainingSet data(int training, int validation, int test) {
    return new TrainingSet(
        new Dataset("small", examples(training + validation, 7), examples(test, 8)),
        new Split(
            IntStream.range(0, training).toArray(),
            IntStream.range(training, training + validation).toArray()));
  }

  static Network network(String yaml) {
    return NetworkDefinition.read("small", Section.parse("small.yaml", yaml)).build(SHAPE, CLASSES);
  }

  /** A perceptron; {@code dropout} in front of the last layer, {@code l2} on both kernels. */
  static Network perceptron(double dropout, double l2) {
    return network(
        """
        layers:
          - dense: {units: 20, activation: relu, l2: %s}
          - dropout: {rate: %s}
          - dense: {units: 3, activation: softmax, l2: %s}
        loss: categorical_crossentropy
        """
            .formatted(l2, dropout, l2));
  }

  /** A network with every kind of image layer; arguments as of {@link #perceptron}. */
  static Network convolutional(double dropout, double l2) {
    return network(
        """
        layers:
          - conv2d: {filters: 4, kernelSize: 3, padding: same, l2: %s}
          - batch_normalization
          - activation: {activation: relu}
          - max_pooling2d: {poolSize: 2, strides: 1}
          - conv2d: {filters: 8, kernelSize: 2, activation: tanh}
          - average_pooling2d: {padding: same}
          - flatten
          - dropout: {rate: %s}
          - dense: {units: 3, activation: softmax, l2: %s}
        loss: categorical_crossentropy
        """
            .formatted(l2, dropout, l2));
  }

  static Optimizer optimizer(String yaml) {
    return Optimizer.read(Section.parse("optimizer", yaml));
  }

  static TrainingPlan plan(int epochs, int batchSize, Optimizer optimizer, Averaging averaging) {
    return new TrainingPlan(
        1,
        epochs,
        batchSize,
        16,
        optimizer,
        averaging,
        Augmentation.NONE,
        OptionalInt.empty(),
        Optional.<EarlyStopping>empty());
  }
}
