package dev.lockstep.spark.job;

import dev.lockstep.config.Configuration;
import dev.lockstep.coordinator.ShardTally;
import dev.lockstep.data.Dataset;
import dev.lockstep.data.Examples;
import dev.lockstep.engine.Engine;
import dev.lockstep.metrics.McNemarTest;
import dev.lockstep.metrics.Metrics;
import dev.lockstep.metrics.Tally;
import dev.lockstep.network.Loss;
import dev.lockstep.spark.gang.Preflight;
import dev.lockstep.spark.gang.Slots;
import dev.lockstep.spark.gang.TaskMemory;
import dev.lockstep.spark.source.DatasetSource;
import dev.lockstep.worker.Evaluator;
import java.io.Serializable;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;

/**
 * Two models on the test examples of one data set, as a Spark job.
 *
 * @param first the metrics of the first, as {@link Evaluation} gives them
 * @param second those of the second
 * @param test of the first against the second
 * @param fingerprints of the test examples that the tasks read: one, unless the files changed
 */
record PairedEvaluation(Metrics first, Metrics second, McNemarTest test, Set<String> fingerprints) {

  /** What one task found. A class, for Kryo cannot make records. */
  private static final class Part implements Serializable {
    private static final long serialVersionUID = 1L;

    private final byte[][] first;
    private final byte[][] second;
    private final long onlyFirst;
    private final long onlySecond;
    private final String fingerprint;

    private Part(
        byte[][] first, byte[][] second, long onlyFirst, long onlySecond, String fingerprint) {
      this.first = first;
      this.second = second;
      this.onlyFirst = onlyFirst;
      this.onlySecond = onlySecond;
      this.fingerprint = fingerprint;
    }
  }

  /**
   * Evaluates both.
   *
   * @param configuration says the data set and how examples are dealt to shards
   * @throws dev.lockstep.yaml.ConfigurationException if the data is not what a model takes
   */
  static PairedEvaluation run(
      JavaSparkContext spark, Configuration configuration, ModelFile first, ModelFile second) {
    DatasetSource source = DatasetSource.of(configuration);
    int shards = configuration.plan().shards();
    int tasks = Math.min(Slots.of(spark), shards);
    Broadcast<List<ModelFile>> models = spark.broadcast(List.of(first, second));
    try {
      List<Part> parts =
          JobWatch.run(
              spark,
              "the evaluation of " + configuration.name(),
              configuration.workerLoss().replacementTimeout(),
              () ->
                  spark
                      .parallelize(IntStream.range(0, tasks).boxed().toList(), tasks)
                      .map(
                          rank ->
                              TaskMemory.guard(
                                  "the evaluation of two models",
                                  () -> part(models.value(), source, shards, rank, tasks)))
                      .collect());
      int classes = first.description().orElseThrow().classes();
      return new PairedEvaluation(
          sum(parts.stream().map(part -> part.first).toList(), shards, classes),
          sum(parts.stream().map(part -> part.second).toList(), shards, classes),
          McNemarTest.of(
              parts.stream().mapToLong(part -> part.onlyFirst).sum(),
              parts.stream().mapToLong(part -> part.onlySecond).sum()),
          parts.stream().map(part -> part.fingerprint).collect(Collectors.toSet()));
    } finally {
      models.destroy();
    }
  }

  private static Part part(
      List<ModelFile> models, DatasetSource source, int shards, int rank, int tasks) {
    Preflight.requireNativeLibraries();
    Dataset dataset = source.load();
    boolean[] right = new boolean[dataset.test().size()];
    boolean[] other = new boolean[dataset.test().size()];
    byte[][] first = evaluate(models.get(0), dataset, shards, rank, tasks, right);
    byte[][] second = evaluate(models.get(1), dataset, shards, rank, tasks, other);
    long onlyFirst = 0;
    long onlySecond = 0;
    for (int i = 0; i < right.length; i++) {
      onlyFirst += right[i] && !other[i] ? 1 : 0;
      onlySecond += other[i] && !right[i] ? 1 : 0;
    }
    return new Part(first, second, onlyFirst, onlySecond, dataset.test().fingerprint());
  }

  /**
   * Tallies of the shards of {@code rank}; {@code right} tells which examples were predicted so.
   */
  private static byte[][] evaluate(
      ModelFile file, Dataset dataset, int shards, int rank, int tasks, boolean[] right) {
    TrainedModel model = file.open(dataset.shape(), OptionalInt.of(dataset.classes()));
    Examples test = dataset.test();
    int units = model.network().outputs();
    try (Engine engine = Evaluation.openForPrediction(model)) {
      return new Evaluator(model.network(), engine::predict)
              .evaluate(
                  test,
                  IntStream.range(0, test.size()).toArray(),
                  shards,
                  rank,
                  tasks,
                  (example, rows, offset) ->
                      right[example] =
                          Loss.predictedClass(rows, offset, units) == test.label(example))
              .stream()
              .map(PairedEvaluation::encoded)
              .toArray(byte[][]::new);
    }
  }

  private static byte[] encoded(ShardTally shard) {
    ByteBuffer bytes = ByteBuffer.allocate(Tally.encodedLength(shard.tally().classes()));
    shard.tally().encode(bytes);
    return bytes.array();
  }

  /** Adds in the shards' order: task r has the shards v with v % tasks == r, v ascending. */
  private static Metrics sum(List<byte[][]> ofTasks, int shards, int classes) {
    Tally sum = new Tally(classes);
    for (int shard = 0; shard < shards; shard++) {
      byte[] encoded = ofTasks.get(shard % ofTasks.size())[shard / ofTasks.size()];
      sum.add(Tally.decode(ByteBuffer.wrap(encoded), classes));
    }
    return sum.metrics();
  }
}
