package dev.lockstep.benchmarks.contender;

import dev.lockstep.benchmarks.contender.Run.Point;
import dev.lockstep.nativelib.NativeLibraries;
import dev.lockstep.spark.dl4j.LockstepTrainingMaster;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.storage.StorageLevel;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.spark.api.RDDTrainingApproach;
import org.deeplearning4j.spark.api.Repartition;
import org.deeplearning4j.spark.api.TrainingMaster;
import org.deeplearning4j.spark.impl.multilayer.SparkDl4jMultiLayer;
import org.deeplearning4j.spark.impl.paramavg.ParameterAveragingTrainingMaster;
import org.nd4j.linalg.dataset.DataSet;

/**
 * A program for DL4J's training on Spark, with DL4J's training master or ours: nothing else
 * differs.
 *
 * @param frequency minibatches of each worker between two averagings of parameters; if empty,
 *     gradients are averaged at every step, which ours alone can
 */
public record Dl4jSpark(JavaSparkContext spark, Master master, OptionalInt frequency, int workers)
    implements Contender {
  /** Also that of the training data, so that DL4J finds them stored as it asks. */
  private static final StorageLevel STORAGE = StorageLevel.MEMORY_AND_DISK();

  /** Whose training master. */
  public enum Master {
    /** {@code ParameterAveragingTrainingMaster}. */
    DL4J,
    /** {@code LockstepTrainingMaster}. */
    LOCKSTEP
  }

  /** With DL4J's own training master. */
  public static Dl4jSpark parameterAveraging(JavaSparkContext spark, int frequency, int workers) {
    return new Dl4jSpark(spark, Master.DL4J, OptionalInt.of(frequency), workers);
  }

  @Override
  public String name() {
    String averaging =
        frequency.isPresent()
            ? "parameter averaging, frequency %d".formatted(frequency.getAsInt())
            : "gradients";
    return "DL4J Spark%s, %s, %d workers"
        .formatted(
            master == Master.DL4J ? "" : " with `LockstepTrainingMaster`", averaging, workers);
  }

  @Override
  public String note() {
    return master == Master.DL4J
        ? "DL4J Spark is `ParameterAveragingTrainingMaster` as it was fastest here: its data are"
            + " minibatches of a worker's part of a batch, in memory on one partition a worker"
            + " before its clock starts; Kryo, `Repartition.Never`, `RDDTrainingApproach.Direct`,"
            + " prefetch of two minibatches."
        : "With `LockstepTrainingMaster` the data are the same; collecting them is within its"
            + " seconds.";
  }

  @Override
  public Run train(Task task) {
    NativeLibraries.load();
    SparkDl4jMultiLayer training =
        new SparkDl4jMultiLayer(spark, Dl4jModel.atTheStart(task), master(task));
    List<Point> curve = new ArrayList<>();
    double seconds = 0;
    long examples = 0;
    for (int epoch = 0; epoch < task.plan().epochs(); epoch++) {
      List<DataSet> parts = Dl4jModel.batches(task, epoch, workers);
      examples += parts.stream().mapToLong(DataSet::numExamples).sum();
      JavaRDD<DataSet> stored = store(parts);
      Dl4jModel.close(parts);
      long started = System.nanoTime();
      MultiLayerNetwork model = training.fit(stored);
      seconds += (System.nanoTime() - started) * 1e-9;
      stored.unpersist();
      curve.add(new Point(seconds, Dl4jModel.validationAccuracy(task, model)));
    }
    double test = Dl4jModel.testAccuracy(task, training.getNetwork());
    return Run.evaluated(examples, curve, test);
  }

  private TrainingMaster<?, ?> master(Task task) {
    int part = task.plan().batchSize() / workers;
    return master == Master.DL4J ? parameterAveraging(part) : lockstep(part);
  }

  private TrainingMaster<?, ?> parameterAveraging(int part) {
    return new ParameterAveragingTrainingMaster.Builder(workers, part)
        .batchSizePerWorker(part)
        .averagingFrequency(frequency.getAsInt())
        .workerPrefetchNumBatches(2)
        .repartionData(Repartition.Never)
        .rddTrainingApproach(RDDTrainingApproach.Direct)
        .storageLevel(STORAGE)
        .build();
  }

  private TrainingMaster<?, ?> lockstep(int part) {
    LockstepTrainingMaster.Builder builder =
        new LockstepTrainingMaster.Builder(workers, part).batchSizePerWorker(part);
    frequency.ifPresent(builder::averagingFrequency);
    return builder.build();
  }

  /**
   * Minibatches in the memory of the executors, cut off from the list they came from, which Spark
   * would otherwise send with every task.
   */
  private JavaRDD<DataSet> store(List<DataSet> parts) {
    JavaRDD<DataSet> stored = spark.parallelize(parts, workers).persist(STORAGE);
    stored.rdd().localCheckpoint();
    stored.count();
    return stored;
  }
}
