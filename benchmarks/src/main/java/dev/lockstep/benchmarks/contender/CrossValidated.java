package dev.lockstep.benchmarks.contender;

import dev.lockstep.config.Configuration;
import dev.lockstep.metrics.Metric;
import dev.lockstep.spark.job.CrossValidation;
import dev.lockstep.spark.job.CrossValidation.Candidate;
import dev.lockstep.spark.job.CrossValidationJob;
import dev.lockstep.spark.job.CrossValidationJob.Observer;
import dev.lockstep.spark.job.CrossValidationJob.Outcome;
import dev.lockstep.split.Fold;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.spark.api.java.JavaSparkContext;

/**
 * {@code lockstep cross-validate}, on the task's data set. A run's examples are those of one fold;
 * its seconds are of all folds, files included.
 *
 * @param workers of each fold
 * @param atOnce so many folds run beside one another
 */
public record CrossValidated(JavaSparkContext spark, int workers, int atOnce) implements Contender {
  @Override
  public String name() {
    return "%s, %s a fold"
        .formatted(
            atOnce == 1 ? "one fold after the other" : atOnce + " folds at once",
            workers == 1 ? "1 worker" : workers + " workers");
  }

  @Override
  public String note() {
    return "Seconds are those of the whole command but for Spark's start: training, validation after"
        + " each epoch, predictions of both parts at the end, and all files.";
  }

  @Override
  public Run train(Task task) {
    Fold first = (Fold) task.configuration().validation();
    Configuration configuration =
        task.configuration()
            .placed(
                OptionalInt.of(workers),
                task.configuration().workerLoss(),
                task.configuration().checkpoints());
    CrossValidation plan =
        new CrossValidation(
            configuration.name(),
            CrossValidation.folds(first.folds(), 1, first.select()),
            List.of(new Candidate(1, List.of(), configuration)),
            Metric.ACCURACY,
            false);
    Path output = directory();
    try {
      long before = System.nanoTime();
      Outcome outcome =
          new CrossValidationJob(plan, OptionalInt.empty(), atOnce)
              .run(
                  spark,
                  output.toString(),
                  new Observer(fold -> {}, given -> {}, training -> {}, finalModel -> {}));
      double seconds = (double) (System.nanoTime() - before) / TimeUnit.SECONDS.toNanos(1);
      return Run.evaluated(
          task.examples(), List.of(new Run.Point(seconds, accuracy(outcome))), Double.NaN);
    } finally {
      delete(output);
    }
  }

  private static double accuracy(Outcome outcome) {
    return outcome.candidates().get(0).confusion().accuracy();
  }

  private static Path directory() {
    try {
      return Files.createTempDirectory("lockstep-folds");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void delete(Path directory) {
    try (Stream<Path> all = Files.walk(directory)) {
      for (Path each : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(each);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
