package dev.lockstep.engine;

import dev.lockstep.nativelib.NativeLibraries;
import dev.lockstep.network.Loss;
import dev.lockstep.network.Network;
import dev.lockstep.network.Segment;
import java.nio.FloatBuffer;
import java.util.List;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.indexer.FloatIndexer;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.BaseOutputLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.LossLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.memory.MemoryWorkspaceManager;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.lossfunctions.ILossFunction;

/**
 * The reference engine: DL4J's {@code MultiLayerNetwork} on the bound buffers, for every layer that
 * DL4J has. Dropout draws by counter ({@link StepDraws}).
 */
public final class Dl4jEngine implements Engine {
  private final Network network;
  private final MultiLayerNetwork model;
  private final List<Segment> statistics;
  private final FloatBuffer gradient;
  private final StepDraws draws;
  private final Batch[] current = new Batch[1];
  private final StepSums[] sums = new StepSums[1];
  private final INDArray labels;

  private Batch viewedBatch;
  private INDArray view;

  /** See {@link EngineFactory#open}. */
  public Dl4jEngine(
      Network network, long seed, FloatBuffer parameters, FloatBuffer gradient, int capacity) {
    NativeLibraries.load();
    this.network = network;
    this.gradient = gradient;
    this.draws = new StepDraws(seed);
    this.statistics = network.layout().segments().stream().filter(Segment::statistic).toList();
    this.labels = Nd4j.zeros(DataType.FLOAT, capacity, network.outputs());
    this.model = new MultiLayerNetwork(configuration());
    this.model.init(array(parameters, 1, parameters.capacity()), false);
    this.model.initGradientsView();
    this.model.setBackpropGradientsViewArray(array(gradient, 1, gradient.capacity()));
  }

  /** DL4J's configuration with our draws and our counting put in. */
  private MultiLayerConfiguration configuration() {
    MultiLayerConfiguration configuration = network.dl4j();
    CounterDropout.putInto(configuration, draws, current);
    List<NeuralNetConfiguration> layers = configuration.getConfs();
    Layer last = layers.get(layers.size() - 1).getLayer();
    if (last instanceof BaseOutputLayer output) {
      output.setLossFn(new CountingLoss(output.getLossFn(), network, current, sums));
    } else if (last instanceof LossLayer output) {
      output.setLossFn(new CountingLoss(output.getLossFn(), network, current, sums));
    } else {
      throw new IllegalArgumentException("the last layer has no loss: " + last);
    }
    return configuration;
  }

  @Override
  public void gradient(Batch batch, long step, StepSums stepSums) {
    current[0] = batch;
    sums[0] = stepSums;
    stepSums.clear();
    draws.open(step);
    model.setInput(input(batch));
    model.setLabels(oneHot(batch));
    model.computeGradientAndScore();
    model.clear();
    for (Segment statistic : statistics) {
      multiply(gradient, statistic, batch.size());
    }
  }

  /** Statistics come from DL4J as means over the batch, but go out as sums. */
  static void multiply(FloatBuffer gradient, Segment segment, float factor) {
    for (int i = segment.offset(); i < segment.offset() + segment.length(); i++) {
      gradient.put(i, gradient.get(i) * factor);
    }
  }

  @Override
  public void predict(Batch batch, FloatBuffer outputs) {
    INDArray activations = model.output(input(batch), false).dup('c');
    outputs.put(0, activations.data().asNioFloat(), 0, batch.size() * network.outputs());
  }

  private INDArray oneHot(Batch batch) {
    INDArray rows = firstRows(labels, batch.size());
    rows.assign(0f);
    for (int i = 0; i < batch.size(); i++) {
      for (int unit = 0; unit < network.outputs(); unit++) {
        double target = Loss.target(unit, network.outputs(), batch.label(i));
        if (target != 0) {
          rows.putScalar(i, unit, target);
        }
      }
    }
    return rows;
  }

  private INDArray input(Batch batch) {
    if (viewedBatch != batch) {
      view = array(batch.features(), batch.capacity(), batch.shape().size());
      viewedBatch = batch;
    }
    INDArray rows = firstRows(view, batch.size());
    int channels = batch.shape().channels();
    int height = batch.shape().height();
    int width = batch.shape().width();
    return switch (network.inputLayout()) {
      case FLAT -> rows;
      case IMAGE -> rows.reshape('c', batch.size(), channels, height, width);
      case SEQUENCE ->
          rows.reshape('c', batch.size(), channels, height, width)
              .permute(0, 1, 3, 2)
              .reshape('c', batch.size(), channels * width, height);
    };
  }

  private static INDArray firstRows(INDArray rows, int count) {
    return count == rows.size(0)
        ? rows
        : rows.get(NDArrayIndex.interval(0, count), NDArrayIndex.all());
  }

  /** A matrix over the buffer's own memory. */
  static INDArray array(FloatBuffer buffer, long rows, long columns) {
    FloatPointer pointer = new FloatPointer(buffer);
    return Nd4j.create(
        Nd4j.createBuffer(pointer, DataType.FLOAT, buffer.capacity(), FloatIndexer.create(pointer)),
        new long[] {rows, columns},
        new long[] {columns, 1},
        0,
        'c',
        DataType.FLOAT);
  }

  @Override
  public void close() {
    releaseMemory();
  }

  /**
   * Gives back what models of DL4J's work with in this thread. Their own close, and ND4J's way to
   * destroy all workspaces at once, would also have Java collect the garbage of the whole heap.
   */
  static void releaseMemory() {
    MemoryWorkspaceManager manager = Nd4j.getWorkspaceManager();
    manager.getAllWorkspacesForCurrentThread().forEach(manager::destroyWorkspace);
  }

  /** DL4J's loss that also counts loss and hits of the examples it sees while training. */
  private static final class CountingLoss implements ILossFunction {
    private static final long serialVersionUID = 1L;

    private final ILossFunction loss;
    private final transient Network network;
    private final transient Batch[] current;
    private final transient StepSums[] sums;

    CountingLoss(ILossFunction loss, Network network, Batch[] current, StepSums[] sums) {
      this.loss = loss;
      this.network = network;
      this.current = current;
      this.sums = sums;
    }

    @Override
    public INDArray computeGradient(
        INDArray labels, INDArray preOutput, IActivation activation, INDArray mask) {
      count(activation.getActivation(preOutput.dup('c'), true));
      INDArray gradient = loss.computeGradient(labels, preOutput, activation, mask);
      return current[0].isWeighted() ? gradient.muliColumnVector(weights(current[0])) : gradient;
    }

    private static INDArray weights(Batch batch) {
      float[] weights = new float[batch.size()];
      for (int i = 0; i < weights.length; i++) {
        weights[i] = batch.weight(i);
      }
      return Nd4j.createFromArray(weights).reshape(weights.length, 1);
    }

    private void count(INDArray outputs) {
      int units = network.outputs();
      float[] rows = new float[(int) outputs.length()];
      outputs.dup('c').data().asNioFloat().get(0, rows);
      for (int i = 0; i < current[0].size(); i++) {
        int label = current[0].label(i);
        sums[0].add(
            current[0].weight(i) * network.loss().of(rows, i * units, units, label),
            Loss.predictedClass(rows, i * units, units) == label);
      }
    }

    /** Not needed: the losses are counted in {@link #computeGradient}. */
    @Override
    public double computeScore(
        INDArray labels,
        INDArray preOutput,
        IActivation activation,
        INDArray mask,
        boolean average) {
      return 0;
    }

    @Override
    public INDArray computeScoreArray(
        INDArray labels, INDArray preOutput, IActivation activation, INDArray mask) {
      return loss.computeScoreArray(labels, preOutput, activation, mask);
    }

    @Override
    public Pair<Double, INDArray> computeGradientAndScore(
        INDArray labels,
        INDArray preOutput,
        IActivation activation,
        INDArray mask,
        boolean average) {
      return Pair.of(0.0, computeGradient(labels, preOutput, activation, mask));
    }

    @Override
    public String name() {
      return loss.name();
    }
  }
}
