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
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/** Tasks made of {@code conf/mnist-mlp.yaml}, as it is shipped. */
final class Tasks {
  private static final String FILE = "mnist-mlp.yaml";

  private static final int QUICK_TRAINING = 640;
  private static final int QUICK_EVALUATED = 200;
  private static final int QUICK_EPOCHS = 2;
  private static final int QUICK_BATCHES = 5;

  private final String yaml;
  private final Dataset mnist;
  private final boolean quick;

  /**
   * The tasks.
   *
   * @param quick whether they have so few examples that a suite takes seconds and its figures mean
   *     nothing
   */
  Tasks(boolean quick) {
    try (InputStream in =
        Tasks.class.getResourceAsStream("/dev/lockstep/benchmarks/conf/" + FILE)) {
      this.yaml = new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    this.mnist = quick ? part(Mnist.load()) : Mnist.load();
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
   * The whole of the configuration, with another seed: what {@code lockstep train} does with it.
   */
  Task training(long seed) {
    List<String> settings =
        quick
            ? List.of("validation.examples=" + QUICK_EVALUATED, "training.epochs=" + QUICK_EPOCHS)
            : List.of();
    Configuration configuration = configuration(seed, settings);
    Split split = configuration.validation().split(mnist.training(), seed);
    return task(configuration, new TrainingSet(mnist, split));
  }

  /** One epoch of {@code batches} whole batches, with the first seed and nothing to evaluate. */
  Task batches(int batches) {
    Configuration configuration = configuration(1, List.of("training.epochs=1"));
    int examples = configuration.plan().batchSize() * (quick ? QUICK_BATCHES : batches);
    Dataset untested = new Dataset(mnist.name(), mnist.training(), mnist.test().select(new int[0]));
    Split split = new Split(first(examples), new int[0]);
    return task(configuration, new TrainingSet(untested, split));
  }

  private Configuration configuration(long seed, List<String> settings) {
    String[] all = Arrays.copyOf(settings.toArray(String[]::new), settings.size() + 1);
    all[settings.size()] = "seed=" + seed;
    return Configuration.read(FILE, yaml, List.of(all));
  }

  private Task task(Configuration configuration, TrainingSet data) {
    Network network = configuration.network(mnist.shape(), mnist.classes());
    return new Task(configuration.plan(), network, data);
  }
}
