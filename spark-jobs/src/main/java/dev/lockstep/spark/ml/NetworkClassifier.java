package dev.lockstep.spark.ml;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.lockstep.config.Configuration;
import dev.lockstep.coordinator.Averaging;
import dev.lockstep.coordinator.TrainingPlan;
import dev.lockstep.coordinator.TrainingResult;
import dev.lockstep.spark.gang.Admission;
import dev.lockstep.spark.gang.Gang;
import dev.lockstep.spark.gang.Preflight;
import dev.lockstep.spark.gang.SelectedEngine;
import dev.lockstep.spark.gang.Slots;
import dev.lockstep.spark.gang.Training;
import dev.lockstep.spark.job.ModelFile;
import dev.lockstep.spark.job.TrainingJob;
import dev.lockstep.yaml.ConfigurationException;
import dev.lockstep.yaml.Section;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.ml.classification.ProbabilisticClassifier;
import org.apache.spark.ml.linalg.Vector;
import org.apache.spark.ml.param.IntArrayParam;
import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.LongParam;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.param.ParamValidators;
import org.apache.spark.ml.util.DefaultParamsReader;
import org.apache.spark.ml.util.DefaultParamsWritable;
import org.apache.spark.ml.util.Identifiable$;
import org.apache.spark.ml.util.MLReader;
import org.apache.spark.sql.Dataset;

/**
 * Trains a network on a data frame, as a stage of Spark ML's pipelines:
 *
 * <pre>{@code
 * NetworkClassifier classifier = new NetworkClassifier()
 *     .setNetwork("{layers: [{dense: {units: 10, activation: softmax}}], loss: categorical_crossentropy}")
 *     .setOptimizer("{name: adam, learningRate: 0.01}")
 *     .setEpochs(5);
 * NetworkClassificationModel model = classifier.fit(frame);
 * }</pre>
 *
 * <p>Features are a column of vectors, labels whole numbers from 0. {@code fit} collects the rows
 * on the driver, and each executor holds a copy: the frame must fit into the memory of both, and
 * into {@code spark.driver.maxResultSize}. Rows keep the order in which Spark collects them; a
 * frame that comes in another order gives another model.
 *
 * <p>{@code fit} may be called by several threads at once, as {@code CrossValidator} with {@code
 * parallelism} does: trainings run beside one another as far as there are slots for all of their
 * workers, the others wait. Otherwise as thread-safe as any of Spark's estimators: a param must not
 * be set while another thread reads it.
 *
 * <p>Mistakes in params and data are {@link ConfigurationException}s.
 */
public final class NetworkClassifier
    extends ProbabilisticClassifier<Vector, NetworkClassifier, NetworkClassificationModel>
    implements DefaultParamsWritable {
  private static final long serialVersionUID = 1L;

  private final String uid;

  private final Param<String> network =
      new Param<>(
          this,
          "network",
          "a shipped network, the path of a .yaml or .json file, or a definition in place: {layers: ..., loss: ...}");
  private final Param<String> optimizer =
      new Param<>(
          this,
          "optimizer",
          "Keras' name of an optimizer, or a mapping: {name: adam, learningRate: 0.01}");
  private final Param<String> averaging =
      new Param<>(
          this,
          "averaging",
          "gradients, or a mapping: {mode: parameters, interval: 20, outer: adam}");
  private final Param<String> earlyStopping =
      new Param<>(
          this,
          "earlyStopping",
          "when to end before the last epoch, a mapping: {monitor: validation.loss, patience: 2}");
  private final IntParam epochs =
      new IntParam(this, "epochs", "passes over the training rows", ParamValidators.gtEq(1));
  private final IntParam batchSize =
      new IntParam(this, "batchSize", "rows of one optimizer step", ParamValidators.gtEq(1));
  private final IntParam workers =
      new IntParam(
          this,
          "workers",
          "how many workers train; unless set, as many as there are slots",
          ParamValidators.gtEq(1));
  private final LongParam seed =
      new LongParam(this, "seed", "what every random draw comes from", ParamValidators.gtEq(0));
  private final IntArrayParam inputShape =
      new IntArrayParam(
          this,
          "inputShape",
          "[height, width] or [height, width, channels] (channel last) of the image that a vector is");
  private final Param<String> weightCol =
      new Param<>(
          this,
          "weightCol",
          "a column of numbers, how much a row counts in the loss; all rows count the same unless set");
  private final Param<String> validationIndicatorCol =
      new Param<>(
          this,
          "validationIndicatorCol",
          "a boolean column, true for rows that validate and are not learned from");

  /** An estimator whose network is not set yet. */
  public NetworkClassifier() {
    this(Identifiable$.MODULE$.randomUID("NetworkClassifier"));
  }

  /** An estimator that is called {@code uid}, as Spark's reader makes it. */
  public NetworkClassifier(String uid) {
    this(HandedUid.of(uid));
  }

  private NetworkClassifier(HandedUid handed) {
    this.uid = handed.taken();
    setDefault(optimizer, Configuration.DEFAULT_OPTIMIZER.name());
    setDefault(averaging, new Averaging.Gradients().mode());
    setDefault(epochs, Configuration.DEFAULT_EPOCHS);
    setDefault(batchSize, Configuration.DEFAULT_BATCH_SIZE);
    setDefault(seed, Configuration.DEFAULT_SEED);
  }

  @Override
  public String uid() {
    return uid == null ? HandedUid.underWay() : uid;
  }

  /** The network, as the key {@code network} of a configuration has it: a name, a path or YAML. */
  public Param<String> network() {
    return network;
  }

  /** The optimizer, as {@code training.optimizer} of a configuration: a name or a YAML mapping. */
  public Param<String> optimizer() {
    return optimizer;
  }

  /** What is averaged, as {@code training.averaging} of a configuration: a word or a mapping. */
  public Param<String> averaging() {
    return averaging;
  }

  /** When to end early, as {@code training.earlyStopping} of a configuration: a YAML mapping. */
  public Param<String> earlyStopping() {
    return earlyStopping;
  }

  /** Passes over the training rows, at least 1. */
  public IntParam epochs() {
    return epochs;
  }

  /** Rows of one optimizer step, at least 1. */
  public IntParam batchSize() {
    return batchSize;
  }

  /** How many workers train, at least 1. */
  public IntParam workers() {
    return workers;
  }

  /** What every random draw comes from, at least 0. */
  public LongParam seed() {
    return seed;
  }

  /** Height, width and perhaps channels (channel last) of the image that a vector is. */
  public IntArrayParam inputShape() {
    return inputShape;
  }

  /**
   * A column of numbers, at least 0, how much a row counts: a row with weight 2 as if it were there
   * twice, one with 0 not at all, in the loss and its gradient. Only their proportions matter,
   * among rows that are learned from and among those that validate. Batches, batch normalisation,
   * accuracy and the other counts take every row once.
   */
  public Param<String> weightCol() {
    return weightCol;
  }

  /** A boolean column that is true for the rows that validate. */
  public Param<String> validationIndicatorCol() {
    return validationIndicatorCol;
  }

  /** Sets {@link #network}. */
  public NetworkClassifier setNetwork(String value) {
    set(network, value);
    return this;
  }

  /** Sets {@link #optimizer}. */
  public NetworkClassifier setOptimizer(String value) {
    set(optimizer, value);
    return this;
  }

  /** Sets {@link #averaging}. */
  public NetworkClassifier setAveraging(String value) {
    set(averaging, value);
    return this;
  }

  /** Sets {@link #earlyStopping}. */
  public NetworkClassifier setEarlyStopping(String value) {
    set(earlyStopping, value);
    return this;
  }

  /** Sets {@link #epochs}. */
  public NetworkClassifier setEpochs(int value) {
    set(epochs, value);
    return this;
  }

  /** Sets {@link #batchSize}. */
  public NetworkClassifier setBatchSize(int value) {
    set(batchSize, value);
    return this;
  }

  /** Sets {@link #workers}. */
  public NetworkClassifier setWorkers(int value) {
    set(workers, value);
    return this;
  }

  /** Sets {@link #seed}. */
  public NetworkClassifier setSeed(long value) {
    set(seed, value);
    return this;
  }

  /** Sets {@link #inputShape}. */
  public NetworkClassifier setInputShape(int... value) {
    set(inputShape, value);
    return this;
  }

  /** Sets {@link #weightCol}. */
  public NetworkClassifier setWeightCol(String value) {
    set(weightCol, value);
    return this;
  }

  /** Sets {@link #validationIndicatorCol}. */
  public NetworkClassifier setValidationIndicatorCol(String value) {
    set(validationIndicatorCol, value);
    return this;
  }

  @Override
  public NetworkClassifier copy(ParamMap extra) {
    return defaultCopy(extra);
  }

  /** Reads what {@code write} wrote; Spark's pipelines call it by this name. */
  public static MLReader<NetworkClassifier> read() {
    return new DefaultParamsReader<>();
  }

  /** The estimator that was saved in the directory {@code path}. */
  public static NetworkClassifier load(String path) {
    return read().load(path);
  }

  @Override
  public NetworkClassificationModel train(Dataset<?> frame) {
    Preflight.requireNativeLibraries();
    JavaSparkContext spark = JavaSparkContext.fromSparkContext(frame.sparkSession().sparkContext());
    FrameExamples examples = FrameExamples.collect(uid(), frame, columns());
    String yaml = Section.write(tree(examples.learned().length));
    Configuration configuration = FrameTraining.configuration(uid(), yaml, examples);
    if (spark.isLocal()) {
      return train(
          spark, configuration, Training.of(configuration, examples.dataset(), Optional.empty()));
    }
    Broadcast<FrameExamples> shared = spark.broadcast(examples);
    try {
      return train(
          spark,
          configuration,
          Training.of(
              configuration,
              examples.dataset(),
              Optional.of(new FrameTraining(uid(), yaml, shared))));
    } finally {
      shared.destroy();
    }
  }

  private FrameExamples.Columns columns() {
    return new FrameExamples.Columns(
        getFeaturesCol(),
        getLabelCol(),
        text(weightCol),
        text(validationIndicatorCol),
        isSet(inputShape) ? requireShape(getOrDefault(inputShape)) : new int[0]);
  }

  private int[] requireShape(int[] sizes) {
    boolean positive = true;
    for (int size : sizes) {
      positive &= size > 0;
    }
    if (!positive || sizes.length < 2 || sizes.length > 3) {
      throw new ConfigurationException(
          "%s: inputShape is %s but must be [height, width] or [height, width, channels], each at least 1"
              .formatted(uid(), java.util.Arrays.toString(sizes)));
    }
    return sizes;
  }

  private Optional<String> text(Param<String> param) {
    return isDefined(param)
        ? Optional.of(getOrDefault(param)).filter(text -> !text.isBlank())
        : Optional.empty();
  }

  /**
   * The params as a configuration has them.
   *
   * @param rows that are learned from
   */
  private ObjectNode tree(int rows) {
    ObjectNode tree = JsonNodeFactory.instance.objectNode();
    tree.put("seed", (Long) getOrDefault(seed));
    text(network).ifPresent(value -> tree.set("network", value(network, value)));
    ObjectNode training = tree.putObject("training");
    training.put("epochs", (Integer) getOrDefault(epochs));
    training.put("batchSize", (Integer) getOrDefault(batchSize));
    int shards = Math.max(1, Math.min(TrainingPlan.DEFAULT_SHARDS, rows));
    training.put("shards", shards);
    if (isDefined(workers)) {
      int asked = (Integer) getOrDefault(workers);
      if (asked > shards) {
        throw new ConfigurationException(
            "%s: workers is %d but the rows that are learned from, %d, are dealt to at most %d"
                .formatted(uid(), asked, rows, shards));
      }
      training.put("workers", asked);
    }
    text(optimizer).ifPresent(value -> training.set("optimizer", value(optimizer, value)));
    text(averaging).ifPresent(value -> training.set("averaging", value(averaging, value)));
    text(earlyStopping)
        .ifPresent(value -> training.set("earlyStopping", value(earlyStopping, value)));
    return tree;
  }

  /** A mapping, or a word or path. */
  private JsonNode value(Param<String> param, String text) {
    boolean mapping = text.strip().startsWith("{") || text.contains(": ") || text.contains("\n");
    return mapping
        ? Section.tree("%s: %s".formatted(uid(), param.name()), text)
        : TextNode.valueOf(text);
  }

  private NetworkClassificationModel train(
      JavaSparkContext spark, Configuration configuration, Training training) {
    int gangSize = check(spark, configuration, training);
    try (Admission.Pass pass = Admission.HERE.enter(gangSize, () -> Slots.of(spark))) {
      TrainingResult result = Gang.of(training, gangSize).run(spark);
      return new NetworkClassificationModel(
          uid(),
          ModelFile.of(
              uid(),
              TrainingJob.archive(
                  configuration,
                  training.network(),
                  SelectedEngine.of(configuration.engine(), training.network()),
                  gangSize,
                  result,
                  "")));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CancellationException("interrupted");
    }
  }

  /** How many workers train; says in one message all that would fail later. */
  private int check(JavaSparkContext spark, Configuration configuration, Training training) {
    int examples = training.data().split().training().length;
    if (spark.isLocal()) {
      int slots = Slots.of(spark);
      int all = Math.min(slots, configuration.plan().shards());
      int asked = configuration.workers().orElse(all);
      if (asked > slots) {
        throw new ConfigurationException(
            "%s: workers is %d but only %d tasks can run at once, and the workers wait for one another; give the master more cores or set at most %d"
                .formatted(uid(), asked, slots, slots));
      }
      Preflight.check(configuration.plan(), training.network(), examples, asked, slots);
      return asked;
    }
    int asked =
        Slots.workers(
            spark.getConf(),
            uid() + ": workers",
            configuration.workers(),
            configuration.plan().shards());
    Preflight.checkDriver(configuration.plan(), training.network(), examples, asked);
    return asked;
  }
}
