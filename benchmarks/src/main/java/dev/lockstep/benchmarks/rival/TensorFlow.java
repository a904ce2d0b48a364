package dev.lockstep.benchmarks.rival;

import dev.lockstep.data.Dataset;
import java.io.IOException;
import java.util.List;
import org.tensorflow.Graph;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.StdArrays;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.proto.ConfigProto;
import org.tensorflow.types.TFloat32;

/** TensorFlow: a graph, a session, and one run of it a batch. */
public final class TensorFlow implements Rival {
  private final ConfigProto threads;

  /**
   * TensorFlow with so many threads inside an operation.
   *
   * @param threads operations themselves run one after the other
   */
  TensorFlow(int threads) {
    this.threads =
        ConfigProto.newBuilder()
            .setIntraOpParallelismThreads(threads)
            .setInterOpParallelismThreads(1)
            .build();
  }

  /** Serves assignments; the one argument is the number of threads. */
  public static void main(String[] arguments) throws IOException {
    Rival.serve(new TensorFlow(Integer.parseInt(arguments[0])));
  }

  /** One batch as tensors. */
  private record Feed(TFloat32 features, TFloat32 labels) implements AutoCloseable {
    static Feed of(HostBatch batch, int classes) {
      float[][] labels = new float[batch.size()][classes];
      for (int i = 0; i < labels.length; i++) {
        labels[i][batch.labels()[i]] = 1;
      }
      Shape shape = Shape.of(batch.size(), batch.features().length / batch.size());
      return new Feed(
          TFloat32.tensorOf(shape, DataBuffers.of(batch.features(), true, false)),
          TFloat32.tensorOf(StdArrays.ndCopyOf(labels)));
    }

    @Override
    public void close() {
      features.close();
      labels.close();
    }
  }

  @Override
  public Answer train(Assignment assignment, Dataset dataset) {
    long examples = 0;
    double seconds = 0;
    double loss = Double.NaN;
    try (Graph graph = new Graph();
        Session session = new Session(graph, threads)) {
      TensorFlowGraph network = new TensorFlowGraph(graph, assignment, dataset);
      List<List<HostBatch>> epochs = assignment.epochs(dataset.training());
      session.initialize();
      optimizeGraph(session, network, epochs.get(0).get(0), dataset.classes());
      session.initialize();
      for (List<HostBatch> epoch : epochs) {
        List<Feed> feeds = epoch.stream().map(batch -> Feed.of(batch, dataset.classes())).toList();
        long started = System.nanoTime();
        for (Feed feed : feeds) {
          loss = step(session, network, feed);
        }
        seconds += (System.nanoTime() - started) * 1e-9;
        examples += epoch.stream().mapToLong(HostBatch::size).sum();
        feeds.forEach(Feed::close);
      }
    }
    return new Answer(examples, seconds, loss);
  }

  /** A session prepares its graph for what it is asked when it is asked it first. */
  private static void optimizeGraph(
      Session session, TensorFlowGraph network, HostBatch batch, int classes) {
    try (Feed feed = Feed.of(batch, classes)) {
      step(session, network, feed);
    }
  }

  private static double step(Session session, TensorFlowGraph network, Feed feed) {
    try (Result result =
        session
            .runner()
            .feed(network.features(), feed.features())
            .feed(network.labels(), feed.labels())
            .addTarget(network.update())
            .fetch(network.loss())
            .run()) {
      return ((TFloat32) result.get(0)).getFloat();
    }
  }
}
