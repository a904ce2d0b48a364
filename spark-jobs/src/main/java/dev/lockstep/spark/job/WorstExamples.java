package dev.lockstep.spark.job;

import dev.lockstep.config.Configuration;
import dev.lockstep.config.WorkerLoss;
import dev.lockstep.data.Dataset;
import dev.lockstep.data.Examples;
import dev.lockstep.engine.Engine;
import dev.lockstep.report.ReportFile;
import dev.lockstep.report.WrongExample;
import dev.lockstep.report.WrongExamples;
import dev.lockstep.spark.gang.TaskMemory;
import dev.lockstep.spark.job.TrainingJob.Prepared;
import dev.lockstep.spark.source.DatasetSource;
import dev.lockstep.spark.storage.Location;
import dev.lockstep.worker.BatchPredictor;
import java.io.Serializable;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.IntStream;
import org.apache.spark.api.java.JavaFutureAction;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The search of a trained model's most confidently wrong examples, as a Spark job: the examples are
 * where the workers were, and the driver of a cluster has none.
 *
 * @param test whether the examples are the test examples; otherwise those held out of training
 */
record WorstExamples(Broadcast<ModelFile> model, DatasetSource source, boolean test)
    implements Serializable {
  private static final Logger LOG = LoggerFactory.getLogger(WorstExamples.class);

  /** A report does without them if executors do not come or are slow. */
  private static final Duration TIMEOUT = Duration.ofSeconds(60);

  /**
   * The worst of the first test examples, or of those held out if there are none. A failure is
   * logged and gives none: the training is over and kept.
   *
   * @param run where the model lies
   */
  static List<WrongExample> of(
      JavaSparkContext spark, Location run, Configuration configuration, Prepared prepared) {
    int tested = prepared.dataset().test().size();
    int[] examples =
        tested > 0
            ? IntStream.range(0, tested).toArray()
            : prepared.training().data().split().validation();
    int[] searched =
        Arrays.copyOf(examples, Math.min(examples.length, WrongExamples.MOST_SEARCHED));
    if (searched.length == 0) {
      return List.of();
    }
    Broadcast<ModelFile> model = spark.broadcast(ModelFile.read(run.toString()));
    try {
      return new WorstExamples(model, DatasetSource.of(configuration), tested > 0)
          .search(spark, searched, prepared.workers(), TIMEOUT);
    } finally {
      model.destroy();
    }
  }

  /** The worst of {@code searched}; none if they are not found within {@code timeout}. */
  List<WrongExample> search(JavaSparkContext spark, int[] searched, int workers, Duration timeout) {
    List<int[]> parts = parts(searched, Math.min(workers, searched.length));
    JavaFutureAction<List<String>> found =
        spark
            .parallelize(parts, parts.size())
            .map(
                part ->
                    TaskMemory.guard(
                        "the search for the most confidently wrong examples",
                        () -> ReportFile.writeExamples(in(part))))
            .collectAsync();
    try {
      return WrongExamples.worst(
          get(found, timeout).stream()
              .flatMap(part -> ReportFile.readExamples(part).stream())
              .toList());
    } catch (ExecutionException | TimeoutException e) {
      LOG.warn("the report goes without the most confidently wrong examples: {}", e.toString());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    found.cancel(true);
    return List.of();
  }

  private static <T> T get(Future<T> found, Duration timeout)
      throws ExecutionException, TimeoutException, InterruptedException {
    Duration patience = WorkerLoss.patience(timeout);
    Duration rest = timeout.minus(patience);
    try {
      return found.get(patience.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      LOG.warn(
          "waiting since {} s for executors to find the most confidently wrong examples; the report goes without them in {} s",
          patience.toSeconds(),
          rest.toSeconds());
      return found.get(rest.toMillis(), TimeUnit.MILLISECONDS);
    }
  }

  private static List<int[]> parts(int[] searched, int count) {
    List<int[]> parts = new ArrayList<>();
    for (int part = 0; part < count; part++) {
      int from = (int) ((long) searched.length * part / count);
      int to = (int) ((long) searched.length * (part + 1) / count);
      parts.add(Arrays.copyOfRange(searched, from, to));
    }
    return parts;
  }

  private List<WrongExample> in(int[] searched) {
    Dataset dataset = source.load();
    Examples examples = test ? dataset.test() : dataset.training();
    TrainedModel opened = model.value().open(dataset.shape(), OptionalInt.of(dataset.classes()));
    try (Engine engine = Evaluation.openForPrediction(opened)) {
      return WrongExamples.of(
          test ? "test" : "validation",
          examples,
          searched,
          opened.network(),
          engine,
          BatchPredictor.BATCH);
    }
  }
}
