package dev.lockstep.benchmarks.suite;

import dev.lockstep.benchmarks.contender.Task;
import dev.lockstep.config.Configuration;
import dev.lockstep.data.Dataset;
import dev.lockstep.data.Mnist;
import dev.lockstep.network.Network;
import dev.lockstep.split.Split;
import dev.lockstep.worker.TrainingSet;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** Tasks made of the configurations in {@code conf/}, as they are shipped. */
final class Tasks {
  /** Keras' classic example but for rho, a dense network. */
  static final String MLP = "mnist-mlp.yaml";

  /** A convolutional network. */
  static final String LENET = "mnist-lenet.yaml";

  /** A convolutional network made for accuracy. */
  static final String CNN = "mnist-cnn.yaml";

  /** One made for the least time to 0.99. */
  static final String MNIST_99 = "mnist-99.yaml";

  private static final String FOLDER = "/dev/lockstep/benchmarks/conf/";

  private static final int QUICK_TRAINING = 640;
  private static final int QUICK_EVALUATED = 200;
  private static final int QUICK_EPOCHS = 2;
  private static final int QUICK_BATCHES = 2;
  private static final int QUICK_FOLDS = 2;

  /** For commands, which read and evaluate all of MNIST however few examples they train on. */
  private static final String QUICK_NETWORK =
      "network={layers: [{dense: {units: 10, activation: softmax}}], loss: categorical_crossentropy}";

  private final Dataset whole;
  private final Dataset mnist;
  private final boolean quick;

  /**
   * The tasks.
   *
   * @param quick whether they have so few examples that a suite takes seconds and its figures mean
   *     nothing
   */
  Tasks(boolean quick) {
    this.whole = Mnist.load();
    this.mnist = quick ? part(whole) : whole;
    this.quick = quick;
  }

  private static Dataset part(Dataset dataset) {
    return new Dataset(
        dataset.name(),
        dataset.training().select(first(QUICK_TRAINING + QUICK_EVALUATED)),
        dataset.test().select(first(QUICK_EVALUATED)));
  }

  private static int[] first(int count) {
    return IntStream.range(0, count).toArray();
  }

  /**
   * The whole of {@code file}, with another seed: what {@code lockstep train} does with it.
   *
   * @param settings {@code key=value}, over the file's own
   */
  Task training(String file, long seed, String... settings) {
    List<String> all = new ArrayList<>(List.of(settings));
    if (quick) {
      all.add("validation.examples=" + QUICK_EVALUATED);
      all.add("training.epochs=" + QUICK_EPOCHS);
    }
    all.add("seed=" + seed);
    Configuration configuration = configuration(file, all);
    return whole(configuration, mnist);
  }

  /**
   * The whole of {@code file}, with another seed, for a command that reads all of MNIST by itself:
   * a quick one holds most of it out, and has a small network.
   */
  Task command(String file, long seed) {
    List<String> all = new ArrayList<>();
    if (quick) {
      all.add("validation.examples=" + (whole.training().size() - QUICK_TRAINING));
      all.add("validation.select=first");
      all.add("training.epochs=1");
      all.add(QUICK_NETWORK);
    }
    all.add("seed=" + seed);
    return whole(configuration(file, all), whole);
  }

  private static Task whole(Configuration configuration, Dataset dataset) {
    Split split = configuration.validation().split(dataset.training(), configuration.seed());
    return task(configuration, new TrainingSet(dataset, split));
  }

  /**
   * The first of {@code folds} shuffled folds of {@code file}: what {@code lockstep cross-validate}
   * does with it. Of all training examples, also when it should be quick, but then there are fewer
   * folds and epochs, of a small network.
   */
  Task folds(String file, int folds) {
    int count = quick ? QUICK_FOLDS : folds;
    List<String> all = new ArrayList<>();
    all.add("validation={folds: %d, fold: 1, select: shuffled}".formatted(count));
    if (quick) {
      all.add("training.epochs=1");
      all.add(QUICK_NETWORK);
    }
    Configuration configuration = configuration(file, all);
    Split split = configuration.validation().split(mnist.training(), configuration.seed());
    return task(configuration, new TrainingSet(mnist, split));
  }

  /**
   * One epoch of {@code batches} whole batches of {@code file}, as many as there are examples for
   * (a smaller one if there are not enough for one), with the first seed and nothing to evaluate.
   *
   * @param settings {@code key=value}, over the file's own
   */
  Task batches(String file, int batches, String... settings) {
    List<String> all = new ArrayList<>(List.of(settings));
    all.addAll(
        List.of("seed=1", "training.epochs=1", "validation.examples=0", "validation.select=first"));
    Configuration configuration = configuration(file, all);
    int batchSize = configuration.plan().batchSize();
    int most = mnist.training().size() / batchSize;
    int whole = Math.max(1, Math.min(most, quick ? QUICK_BATCHES : batches));
    int examples = Math.min(batchSize * whole, mnist.training().size());
    Split split = new Split(first(examples), new int[0]);
    return task(configuration, new TrainingSet(mnist.untested(), split));
  }

  /**
   * One epoch of {@code batches} whole batches of {@code file} on the whole of MNIST, of which the
   * other examples validate: what an executor makes anew from the configuration alone.
   */
  Task reproducible(String file, int batches) {
    Dataset whole = quick ? Mnist.load() : mnist;
    int batchSize = configuration(file, List.of()).plan().batchSize();
    int held = whole.training().size() - batchSize * (quick ? QUICK_BATCHES : batches);
    Configuration configuration =
        configuration(
            file,
            List.of(
                "seed=1",
                "training.epochs=1",
                "validation.examples=" + held,
                "validation.select=first"));
    Split split = configuration.validation().split(whole.training(), configuration.seed());
    return task(configuration, new TrainingSet(whole, split));
  }

  private static Configuration configuration(String file, List<String> settings) {
    try (InputStream in = Tasks.class.getResourceAsStream(FOLDER + file)) {
      String yaml = new String(in.readAllBytes(), StandardCharsets.UTF_8);
      return Configuration.read(file, yaml, settings);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Task task(Configuration configuration, TrainingSet data) {
    Dataset dataset = data.dataset();
    Network network = configuration.network(dataset.shape(), dataset.classes());
    return new Task(configuration, network, data);
  }
}
