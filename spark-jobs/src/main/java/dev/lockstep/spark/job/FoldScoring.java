package dev.lockstep.spark.job;

import dev.lockstep.config.Configuration;
import dev.lockstep.coordinator.ShardTally;
import dev.lockstep.data.Dataset;
import dev.lockstep.engine.Engine;
import dev.lockstep.engine.FloatVector;
import dev.lockstep.metrics.Metrics;
import dev.lockstep.metrics.Tally;
import dev.lockstep.network.Network;
import dev.lockstep.report.ReportFile;
import dev.lockstep.report.WrongExample;
import dev.lockstep.report.WrongExamples;
import dev.lockstep.spark.gang.Preflight;
import dev.lockstep.spark.gang.SelectedEngine;
import dev.lockstep.spark.gang.TaskMemory;
import dev.lockstep.spark.source.DatasetSource;
import dev.lockstep.split.Split;
import dev.lockstep.worker.BatchPredictor;
import dev.lockstep.worker.Evaluator;
import dev.lockstep.yaml.Section;
import java.io.Serializable;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;

/**
 * Measures trained parameters on both parts of a split, as a Spark job: its tasks open the data set
 * themselves, or share the copy of their JVM.
 *
 * @param name of the configuration
 * @param yaml the configuration, which has the split
 * @param tasks how many share the work; the metrics do not depend on it
 * @param slotTimeout how long they may wait for slots
 */
record FoldScoring(
    String name, String yaml, int shards, int classes, int tasks, Duration slotTimeout)
    implements Serializable {

  /** The scoring of what {@code configuration} trains. */
  static FoldScoring of(Configuration configuration, int classes, int tasks) {
    int shards = configuration.plan().shards();
    return new FoldScoring(
        configuration.name(),
        Section.write(configuration.resolved()),
        shards,
        classes,
        tasks,
        configuration.workerLoss().replacementTimeout());
  }

  /**
   * What the parameters are worth.
   *
   * @param validationSeconds that predicting the validation examples took
   * @param predictions of the validation examples, in no order
   * @param worst the validation examples that were predicted wrong with the greatest confidence
   */
  record Scores(
      Metrics training,
      Metrics validation,
      double validationSeconds,
      List<Predictions> predictions,
      List<WrongExample> worst) {}

  /**
   * Predictions of some examples. A class, for Kryo cannot make records.
   *
   * <p>{@code rows} has the activations of the last layer, {@code units} for each of {@code
   * examples}, which are indices into the training examples.
   */
  static final class Predictions implements Serializable {
    private static final long serialVersionUID = 1L;

    final int[] examples;
    final byte[] labels;
    final float[] rows;

    Predictions(int[] examples, byte[] labels, float[] rows) {
      this.examples = examples;
      this.labels = labels;
      this.rows = rows;
    }
  }

  private static final class Part implements Serializable {
    private static final long serialVersionUID = 1L;

    private final byte[][] training;
    private final byte[][] validation;
    private final double validationSeconds;
    private final Predictions predictions;
    private final String worst;

    private Part(
        byte[][] training,
        byte[][] validation,
        double validationSeconds,
        Predictions predictions,
        String worst) {
      this.training = training;
      this.validation = validation;
      this.validationSeconds = validationSeconds;
      this.predictions = predictions;
      this.worst = worst;
    }
  }

  /** Scores {@code parameters}, all of them in DL4J's order. */
  Scores run(JavaSparkContext spark, float[] parameters) {
    Broadcast<float[]> shared = spark.broadcast(parameters);
    try {
      FoldScoring scoring = this;
      List<Part> parts =
          JobWatch.run(
              spark,
              "the scores of " + name,
              slotTimeout,
              () ->
                  spark
                      .parallelize(IntStream.range(0, tasks).boxed().toList(), tasks)
                      .map(
                          rank ->
                              TaskMemory.guard(
                                  "the scores of a fold", () -> scoring.part(rank, shared.value())))
                      .collect());
      return new Scores(
          sum(parts.stream().map(part -> part.training).toList()),
          sum(parts.stream().map(part -> part.validation).toList()),
          parts.stream().mapToDouble(part -> part.validationSeconds).max().orElseThrow(),
          parts.stream().map(part -> part.predictions).toList(),
          WrongExamples.worst(
              parts.stream()
                  .flatMap(part -> ReportFile.readExamples(part.worst).stream())
                  .toList()));
    } finally {
      shared.destroy();
    }
  }

  private Part part(int rank, float[] parameters) {
    Preflight.requireNativeLibraries();
    Configuration configuration =
        Configuration.read(name + ".yaml", yaml, List.of(), Optional.empty());
    Dataset dataset = DatasetSource.of(configuration).load();
    Split split = configuration.validation().split(dataset.training(), configuration.seed());
    Network network = configuration.network(dataset.shape(), dataset.classes());
    try (Engine engine = open(configuration, network, parameters)) {
      Evaluator evaluator = new Evaluator(network, engine::predict);
      int[] examples = owned(split.validation(), rank);
      float[] rows = new float[Math.multiplyExact(examples.length, network.outputs())];
      int[] next = {0};
      long before = System.nanoTime();
      List<ShardTally> validation =
          evaluator.evaluate(
              dataset.training(),
              split.validation(),
              shards,
              rank,
              tasks,
              (example, outputs, offset) -> {
                examples[next[0]] = example;
                System.arraycopy(
                    outputs, offset, rows, next[0] * network.outputs(), network.outputs());
                next[0]++;
              });
      double seconds = (double) (System.nanoTime() - before) / TimeUnit.SECONDS.toNanos(1);
      List<ShardTally> training =
          evaluator.evaluate(dataset.training(), split.training(), shards, rank, tasks);
      byte[] labels = new byte[examples.length];
      for (int i = 0; i < labels.length; i++) {
        labels[i] = (byte) dataset.training().label(examples[i]);
      }
      List<WrongExample> worst =
          WrongExamples.ofPredictions(
              "training", dataset.training(), examples, rows, network.outputs());
      return new Part(
          encoded(training),
          encoded(validation),
          seconds,
          new Predictions(examples, labels, rows),
          ReportFile.writeExamples(worst));
    }
  }

  private static Engine open(Configuration configuration, Network network, float[] parameters) {
    return SelectedEngine.of(configuration.engine(), network)
        .factory()
        .open(
            network,
            configuration.seed(),
            FloatVector.of(parameters),
            FloatVector.allocate(parameters.length),
            BatchPredictor.BATCH);
  }

  /** Room for the examples of the shards of {@code rank}. */
  private int[] owned(int[] evaluated, int rank) {
    return new int
        [(int)
            IntStream.range(0, evaluated.length).filter(i -> i % shards % tasks == rank).count()];
  }

  private static byte[][] encoded(List<ShardTally> tallies) {
    return tallies.stream()
        .map(
            each -> {
              ByteBuffer bytes = ByteBuffer.allocate(Tally.encodedLength(each.tally().classes()));
              each.tally().encode(bytes);
              return bytes.array();
            })
        .toArray(byte[][]::new);
  }

  /** Adds in the shards' order: task r has the shards v with v % tasks == r, v ascending. */
  private Metrics sum(List<byte[][]> ofTasks) {
    Tally sum = new Tally(classes);
    for (int shard = 0; shard < shards; shard++) {
      byte[] encoded = ofTasks.get(shard % tasks)[shard / tasks];
      sum.add(Tally.decode(ByteBuffer.wrap(encoded), classes));
    }
    return sum.metrics();
  }
}
