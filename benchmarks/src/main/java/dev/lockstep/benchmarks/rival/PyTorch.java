package dev.lockstep.benchmarks.rival;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Blocks;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import ai.djl.nn.pooling.Pool;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.GradientCollector;
import ai.djl.training.Trainer;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import dev.lockstep.data.Dataset;
import dev.lockstep.network.Activation;
import dev.lockstep.network.Conv2d;
import dev.lockstep.network.Dense;
import dev.lockstep.network.Dropout;
import dev.lockstep.network.Flatten;
import dev.lockstep.network.Layer;
import dev.lockstep.network.Padding;
import dev.lockstep.network.Pooling2d;
import dev.lockstep.network.Size;
import dev.lockstep.optimizer.Adam;
import dev.lockstep.optimizer.RmsProp;
import java.io.IOException;
import java.util.List;

/** PyTorch behind the Deep Java Library: its blocks, its trainer, one step a batch. */
public final class PyTorch implements Rival {
  private static final String THREADS = "ai.djl.pytorch.num_threads";
  private static final String THREADS_BETWEEN_OPERATIONS = "ai.djl.pytorch.num_interop_threads";

  private PyTorch() {}

  /** Serves assignments; the one argument is the number of threads. */
  public static void main(String[] arguments) throws IOException {
    System.setProperty(THREADS, arguments[0]);
    System.setProperty(THREADS_BETWEEN_OPERATIONS, "1");
    System.setProperty("ai.djl.offline", "true");
    System.setProperty("OPT_OUT_TRACKING", "true");
    Rival.serve(new PyTorch());
  }

  @Override
  public Answer train(Assignment assignment, Dataset dataset) {
    long examples = 0;
    double seconds = 0;
    double loss = Double.NaN;
    try (Model model = Model.newInstance("rival", Device.cpu(), "PyTorch")) {
      model.setBlock(block(assignment.layers()));
      DefaultTrainingConfig config =
          new DefaultTrainingConfig(Loss.softmaxCrossEntropyLoss())
              .optOptimizer(optimizer(assignment.configuration().plan().optimizer()))
              .optDevices(new Device[] {Device.cpu()});
      try (Trainer trainer = model.newTrainer(config)) {
        trainer.initialize(shape(assignment.layers(), dataset, 1));
        for (List<HostBatch> epoch : assignment.epochs(dataset.training())) {
          try (NDManager manager = model.getNDManager().newSubManager()) {
            List<NDList> feeds =
                epoch.stream().map(batch -> feed(assignment, dataset, batch, manager)).toList();
            long started = System.nanoTime();
            for (NDList feed : feeds) {
              loss = step(trainer, feed);
            }
            seconds += (System.nanoTime() - started) * 1e-9;
            examples += epoch.stream().mapToLong(HostBatch::size).sum();
          }
        }
      }
    }
    return new Answer(examples, seconds, loss);
  }

  private static NDList feed(
      Assignment assignment, Dataset dataset, HostBatch batch, NDManager manager) {
    return new NDList(
        manager.create(batch.features(), shape(assignment.layers(), dataset, batch.size())),
        manager.create(batch.labels()));
  }

  private static Shape shape(List<Layer> layers, Dataset dataset, int examples) {
    return layers.get(0) instanceof Dense
        ? new Shape(examples, dataset.shape().size())
        : new Shape(
            examples,
            dataset.shape().channels(),
            dataset.shape().height(),
            dataset.shape().width());
  }

  private static double step(Trainer trainer, NDList feed) {
    double loss = gradient(trainer, feed);
    trainer.step();
    return loss;
  }

  /** Everything but the gradients is freed at its end. */
  private static double gradient(Trainer trainer, NDList feed) {
    try (NDScope scope = new NDScope();
        GradientCollector collector = trainer.newGradientCollector()) {
      scope.suppressNotUsedWarning();
      NDList predictions = trainer.forward(new NDList(feed.get(0)));
      NDArray mean = trainer.getLoss().evaluate(new NDList(feed.get(1)), predictions);
      collector.backward(mean);
      return mean.getFloat();
    }
  }

  private static Optimizer optimizer(dev.lockstep.optimizer.Optimizer optimizer) {
    if (optimizer instanceof RmsProp rmsProp) {
      return new PyTorchRmsProp(rmsProp);
    }
    if (optimizer instanceof Adam adam) {
      return Optimizer.adam()
          .optLearningRateTracker(Tracker.fixed((float) adam.learningRate().at(0)))
          .optBeta1((float) adam.beta1())
          .optBeta2((float) adam.beta2())
          .optEpsilon((float) adam.epsilon())
          .build();
    }
    throw new IllegalArgumentException("PyTorch is measured with rmsprop or adam only");
  }

  private static SequentialBlock block(List<Layer> layers) {
    SequentialBlock block = new SequentialBlock();
    for (Layer layer : layers) {
      if (layer instanceof Dense dense) {
        block.add(Linear.builder().setUnits(dense.units()).build());
        activate(block, dense.activation());
      } else if (layer instanceof Conv2d conv && conv.window().padding() == Padding.VALID) {
        block.add(
            ai.djl.nn.convolutional.Conv2d.builder()
                .setKernelShape(shape(conv.window().size()))
                .optStride(shape(conv.window().strides()))
                .setFilters(conv.filters())
                .build());
        activate(block, conv.activation());
      } else if (layer instanceof Pooling2d pooling
          && pooling.statistic() == Pooling2d.Statistic.MAX) {
        block.add(
            Pool.maxPool2dBlock(shape(pooling.window().size()), shape(pooling.window().strides())));
      } else if (layer instanceof Flatten) {
        block.add(Blocks.batchFlattenBlock());
      } else if (layer instanceof Dropout dropout) {
        block.add(ai.djl.nn.norm.Dropout.builder().optRate((float) dropout.rate()).build());
      } else {
        throw new IllegalArgumentException("PyTorch is not measured with a layer " + layer.kind());
      }
    }
    return block;
  }

  /** The loss takes the numbers before softmax. */
  private static void activate(SequentialBlock block, Activation activation) {
    switch (activation) {
      case RELU -> block.add(ai.djl.nn.Activation::relu);
      case LINEAR, SOFTMAX -> {}
      default ->
          throw new IllegalArgumentException(
              "PyTorch is not measured with activation " + activation.word());
    }
  }

  private static Shape shape(Size size) {
    return new Shape(size.height(), size.width());
  }
}
