package dev.lockstep.benchmarks.rival;

import dev.lockstep.config.Configuration;
import dev.lockstep.config.NetworkChoice;
import dev.lockstep.data.BatchOrder;
import dev.lockstep.data.Examples;
import dev.lockstep.data.MicroBatch;
import dev.lockstep.data.WorkerOrder;
import dev.lockstep.network.Layer;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * What a process is asked to train: the first examples of MNIST's training part, with a
 * configuration of Lockstep's.
 *
 * @param examples how many
 */
public record Assignment(int examples, Configuration configuration) {
  /** The most characters of a line. */
  static final int LONGEST = 1 << 16;

  /** One line of text, from which {@link #of} makes an equal assignment. */
  public String line() {
    return examples + " " + configuration.resolved();
  }

  /**
   * The assignment that {@code line} says.
   *
   * @throws IllegalArgumentException if it says none
   */
  static Assignment of(String line) {
    int space = line.indexOf(' ');
    if (space < 0 || line.length() > LONGEST) {
      throw new IllegalArgumentException(
          "an assignment must be a number of examples, a space and a configuration, in at most %d characters, but is '%.80s'"
              .formatted(LONGEST, line));
    }
    return new Assignment(
        Integer.parseInt(line.substring(0, space)),
        Configuration.read("assignment", line.substring(space + 1), List.of()));
  }

  /**
   * The layers to train.
   *
   * @throws IllegalArgumentException if the network is not defined in Lockstep's words
   */
  List<Layer> layers() {
    if (configuration.network() instanceof NetworkChoice.Defined defined) {
      return defined.definition().layers();
    }
    throw new IllegalArgumentException("a rival takes networks in Lockstep's words only");
  }

  /** The batches of all epochs, in Lockstep's order, ready as arrays. */
  List<List<HostBatch>> epochs(Examples training) {
    BatchOrder order =
        new BatchOrder(
            IntStream.range(0, examples).toArray(),
            configuration.plan().shards(),
            configuration.plan().batchSize(),
            configuration.seed());
    return IntStream.range(0, configuration.plan().epochs())
        .mapToObj(epoch -> batches(training, order, epoch))
        .toList();
  }

  private static List<HostBatch> batches(Examples training, BatchOrder order, int epoch) {
    WorkerOrder worker = order.worker(0, 1);
    MicroBatch part = new MicroBatch(order.batchSize());
    List<HostBatch> batches = new ArrayList<>();
    for (int batch = 0; batch < order.batches(); batch++) {
      worker.microBatch(epoch, batch, part);
      batches.add(HostBatch.of(training, part));
    }
    return batches;
  }
}
