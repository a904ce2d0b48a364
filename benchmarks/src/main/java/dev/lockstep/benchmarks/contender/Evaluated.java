package dev.lockstep.benchmarks.contender;

import dev.lockstep.metrics.Metrics;
import dev.lockstep.spark.job.Evaluation;
import java.util.List;
import org.apache.spark.api.java.JavaSparkContext;

/** No training: the Spark job of {@code lockstep evaluate}. */
public record Evaluated(JavaSparkContext spark, PredictionSubject subject) implements Contender {
  @Override
  public String name() {
    return "evaluate";
  }

  @Override
  public String note() {
    return "Examples lie in memory, as bytes; seconds are those of the whole Spark job, files and their"
        + " commit included.";
  }

  @Override
  public Run train(Task task) {
    long before = System.nanoTime();
    Metrics metrics = Evaluation.run(spark, subject.model(), subject.source());
    double seconds = (System.nanoTime() - before) * 1e-9;
    return Run.evaluated(
        metrics.examples(), List.of(new Run.Point(seconds, metrics.accuracy())), Double.NaN);
  }
}
