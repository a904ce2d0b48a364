package dev.lockstep.spark.job;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lockstep.config.EngineChoice;
import dev.lockstep.config.WorkerLoss;
import dev.lockstep.coordinator.ShardTally;
import dev.lockstep.coordinator.TrainingPlan;
import dev.lockstep.data.Dataset;
import dev.lockstep.data.Examples;
import dev.lockstep.engine.Engine;
import dev.lockstep.engine.FloatVector;
import dev.lockstep.metrics.Metrics;
import dev.lockstep.metrics.Tally;
import dev.lockstep.model.ModelDescription;
import dev.lockstep.spark.gang.SelectedEngine;
import dev.lockstep.spark.gang.Slots;
import dev.lockstep.spark.gang.TaskMemory;
import dev.lockstep.spark.source.DatasetSource;
import dev.lockstep.worker.BatchPredictor;
import dev.lockstep.worker.Evaluator;
import dev.lockstep.yaml.ConfigurationException;
import java.io.Serializable;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import scala.Tuple2;

/** Measures a model on the test examples of a data set, or on labelled inputs, as a Spark job. */
public final class Evaluation {
  private static final int MOST_SHARDS = 1 << 20;

  private Evaluation() {}

  /** The examples to measure on, which the driver and each task get for themselves. */
  private interface TestExamples extends Serializable {
    /** The examples; on the driver of a cluster, which computes nothing, without features. */
    Examples get(boolean outlined);
  }

  /**
   * The metrics of {@code model} on the test examples of {@code source}: to the bit those that the
   * training which made the model had at its end, whatever the number of slots.
   *
   * @throws ConfigurationException if the data has no test examples or is not what the model takes
   */
  public static Metrics run(JavaSparkContext spark, ModelFile model, DatasetSource source) {
    return run(spark, model, outlined -> test(outlined ? source.outline() : source.load()));
  }

  private static Examples test(Dataset dataset) {
    if (dataset.test().size() == 0) {
      throw new ConfigurationException(dataset.name() + ": there are no test examples");
    }
    return dataset.test();
  }

  /**
   * The metrics of {@code model} on all of {@code input}, whatever the number of slots.
   *
   * @param input labelled
   * @throws ConfigurationException if it cannot be read or is not what the model takes
   */
  public static Metrics run(JavaSparkContext spark, ModelFile model, SharedInput input) {
    if (!input.labelled()) {
      throw new IllegalArgumentException("inputs without true classes cannot be evaluated");
    }
    return run(spark, model, outlined -> outlined ? input.outline() : input.examples());
  }

  private static Metrics run(JavaSparkContext spark, ModelFile model, TestExamples test) {
    Examples known = test.get(!spark.isLocal());
    TrainedModel opened = open(model, known);
    int shards = shards(opened.description());
    int tasks = Math.min(Slots.of(spark), shards);
    Broadcast<ModelFile> shared = spark.broadcast(model);
    try {
      return sum(
          opened.network().classes(),
          shards,
          JobWatch.run(
              spark,
              "the evaluation of %d examples".formatted(known.size()),
              WorkerLoss.DEFAULT.replacementTimeout(),
              () ->
                  spark
                      .parallelize(IntStream.range(0, tasks).boxed().toList(), tasks)
                      .mapPartitions(
                          ranks ->
                              TaskMemory.guard(
                                  "the evaluation",
                                  () -> tallies(shared.value(), test, shards, ranks, tasks)))
                      .collect()));
    } finally {
      shared.destroy();
    }
  }

  /** Sums of losses have the bits of the training if its examples are dealt as it dealt them. */
  private static int shards(Optional<ModelDescription> description) {
    return description
        .map(about -> about.created().path("shards").asInt())
        .filter(shards -> shards > 0 && shards <= MOST_SHARDS)
        .orElse(TrainingPlan.DEFAULT_SHARDS);
  }

  private static TrainedModel open(ModelFile model, Examples test) {
    return model.open(test.shape(), OptionalInt.of(test.classes()));
  }

  private static Iterator<Tuple2<Integer, byte[]>> tallies(
      ModelFile model, TestExamples test, int shards, Iterator<Integer> ranks, int tasks) {
    Examples examples = test.get(false);
    TrainedModel opened = open(model, examples);
    List<Tuple2<Integer, byte[]>> encoded = new ArrayList<>();
    ranks.forEachRemaining(
        rank -> {
          for (ShardTally each : tallies(opened, examples, shards, rank, tasks)) {
            ByteBuffer bytes = ByteBuffer.allocate(Tally.encodedLength(each.tally().classes()));
            each.tally().encode(bytes);
            encoded.add(new Tuple2<>(each.shard(), bytes.array()));
          }
        });
    return encoded.iterator();
  }

  private static List<ShardTally> tallies(
      TrainedModel model, Examples test, int shards, int rank, int tasks) {
    try (Engine engine = openForPrediction(model)) {
      return new Evaluator(model.network(), engine::predict)
          .evaluate(test, IntStream.range(0, test.size()).toArray(), shards, rank, tasks);
    }
  }

  /**
   * The engine that trained the model, with its parameters, for batches of up to {@link
   * BatchPredictor#BATCH}.
   */
  public static Engine openForPrediction(TrainedModel model) {
    return SelectedEngine.of(engine(model.description()), model.network())
        .factory()
        .open(
            model.network(),
            0,
            FloatVector.of(model.parameters()),
            FloatVector.allocate(model.parameters().length),
            BatchPredictor.BATCH);
  }

  private static EngineChoice engine(Optional<ModelDescription> description) {
    String trained = description.map(about -> about.created().path("engine").asText()).orElse("");
    return Arrays.stream(EngineChoice.values())
        .filter(choice -> choice.word().equals(trained))
        .findFirst()
        .orElse(EngineChoice.AUTO);
  }

  private static Metrics sum(int classes, int shards, List<Tuple2<Integer, byte[]>> encoded) {
    Tally[] tallies = new Tally[shards];
    for (Tuple2<Integer, byte[]> each : encoded) {
      tallies[each._1()] = Tally.decode(ByteBuffer.wrap(each._2()), classes);
    }
    Tally sum = new Tally(classes);
    Arrays.stream(tallies).map(Objects::requireNonNull).forEach(sum::add);
    return sum.metrics();
  }

  /**
   * All metrics as one flat object: {@code test.accuracy}, {@code test.recall.macro} and so on.
   *
   * @param parts metrics by the name of the examples they were taken on, in order
   */
  public static ObjectNode toJson(Map<String, Metrics> parts) {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    parts.forEach(
        (part, metrics) ->
            metrics
                .toJson()
                .fields()
                .forEachRemaining(
                    field -> json.set(part + "." + field.getKey(), field.getValue())));
    return json;
  }
}
