package dev.lockstep.spark.dl4j;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lockstep.config.Configuration;
import dev.lockstep.coordinator.Averaging;
import dev.lockstep.coordinator.CheckpointSchedule;
import dev.lockstep.coordinator.Position;
import dev.lockstep.coordinator.TrainingPlan;
import dev.lockstep.coordinator.TrainingResult;
import dev.lockstep.coordinator.TrainingState;
import dev.lockstep.engine.ExampleArrays;
import dev.lockstep.metrics.History;
import dev.lockstep.network.Network;
import dev.lockstep.random.CounterRandom;
import dev.lockstep.spark.gang.Admission;
import dev.lockstep.spark.gang.Gang;
import dev.lockstep.spark.gang.Preflight;
import dev.lockstep.spark.gang.Slots;
import dev.lockstep.spark.gang.Training;
import dev.lockstep.yaml.ConfigurationException;
import dev.lockstep.yaml.Section;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.apache.spark.SparkContext;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.deeplearning4j.core.loader.DataSetLoader;
import org.deeplearning4j.core.loader.MultiDataSetLoader;
import org.deeplearning4j.core.storage.StatsStorageRouter;
import org.deeplearning4j.core.storage.listener.RoutingIterationListener;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.deeplearning4j.spark.api.TrainingHook;
import org.deeplearning4j.spark.api.TrainingMaster;
import org.deeplearning4j.spark.api.TrainingWorker;
import org.deeplearning4j.spark.api.stats.SparkTrainingStats;
import org.deeplearning4j.spark.impl.graph.SparkComputationGraph;
import org.deeplearning4j.spark.impl.multilayer.SparkDl4jMultiLayer;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Trains DL4J's networks on Spark in lockstep, in the place of its {@code
 * ParameterAveragingTrainingMaster}:
 *
 * <pre>{@code
 * new SparkDl4jMultiLayer(spark, configuration,
 *         new LockstepTrainingMaster.Builder(workers, 1).batchSizePerWorker(32).build())
 *     .fit(dataSets);
 * }</pre>
 *
 * <p>{@code fit} is one pass over the RDD's examples, in batches that are drawn from the seed and
 * the number of passes before. The network's own updater makes the steps (Sgd, Nesterovs, RmsProp
 * or Adam, one for all parameters, with constant settings), with its L1 and L2, and goes on in the
 * next pass from the state that it had. Gradients are averaged at every step, or with {@link
 * Builder#averagingFrequency} parameters and updater state. Listeners are told of the network after
 * each pass, on the driver; the input, activations and gradient that they find are those of a batch
 * of the RDD's first examples.
 *
 * <p>The RDD is collected on the driver and broadcast. Masks, {@code ComputationGraph}, truncated
 * backpropagation, gradient normalisation, constraints and weight noise are refused with a {@link
 * ConfigurationException}.
 *
 * <p>Not thread-safe, as DL4J's.
 */
public final class LockstepTrainingMaster
    implements TrainingMaster<
        org.deeplearning4j.spark.api.TrainingResult,
        TrainingWorker<org.deeplearning4j.spark.api.TrainingResult>> {
  private static final Logger LOG = LoggerFactory.getLogger(LockstepTrainingMaster.class);
  private static final String NAME = "LockstepTrainingMaster";

  /** What the order of a pass is keyed by: the letters "pass". */
  private static final long PASS = 0x70617373;

  private final OptionalInt workers;
  private final int rddDataSetNumExamples;
  private final int batchSizePerWorker;
  private final OptionalInt averagingFrequency;
  private final long rngSeed;
  private final FitStatistics statistics = new FitStatistics();
  private boolean collectTrainingStats;
  private boolean toldOfFewerWorkers;
  private List<TrainingListener> listeners = List.of();

  private LockstepTrainingMaster(Builder builder) {
    this.workers = builder.workers;
    this.rddDataSetNumExamples = builder.rddDataSetNumExamples;
    this.batchSizePerWorker = builder.batchSizePerWorker;
    this.averagingFrequency = builder.averagingFrequency;
    this.rngSeed = builder.rngSeed;
    this.collectTrainingStats = builder.collectTrainingStats;
  }

  /** Settings, with the names that DL4J's builder has. Not thread-safe. */
  public static final class Builder {
    private static final int DEFAULT_BATCH_SIZE = 16;

    private final OptionalInt workers;
    private final int rddDataSetNumExamples;
    private int batchSizePerWorker = DEFAULT_BATCH_SIZE;
    private OptionalInt averagingFrequency = OptionalInt.empty();
    private long rngSeed = Configuration.DEFAULT_SEED;
    private boolean collectTrainingStats;

    /**
     * With as many workers as there are slots; on a cluster, as many as the application asks for,
     * and they must be given where allocation is dynamic.
     *
     * @param rddDataSetNumExamples how many examples each data set of the RDD has. DL4J needs to
     *     know; here they are counted, and it is only kept
     */
    public Builder(int rddDataSetNumExamples) {
      this(null, rddDataSetNumExamples);
    }

    /**
     * With {@code numWorkers} workers, or as many of them as have examples, and in one JVM as can
     * run at once: of gradients, a batch has {@code numWorkers} times {@link #batchSizePerWorker}
     * examples all the same.
     *
     * @param numWorkers at least 1; null as the other
     * @param rddDataSetNumExamples as the other
     */
    public Builder(Integer numWorkers, int rddDataSetNumExamples) {
      this.workers =
          numWorkers == null
              ? OptionalInt.empty()
              : OptionalInt.of(requirePositive("numWorkers", numWorkers));
      this.rddDataSetNumExamples = requirePositive("rddDataSetNumExamples", rddDataSetNumExamples);
    }

    /** Examples of a worker's part of a batch, at least 1; 16 unless told, as DL4J's. */
    public Builder batchSizePerWorker(int examples) {
      this.batchSizePerWorker = requirePositive("batchSizePerWorker", examples);
      return this;
    }

    /**
     * Averages parameters and updater state after so many steps of each worker by itself, at least
     * 1, in place of gradients at every step.
     */
    public Builder averagingFrequency(int steps) {
      this.averagingFrequency = OptionalInt.of(requirePositive("averagingFrequency", steps));
      return this;
    }

    /** What batches and dropout are drawn from. */
    public Builder rngSeed(long seed) {
      this.rngSeed = seed;
      return this;
    }

    /** Whether {@link LockstepTrainingMaster#getTrainingStats} has something to tell. */
    public Builder collectTrainingStats(boolean collect) {
      this.collectTrainingStats = collect;
      return this;
    }

    /** For programs that say so; here no worker waits for batches that could be fetched before. */
    public Builder workerPrefetchNumBatches(int batches) {
      return this;
    }

    /** For programs that say so; here nothing is aggregated by Spark. */
    public Builder aggregationDepth(int depth) {
      return this;
    }

    /**
     * For programs that say so: the updater's state is always kept.
     *
     * @throws ConfigurationException if it shall not be
     */
    public Builder saveUpdater(boolean save) {
      if (!save) {
        throw new ConfigurationException(
            "%s: saveUpdater is false, but the updater's state is always kept; leave it out"
                .formatted(NAME));
      }
      return this;
    }

    /** The training master. */
    public LockstepTrainingMaster build() {
      return new LockstepTrainingMaster(this);
    }

    private static int requirePositive(String name, int value) {
      if (value < 1) {
        throw new ConfigurationException(
            "%s: %s is %d but must be > 0".formatted(NAME, name, value));
      }
      return value;
    }
  }

  @Override
  public void executeTraining(SparkDl4jMultiLayer program, JavaRDD<DataSet> dataSets) {
    Preflight.requireNativeLibraries();
    JavaSparkContext spark = program.getSparkContext();
    MultiLayerNetwork model = program.getNetwork();
    Network network = Network.ofArrays(NAME, model.getLayerWiseConfigurations().toJson());
    Updater updater = Updater.of(model, network);
    ExampleArrays examples =
        statistics.time(FitStatistics.COLLECT, () -> CollectedDataSets.collect(dataSets));
    int gangSize = gangSize(spark, examples.size());
    ArrayTraining.Pass pass = pass(model, updater, examples.size(), gangSize);

    listeners.forEach(listener -> listener.onEpochStart(model));
    double score =
        statistics.time(
            FitStatistics.TRAIN, () -> train(spark, network, updater, examples, gangSize, pass));
    program.setScore(score);
    model.setScore(score);
    if (!listeners.isEmpty()) {
      tellListeners(model, examples, pass.batchSize());
    }
  }

  /**
   * DL4J's listeners look at the input, the activations and the gradient of a batch, and so the
   * model computes those of the first examples; its parameters and its updater stay as they are.
   */
  private void tellListeners(MultiLayerNetwork model, ExampleArrays examples, int batchSize) {
    int[] batch = IntStream.range(0, Math.min(batchSize, examples.size())).toArray();
    List<TrainingListener> own = List.copyOf(model.getListeners());
    org.deeplearning4j.nn.api.Updater updater = model.getUpdater();
    double score = model.score();
    model.setListeners(listeners);
    try {
      model.setInput(examples.features(batch));
      model.setLabels(examples.labels(batch));
      model.computeGradientAndScore();
      model.setScore(score);
      listeners.forEach(listener -> listener.onGradientCalculation(model));
      for (TrainingListener listener : listeners) {
        listener.iterationDone(model, model.getIterationCount(), model.getEpochCount());
      }
    } finally {
      model.clear(); // and with its batch it forgets its updater
      model.setUpdater(updater);
      model.setListeners(own);
    }
    listeners.forEach(listener -> listener.onEpochEnd(model));
  }

  private int gangSize(JavaSparkContext spark, int examples) {
    int most = shards(examples);
    if (!spark.isLocal()) {
      return atMost(most, Slots.workers(spark.getConf(), NAME + ": numWorkers", workers, most));
    }
    int here = Math.min(Slots.of(spark), most);
    return atMost(here, workers.orElse(here));
  }

  /** DL4J's workers wait for one another to end; those of a gang must run at once. */
  private int atMost(int most, int asked) {
    if (asked > most && !toldOfFewerWorkers) {
      LOG.warn(
          "{}: numWorkers is {} but {} train, for no more can run at once or have examples; batches stay as large as they were",
          NAME,
          asked,
          most);
      toldOfFewerWorkers = true;
    }
    return Math.min(asked, most);
  }

  private static int shards(int examples) {
    return Math.min(TrainingPlan.DEFAULT_SHARDS, examples);
  }

  private ArrayTraining.Pass pass(
      MultiLayerNetwork model, Updater updater, int examples, int gangSize) {
    Averaging averaging =
        averagingFrequency.isPresent()
            ? new Averaging.Parameters(averagingFrequency.getAsInt(), Optional.empty())
            : new Averaging.Gradients();
    return ArrayTraining.Pass.of(
        CounterRandom.key(rngSeed, PASS, model.getEpochCount()),
        averagingFrequency.isPresent()
            ? batchSizePerWorker
            : Math.multiplyExact(batchSizePerWorker, workers.orElse(gangSize)),
        shards(examples),
        updater.optimizer(),
        averaging);
  }

  /** The loss of the pass, with L1 and L2; {@code updater}'s model has then been trained. */
  private static double train(
      JavaSparkContext spark,
      Network network,
      Updater updater,
      ExampleArrays examples,
      int gangSize,
      ArrayTraining.Pass pass) {
    if (spark.isLocal()) {
      Training training =
          ArrayTraining.training(
              network, pass, parameters(updater.model()), examples, Optional.empty());
      Preflight.check(training.plan(), network, examples.size(), gangSize, Slots.of(spark));
      return train(spark, training, updater, gangSize);
    }
    Broadcast<ExampleArrays> shared = spark.broadcast(examples);
    try {
      String json = updater.model().getLayerWiseConfigurations().toJson();
      Training training =
          ArrayTraining.training(
              network,
              pass,
              parameters(updater.model()),
              examples,
              Optional.of(new ArrayTraining(json, pass, shared)));
      Preflight.checkDriver(training.plan(), network, examples.size(), gangSize);
      return train(spark, training, updater, gangSize);
    } finally {
      shared.destroy();
    }
  }

  private static float[] parameters(MultiLayerNetwork model) {
    float[] parameters = new float[Math.toIntExact(model.numParams())];
    model.params().dup('c').data().asNioFloat().get(parameters);
    return parameters;
  }

  private static double train(
      JavaSparkContext spark, Training training, Updater updater, int gangSize) {
    MultiLayerNetwork model = updater.model();
    AtomicReference<TrainingState> last = new AtomicReference<>();
    try (Admission.Pass pass = Admission.HERE.enter(gangSize, () -> Slots.of(spark))) {
      Gang gang = Gang.startingFrom(start(training, updater), training, gangSize);
      gang.checkpoint(new CheckpointSchedule(1, 0, 1), Runnable::run, last::set);
      TrainingResult result = gang.run(spark);
      model.setParams(Nd4j.createFromArray(result.parameters()).reshape(1, -1));
      updater.restore(last.get().optimizer());
      model
          .getLayerWiseConfigurations()
          .setIterationCount(Math.toIntExact(last.get().position().step()));
      return result.history().epochs().get(0).trainingLoss();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CancellationException("interrupted");
    }
  }

  /** Where the passes before have led. */
  private static TrainingState start(Training training, Updater updater) {
    long steps = updater.model().getIterationCount();
    Position position = new Position(0, 0, steps, 0, 0, 0, 0, 0, 0, 0, false, History.EMPTY);
    TrainingState start = TrainingState.zeros(training.plan(), training.network(), position);
    System.arraycopy(
        training.initialParameters(), 0, start.parameters(), 0, start.parameters().length);
    updater.save(start.optimizer());
    return start;
  }

  /** The settings as JSON, which {@link #fromJson} reads. */
  @Override
  public String toJson() {
    return tree().toString();
  }

  /** The settings as YAML, which {@link #fromYaml} reads. */
  @Override
  public String toYaml() {
    return Section.write(tree());
  }

  private ObjectNode tree() {
    ObjectNode tree = JsonNodeFactory.instance.objectNode();
    workers.ifPresent(count -> tree.put("numWorkers", count));
    tree.put("rddDataSetNumExamples", rddDataSetNumExamples);
    tree.put("batchSizePerWorker", batchSizePerWorker);
    averagingFrequency.ifPresent(steps -> tree.put("averagingFrequency", steps));
    tree.put("rngSeed", rngSeed);
    tree.put("collectTrainingStats", collectTrainingStats);
    return tree;
  }

  /**
   * The training master that {@link #toJson} wrote.
   *
   * @throws ConfigurationException if a key is unknown or a value cannot be used
   */
  public static LockstepTrainingMaster fromJson(String json) {
    return fromYaml(json);
  }

  /**
   * The training master that {@link #toYaml} wrote.
   *
   * @throws ConfigurationException if a key is unknown or a value cannot be used
   */
  public static LockstepTrainingMaster fromYaml(String yaml) {
    Section section = Section.parse(NAME, yaml);
    Builder builder =
        new Builder(
            section.has("numWorkers") ? section.whole("numWorkers", 1) : null,
            section.whole("rddDataSetNumExamples", 1, 1));
    builder.batchSizePerWorker(section.whole("batchSizePerWorker", Builder.DEFAULT_BATCH_SIZE, 1));
    if (section.has("averagingFrequency")) {
      builder.averagingFrequency(section.whole("averagingFrequency", 1));
    }
    builder.rngSeed(
        section.whole("rngSeed", Configuration.DEFAULT_SEED, Long.MIN_VALUE, Long.MAX_VALUE));
    builder.collectTrainingStats(section.flag("collectTrainingStats", false));
    section.done();
    return builder.build();
  }

  /** The listeners from now on; none if {@code told} is null, as in DL4J. */
  @Override
  public void setListeners(Collection<TrainingListener> told) {
    listeners = told == null ? List.of() : List.copyOf(told);
  }

  /**
   * As the other.
   *
   * @param router where those that route send what they find; null if each is to keep its own
   */
  @Override
  public void setListeners(StatsStorageRouter router, Collection<TrainingListener> told) {
    setListeners(told);
    if (router != null) {
      for (TrainingListener listener : listeners) {
        if (listener instanceof RoutingIterationListener routing) {
          routing.setStorageRouter(router);
        }
      }
    }
  }

  @Override
  public void setCollectTrainingStats(boolean collect) {
    collectTrainingStats = collect;
  }

  @Override
  public boolean getIsCollectTrainingStats() {
    return collectTrainingStats;
  }

  /** How long collecting and training took, pass by pass; null unless it is collected. */
  @Override
  public SparkTrainingStats getTrainingStats() {
    return collectTrainingStats ? statistics : null;
  }

  /** There are none. */
  @Override
  public boolean deleteTempFiles(JavaSparkContext spark) {
    return true;
  }

  /** There are none. */
  @Override
  public boolean deleteTempFiles(SparkContext spark) {
    return true;
  }

  @Override
  public void addHook(TrainingHook hook) {
    throw refused("hooks of DL4J's workers have no place in the gang; use a listener");
  }

  @Override
  public void removeHook(TrainingHook hook) {
    throw refused("there are no hooks");
  }

  @Override
  public TrainingWorker<org.deeplearning4j.spark.api.TrainingResult> getWorkerInstance(
      SparkDl4jMultiLayer program) {
    throw refused("its workers are a gang, of which no single one can be had");
  }

  @Override
  public TrainingWorker<org.deeplearning4j.spark.api.TrainingResult> getWorkerInstance(
      SparkComputationGraph program) {
    throw graph();
  }

  @Override
  public void executeTrainingPaths(
      SparkDl4jMultiLayer program,
      SparkComputationGraph graph,
      JavaRDD<String> paths,
      DataSetLoader loader,
      MultiDataSetLoader multiLoader) {
    throw refused(
        "fitPaths is not known; load the data sets in the RDD, paths.map(...), and fit that");
  }

  @Override
  public void executeTraining(SparkComputationGraph program, JavaRDD<DataSet> dataSets) {
    throw graph();
  }

  @Override
  public void executeTrainingMDS(SparkComputationGraph program, JavaRDD<MultiDataSet> dataSets) {
    throw graph();
  }

  private static ConfigurationException graph() {
    return refused("a ComputationGraph cannot be trained; it trains MultiLayerNetwork");
  }

  private static ConfigurationException refused(String reason) {
    return new ConfigurationException(NAME + ": " + reason);
  }
}
