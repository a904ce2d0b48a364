package dev.lockstep.config;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.lockstep.coordinator.Averaging;
import dev.lockstep.coordinator.CheckpointSchedule;
import dev.lockstep.coordinator.EarlyStopping;
import dev.lockstep.coordinator.TrainingPlan;
import dev.lockstep.data.Augmentation;
import dev.lockstep.data.MnistRelative;
import dev.lockstep.data.Shape;
import dev.lockstep.network.Network;
import dev.lockstep.optimizer.Optimizer;
import dev.lockstep.optimizer.RmsProp;
import dev.lockstep.split.HoldOut;
import dev.lockstep.split.Validation;
import dev.lockstep.yaml.ConfigurationException;
import dev.lockstep.yaml.Section;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Stream;

/**
 * What is trained on what, and how. Defaults are those of Keras' {@code compile} and {@code fit}.
 *
 * @param name what runs are called; the file's name without its extension unless the file says
 * @param dataset what the key {@code dataset} says, a text or a mapping; the data sources know its
 *     meaning
 * @param network the layers and the loss
 * @param engine what computes gradients
 * @param validation which training examples are held out, or which fold validates
 * @param plan how the network is trained; it has the seed
 * @param workers how many workers, at least 1; if empty, as many as there are free slots
 * @param workerLoss what becomes of the run when one is lost
 * @param checkpoints when the training's state is kept; if empty, never
 */
public record Configuration(
    String name,
    JsonNode dataset,
    NetworkChoice network,
    EngineChoice engine,
    Validation validation,
    TrainingPlan plan,
    OptionalInt workers,
    WorkerLoss workerLoss,
    Optional<CheckpointSchedule> checkpoints) {
  /** The seed unless told otherwise. */
  public static final long DEFAULT_SEED = 1;

  /** So many epochs unless told otherwise. */
  public static final int DEFAULT_EPOCHS = 1;

  /** So many examples in a batch unless told otherwise. */
  public static final int DEFAULT_BATCH_SIZE = 32;

  /** The optimizer unless told otherwise. */
  public static final Optimizer DEFAULT_OPTIMIZER = RmsProp.DEFAULT;

  private static final String DEFAULT_DATASET = "mnist";

  /** The data sets that the key {@code dataset} may name with a word. */
  public static final List<String> DATASET_NAMES =
      Stream.concat(Stream.of(DEFAULT_DATASET), MnistRelative.words().stream()).toList();

  /** What the key {@code dataset} may say, in words. */
  public static final String DATASETS =
      String.join(", ", DATASET_NAMES)
          + ", {idx: <directory>}, {parquet: <path>, ...} or {partitions: <directory>, ...}";

  /**
   * Reads a configuration.
   *
   * @param source what errors call the text: the file's name or path
   * @param yaml the file's text
   * @param overrides {@code key=value} settings that go over the file's, such as {@code
   *     training.epochs=1}; the value is YAML, {@code null} removes the key
   * @throws ConfigurationException if a key is unknown or a value cannot be used
   */
  public static Configuration read(String source, String yaml, List<String> overrides) {
    return read(source, yaml, overrides, Optional.empty());
  }

  /**
   * Reads a configuration as {@link #read(String, String, List)} does.
   *
   * @param validation if given, takes the place of what the text says
   */
  public static Configuration read(
      String source, String yaml, List<String> overrides, Optional<Validation> validation) {
    ObjectNode tree = Section.tree(source, yaml);
    Overrides.apply(overrides, tree);
    Section section = Section.of(described(source, overrides), tree);
    Section training = section.section("training");
    Validation written = Validation.read(section.section("validation"));
    String name = readName(section, NetworkChoice.fileName(source));
    Configuration configuration =
        new Configuration(
            name,
            readDataset(section),
            NetworkChoice.read(section, name),
            section.choice(
                "engine", EngineChoice.AUTO, List.of(EngineChoice.values()), EngineChoice::word),
            validation.orElse(written),
            readPlan(section.whole("seed", DEFAULT_SEED, 0, Long.MAX_VALUE), training),
            readCount(training, "workers"),
            WorkerLoss.read(training),
            CheckpointSchedule.read(training));
    training.done();
    Retraining.check(section);
    section.done();
    configuration.check(section.where());
    return configuration;
  }

  private static String described(String source, List<String> overrides) {
    return overrides.isEmpty() ? source : source + " with --set " + String.join(", ", overrides);
  }

  private static String readName(Section section, String fileName) {
    String name = section.text("name", fileName);
    if (name.isBlank()) {
      throw section.wrong("name", TextNode.valueOf(name), "a text that is not blank");
    }
    return name;
  }

  private static JsonNode readDataset(Section section) {
    JsonNode value = section.value("dataset");
    if (value.isMissingNode()) {
      return TextNode.valueOf(DEFAULT_DATASET);
    }
    boolean known = value.isTextual() && DATASET_NAMES.contains(value.textValue());
    if (!known && !value.isObject()) {
      throw section.wrong("dataset", value, DATASETS, DATASET_NAMES);
    }
    return value;
  }

  private static TrainingPlan readPlan(long seed, Section training) {
    int epochs = training.whole("epochs", DEFAULT_EPOCHS, 1);
    int batchSize = training.whole("batchSize", DEFAULT_BATCH_SIZE, 1);
    int shards = training.whole("shards", TrainingPlan.DEFAULT_SHARDS, 1);
    Optimizer optimizer = Optimizer.read(training, "optimizer").orElse(DEFAULT_OPTIMIZER);
    Averaging averaging = Averaging.read(training);
    Augmentation augmentation = Augmentation.read(training.section("augmentation"));
    OptionalInt microBatches = readCount(training, "microBatches");
    Optional<EarlyStopping> earlyStopping =
        training.has("earlyStopping")
            ? Optional.of(EarlyStopping.read(training.section("earlyStopping")))
            : Optional.empty();
    try {
      return new TrainingPlan(
          seed,
          epochs,
          batchSize,
          shards,
          optimizer,
          averaging,
          augmentation,
          microBatches,
          earlyStopping);
    } catch (IllegalArgumentException e) {
      throw new ConfigurationException(training.where() + ": " + e.getMessage(), e);
    }
  }

  private static OptionalInt readCount(Section training, String key) {
    return training.has(key) ? OptionalInt.of(training.whole(key, 1)) : OptionalInt.empty();
  }

  /** What no key alone can tell. */
  private void check(String where) {
    if (validation instanceof HoldOut holdOut
        && !holdOut.validates()
        && holdOut.select() != HoldOut.Select.FIRST) {
      throw new ConfigurationException(
          "%s: validation.select is '%s' but nothing is held out; say how many with examples or fraction"
              .formatted(where, holdOut.select().word()));
    }
    plan.earlyStopping()
        .filter(stopping -> !validation.validates())
        .ifPresent(
            stopping -> {
              throw new ConfigurationException(
                  "%s: training.earlyStopping watches %s but nothing is held out for validation; add validation: {fraction: 0.1}, or leave earlyStopping out"
                      .formatted(where, stopping.monitor().key()));
            });
    workers.ifPresent(
        count -> {
          if (plan.microBatches().isPresent() && count > plan.microBatches().getAsInt()) {
            throw new ConfigurationException(
                "%s: training.workers is %d but training.microBatches is %d, and every worker needs a micro-batch; ask for at most %d workers"
                    .formatted(
                        where,
                        count,
                        plan.microBatches().getAsInt(),
                        plan.microBatches().getAsInt()));
          }
          if (count > plan.shards()) {
            throw new ConfigurationException(
                "%s: training.workers is %d but there are only %d shards to deal to them; ask for at most %d workers, or set training.shards to at least %d"
                    .formatted(where, count, plan.shards(), plan.shards(), count));
          }
        });
  }

  /** The same training with other workers and checkpoints, which do not change its result. */
  public Configuration placed(
      OptionalInt otherWorkers, WorkerLoss loss, Optional<CheckpointSchedule> schedule) {
    return new Configuration(
        name, dataset, network, engine, validation, plan, otherWorkers, loss, schedule);
  }

  /** The same training on another data set, named as the key {@code dataset} does. */
  public Configuration on(JsonNode otherDataset) {
    return new Configuration(
        name, otherDataset, network, engine, validation, plan, workers, workerLoss, checkpoints);
  }

  /**
   * Where {@code other} says something else that changes what training gives: a line a key, {@code
   * training.epochs: 5 in the run, 7 now}. Names, workers, what becomes of a lost one, and
   * checkpoints do not count.
   *
   * @param here what the lines call this configuration: {@code in the run}
   * @param there what they call {@code other}: {@code now}
   */
  public List<String> differences(String here, Configuration other, String there) {
    return new Differences(here, there).between(deciding(), other.deciding());
  }

  /**
   * What decides what training gives: equal ones train the same model, but for the number of
   * workers, which changes rounding, and with batch normalisation and no micro-batches more than
   * that.
   */
  public ObjectNode deciding() {
    ObjectNode tree = resolved();
    tree.remove("name");
    ((ObjectNode) tree.get("training"))
        .remove(
            List.of(
                "workers",
                "onWorkerLoss",
                "workerTimeout",
                "replacementTimeout",
                "stepTimeout",
                "checkpoints"));
    return tree;
  }

  /** What every random draw comes from. */
  public long seed() {
    return plan.seed();
  }

  /**
   * The network for examples of shape {@code input} in {@code classes} classes.
   *
   * @throws ConfigurationException if it does not fit them, or augmentation does not
   */
  public Network network(Shape input, int classes) {
    if (plan.augmentation().changesImages() && input.isVector()) {
      throw new ConfigurationException(
          "%s: training.augmentation moves images, but an example of the data set is a vector of %d numbers; leave augmentation out, or say with dataset.shape, such as [28, 28], what image the numbers are"
              .formatted(name, input.width()));
    }
    return network.build(input, classes);
  }

  /**
   * The whole configuration with every default written out and the network's definition in place.
   * {@link #read} makes an equal configuration of it.
   */
  public ObjectNode resolved() {
    ObjectNode tree = JsonNodeFactory.instance.objectNode();
    tree.put("name", name);
    tree.put("seed", plan.seed());
    tree.set("dataset", dataset.deepCopy());
    tree.set("network", network.tree());
    tree.put("engine", engine.word());
    tree.set("validation", Section.tree(validation));
    tree.set("training", training());
    return tree;
  }

  private ObjectNode training() {
    ObjectNode tree = JsonNodeFactory.instance.objectNode();
    tree.put("epochs", plan.epochs());
    tree.put("batchSize", plan.batchSize());
    tree.put("shards", plan.shards());
    workers.ifPresent(count -> tree.put("workers", count));
    plan.microBatches().ifPresent(count -> tree.put("microBatches", count));
    tree.set("averaging", plan.averaging().tree());
    tree.set("optimizer", plan.optimizer().tree());
    if (plan.augmentation().changesImages()) {
      tree.set("augmentation", Section.tree(plan.augmentation()));
    }
    plan.earlyStopping().ifPresent(stopping -> tree.set("earlyStopping", Section.tree(stopping)));
    workerLoss.write(tree);
    tree.set("checkpoints", CheckpointSchedule.tree(checkpoints));
    return tree;
  }
}
