package dev.lockstep.benchmarks.contender;

import dev.lockstep.data.BatchOrder;
import dev.lockstep.data.Examples;
import dev.lockstep.data.MicroBatch;
import dev.lockstep.data.WorkerOrder;
import dev.lockstep.optimizer.Adam;
import dev.lockstep.optimizer.LearningRate;
import dev.lockstep.optimizer.Optimizer;
import dev.lockstep.optimizer.RmsProp;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.BaseLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.IUpdater;

/** A task in DL4J's own terms: the network as it stands at the start, and batches. */
final class Dl4jModel {
  /** The most examples of one batch of predictions. */
  private static final int PREDICTED = 1000;

  private Dl4jModel() {}

  /** The task's network with its initial parameters and its optimizer. */
  static MultiLayerNetwork atTheStart(Task task) {
    Nd4j.getRandom().setSeed(task.plan().seed());
    MultiLayerConfiguration configuration = task.network().dl4j();
    for (NeuralNetConfiguration layer : configuration.getConfs()) {
      if (layer.getLayer() instanceof BaseLayer weighted) {
        weighted.setIUpdater(updater(task.plan().optimizer()));
      }
    }
    MultiLayerNetwork model = new MultiLayerNetwork(configuration);
    float[] parameters = task.network().initialParameters(task.plan().seed());
    model.init(Nd4j.create(parameters, 1, parameters.length), false);
    return model;
  }

  private static IUpdater updater(Optimizer optimizer) {
    if (optimizer instanceof RmsProp rmsProp
        && !rmsProp.centered()
        && rmsProp.momentum() == 0
        && rmsProp.learningRate() instanceof LearningRate.Constant rate) {
      return new org.nd4j.linalg.learning.config.RmsProp(
          rate.value(), rmsProp.rho(), rmsProp.epsilon());
    }
    if (optimizer instanceof Adam adam
        && adam.learningRate() instanceof LearningRate.Constant rate) {
      return new org.nd4j.linalg.learning.config.Adam(
          rate.value(), adam.beta1(), adam.beta2(), adam.epsilon());
    }
    throw new IllegalArgumentException(
        "the benchmarks know DL4J's equal of plain RMSProp and Adam only, not of " + optimizer);
  }

  /**
   * The batches of one epoch, each in the order in which {@code parts} workers would share it, as
   * {@code parts} data sets; those without examples are left out.
   */
  static List<DataSet> batches(Task task, int epoch, int parts) {
    BatchOrder order = task.order();
    List<WorkerOrder> workers =
        IntStream.range(0, parts).mapToObj(rank -> order.worker(rank, parts)).toList();
    MicroBatch part = new MicroBatch(order.batchSize());
    List<DataSet> batches = new ArrayList<>();
    for (int batch = 0; batch < order.batches(); batch++) {
      for (WorkerOrder worker : workers) {
        worker.microBatch(epoch, batch, part);
        if (part.size() > 0) {
          int[] indices = IntStream.range(0, part.size()).map(part::example).toArray();
          batches.add(dataSet(task, task.data().training(), indices));
        }
      }
    }
    return batches;
  }

  private static DataSet dataSet(Task task, Examples examples, int[] indices) {
    int inputs = examples.shape().size();
    int outputs = task.network().outputs();
    float[] features = new float[indices.length * inputs];
    float[] labels = new float[indices.length * outputs];
    for (int i = 0; i < indices.length; i++) {
      examples.copy(indices[i], features, i * inputs);
      labels[i * outputs + examples.label(indices[i])] = 1;
    }
    return new DataSet(
        Nd4j.create(features, indices.length, inputs),
        Nd4j.create(labels, indices.length, outputs));
  }

  /** Frees the arrays of {@code batches}. */
  static void close(List<DataSet> batches) {
    for (DataSet batch : batches) {
      batch.getFeatures().close();
      batch.getLabels().close();
    }
  }

  /** The part of the task's validation examples predicted right; not a number without any. */
  static double validationAccuracy(Task task, MultiLayerNetwork model) {
    return accuracy(task, model, task.data().training(), task.data().split().validation());
  }

  /** The part of the task's test examples predicted right; not a number without any. */
  static double testAccuracy(Task task, MultiLayerNetwork model) {
    Examples test = task.data().test();
    return accuracy(task, model, test, IntStream.range(0, test.size()).toArray());
  }

  private static double accuracy(
      Task task, MultiLayerNetwork model, Examples examples, int[] indices) {
    int hits = 0;
    for (int from = 0; from < indices.length; from += PREDICTED) {
      int to = Math.min(from + PREDICTED, indices.length);
      int[] some = Arrays.copyOfRange(indices, from, to);
      DataSet batch = dataSet(task, examples, some);
      INDArray predicted = model.output(batch.getFeatures(), false).argMax(1).castTo(DataType.INT);
      int[] classes = predicted.toIntVector();
      hits +=
          (int)
              IntStream.range(0, some.length)
                  .filter(i -> classes[i] == examples.label(some[i]))
                  .count();
      close(List.of(batch));
    }
    return (double) hits / indices.length;
  }
}
