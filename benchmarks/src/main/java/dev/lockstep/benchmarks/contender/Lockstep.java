package dev.lockstep.benchmarks.contender;

import dev.lockstep.benchmarks.contender.Run.Point;
import dev.lockstep.config.EngineChoice;
import dev.lockstep.coordinator.Averaging;
import dev.lockstep.coordinator.Averaging.Parameters;
import dev.lockstep.coordinator.TrainingPlan;
import dev.lockstep.coordinator.TrainingResult;
import dev.lockstep.metrics.EpochRecord;
import dev.lockstep.metrics.Metrics;
import dev.lockstep.spark.gang.ConfiguredTraining;
import dev.lockstep.spark.gang.Gang;
import dev.lockstep.spark.gang.SelectedEngine;
import dev.lockstep.spark.gang.Training;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import org.apache.spark.api.java.JavaSparkContext;

/**
 * Lockstep itself. On a cluster, executors make the training anew from the task's configuration,
 * whose engine and averaging must be these.
 *
 * @param engine takes the place of the configuration's
 * @param averaging takes the place of the task's
 * @param setting what tells its tasks from those of the others, such as {@code rho 0.9}, for its
 *     name; empty if nothing does
 */
public record Lockstep(
    JavaSparkContext spark,
    EngineChoice engine,
    Averaging averaging,
    int workers,
    Optional<String> setting)
    implements Contender {
  /** Lockstep on the same tasks as the others. */
  public Lockstep(JavaSparkContext spark, EngineChoice engine, Averaging averaging, int workers) {
    this(spark, engine, averaging, workers, Optional.empty());
  }

  @Override
  public String name() {
    return "lockstep `%s`, %s, %s%s"
        .formatted(
            engine.word(),
            describe(averaging),
            workers == 1 ? "1 worker" : workers + " workers",
            setting.map(each -> ", " + each).orElse(""));
  }

  private static String describe(Averaging averaging) {
    if (!(averaging instanceof Parameters parameters)) {
      return averaging.mode();
    }
    String interval =
        parameters.interval() == Parameters.EPOCH
            ? "epoch"
            : Integer.toString(parameters.interval());
    return "%s, interval %s%s"
        .formatted(parameters.mode(), interval, parameters.outer().isPresent() ? ", outer" : "");
  }

  @Override
  public String note() {
    return "Lockstep has one native thread a worker; its seconds begin before the Spark job starts,"
        + " and it fills its batches from bytes within them.";
  }

  @Override
  public Run train(Task task) {
    Training training =
        new Training(
            spark.isLocal()
                ? Optional.empty()
                : Optional.of(ConfiguredTraining.of(task.configuration())),
            averagedMyWay(task.plan()),
            task.network(),
            task.data(),
            task.network().initialParameters(task.plan().seed()),
            SelectedEngine.of(engine, task.network()).factory());
    ResidentSize.forgetPeak();
    TrainingResult result = Gang.of(training, workers).run(spark);
    return new Run(
        result.history().epochs().stream().mapToLong(EpochRecord::examples).sum(),
        curve(result.history().epochs()),
        result.test().map(Metrics::accuracy).orElse(Double.NaN),
        Optional.of(result.rounds()),
        spark.isLocal() ? ResidentSize.now() : ResidentSize.ofExecutor(spark, workers),
        OptionalDouble.empty());
  }

  private TrainingPlan averagedMyWay(TrainingPlan plan) {
    return new TrainingPlan(
        plan.seed(),
        plan.epochs(),
        plan.batchSize(),
        plan.shards(),
        plan.optimizer(),
        averaging,
        plan.augmentation(),
        plan.microBatches(),
        plan.earlyStopping());
  }

  private static List<Point> curve(List<EpochRecord> epochs) {
    List<Point> curve = new ArrayList<>();
    double seconds = 0;
    for (EpochRecord epoch : epochs) {
      seconds += epoch.seconds();
      Metrics validation = epoch.validation();
      curve.add(new Point(seconds, validation == null ? Double.NaN : validation.accuracy()));
    }
    return curve;
  }
}
