package dev.lockstep.benchmarks.contender;

import dev.lockstep.benchmarks.contender.Run.Point;
import dev.lockstep.nativelib.NativeLibraries;
import java.util.ArrayList;
import java.util.List;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.dataset.DataSet;

/** One process without Spark: DL4J's {@code MultiLayerNetwork.fit} on the same batches. */
public record Dl4jFit() implements Contender {
  @Override
  public String name() {
    return "DL4J `fit`, one thread";
  }

  @Override
  public String note() {
    return "DL4J `fit` is one process without Spark, with one native thread (OpenMP and OpenBLAS) as"
        + " every worker has; its batches lie ready as arrays before its clock starts.";
  }

  @Override
  public Run train(Task task) {
    NativeLibraries.load();
    MultiLayerNetwork model = Dl4jModel.atTheStart(task);
    List<Point> curve = new ArrayList<>();
    double seconds = 0;
    long examples = 0;
    for (int epoch = 0; epoch < task.plan().epochs(); epoch++) {
      List<DataSet> batches = Dl4jModel.batches(task, epoch, 1);
      long started = System.nanoTime();
      for (DataSet batch : batches) {
        model.fit(batch);
      }
      seconds += (System.nanoTime() - started) * 1e-9;
      examples += batches.stream().mapToLong(DataSet::numExamples).sum();
      Dl4jModel.close(batches);
      curve.add(new Point(seconds, Dl4jModel.validationAccuracy(task, model)));
    }
    double test = Dl4jModel.testAccuracy(task, model);
    model.close();
    return Run.evaluated(examples, curve, test);
  }
}
