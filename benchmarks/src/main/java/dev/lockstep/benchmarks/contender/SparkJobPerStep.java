package dev.lockstep.benchmarks.contender;

import dev.lockstep.config.Configuration;
import dev.lockstep.yaml.Section;
import java.util.stream.IntStream;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;

/**
 * How Spark's own machine learning trains: a job a step. The driver broadcasts the parameters, each
 * task computes the sum of its part's gradients with Lockstep's engine, and the driver adds up what
 * {@code treeAggregate} brings and makes a step of plain gradient descent.
 *
 * @param workers tasks of each job
 */
public record SparkJobPerStep(JavaSparkContext spark, int workers) implements Contender {
  @Override
  public String name() {
    return "a Spark job a step, %d tasks".formatted(workers);
  }

  @Override
  public String note() {
    return "The Spark job a step has Lockstep's engine, which stays open on the executors, and the"
        + " cheapest optimizer; its time is the mean over the steps.";
  }

  @Override
  public Run train(Task task) {
    Configuration configuration = task.configuration();
    String yaml = Section.write(configuration.resolved());
    float[] parameters = task.network().initialParameters(task.plan().seed());
    JavaRDD<Integer> ranks =
        spark.parallelize(IntStream.range(0, workers).boxed().toList(), workers);
    int batchSize = task.plan().batchSize();
    float rate = 0.01f / batchSize;
    int steps = Math.toIntExact(task.batches());
    long examples = 0;
    long started = System.nanoTime();
    for (int step = 0; step < steps; step++) {
      Broadcast<float[]> sent = spark.broadcast(parameters);
      PartGradient part = new PartGradient(configuration.name(), yaml, workers, step, sent);
      float[] sum =
          ranks.treeAggregate(
              new float[0], (none, rank) -> part.of(rank), SparkJobPerStep::added, 2);
      for (int i = 0; i < parameters.length; i++) {
        parameters[i] -= rate * sum[i];
      }
      sent.destroy();
      examples += Math.min(batchSize, task.examples() - (long) step * batchSize);
    }
    return Run.timed(examples, (System.nanoTime() - started) * 1e-9);
  }

  private static float[] added(float[] sum, float[] other) {
    if (sum.length == 0 || other.length == 0) {
      return sum.length == 0 ? other : sum;
    }
    for (int i = 0; i < sum.length; i++) {
      sum[i] += other[i];
    }
    return sum;
  }
}
