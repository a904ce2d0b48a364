package dev.lockstep.engine;

import dev.lockstep.network.Activation;
import dev.lockstep.network.ActivationLayer;
import dev.lockstep.network.ActivationShape;
import dev.lockstep.network.ActivationShape.Image;
import dev.lockstep.network.BatchNormalization;
import dev.lockstep.network.Conv2d;
import dev.lockstep.network.Dense;
import dev.lockstep.network.Dropout;
import dev.lockstep.network.Flatten;
import dev.lockstep.network.Layer;
import dev.lockstep.network.Network;
import dev.lockstep.network.NetworkLayer;
import dev.lockstep.network.Pooling2d;
import dev.lockstep.network.Segment;
import java.util.ArrayList;
import java.util.List;
import org.deeplearning4j.nn.params.DefaultParamInitializer;

/** Turns a network's layers into stages: each takes along the activation and dropout after it. */
final class StageBuilder {
  /**
   * With fewer channels, a convolution's sums are taken over patches. At lenet's shapes, patches
   * took a third of the time of channels with 1 channel, about as long with 4, and 1.7 times as
   * long with 8; ND4J's oneDNN took twice as long as the better of the two, or more (the
   * benchmarks' {@code ConvolutionBenchmark}, AVX-512).
   */
  private static final int FEW_CHANNELS = 8;

  private final Network network;
  private final List<NetworkLayer> layers;
  private final Vectors vectors;
  private final int capacity;
  private final List<Stage> stages = new ArrayList<>();

  /** The layer that comes next, and its number in DL4J's list, where flatten is none. */
  private int next;

  private int dl4jLayer;

  /** The shape of what the layers before it give. */
  private ActivationShape shape;

  StageBuilder(Network network, Vectors vectors, int capacity) {
    this.network = network;
    this.layers = network.computation();
    this.vectors = vectors;
    this.capacity = capacity;
    this.shape = layers.get(0).input();
  }

  List<Stage> build() {
    skipFlattenOfVector();
    if (!(layer() instanceof Dense)) {
      stages.add(new InputStage(layers.get(next).input(), capacity));
    }
    while (next < layers.size()) {
      addStage();
      skipFlattenOfVector();
    }
    return List.copyOf(stages);
  }

  private void addStage() {
    NetworkLayer current = layers.get(next);
    Layer definition = layer();
    if (definition instanceof Dense dense) {
      advance();
      Nonlinearity nonlinearity = nonlinearity(bias(current), dense.activation(), current.output());
      stages.add(
          new DenseStage(
              vectors,
              current.segments(),
              stages.isEmpty() ? null : input(),
              current.input().size(),
              dense.units(),
              capacity,
              nonlinearity));
    } else if (definition instanceof Conv2d convolution) {
      advance();
      addConvolution(current, convolution);
    } else if (definition instanceof BatchNormalization normalization) {
      advance();
      addNormalization(current, normalization);
    } else if (definition instanceof Pooling2d pooling) {
      advance();
      addPooling(current, pooling, null, Activation.LINEAR);
    } else if (definition instanceof Flatten) {
      next++;
      shape = current.output();
      addElementwise();
    } else {
      addElementwise();
    }
  }

  private void addElementwise() {
    ActivationShape same = shape;
    stages.add(
        new ElementwiseStage(input(), same, capacity, nonlinearity(null, Activation.LINEAR, same)));
  }

  private void addConvolution(NetworkLayer current, Conv2d convolution) {
    List<Segment> segments = current.segments();
    Windows windows =
        Windows.of(convolution.window(), (Image) current.input(), (Image) current.output());
    Bias bias = bias(current);
    Activation activation = activation(convolution.activation());
    boolean pooled = beforeMaxPooling();
    Tensor input = input();
    Nonlinearity nonlinearity =
        pooled ? Nonlinearity.none() : nonlinearity(bias, activation, current.output());
    stages.add(
        windows.input().channels() < FEW_CHANNELS
            ? new PatchConvolutionStage(vectors, segments, input, windows, capacity, nonlinearity)
            : new ChannelConvolutionStage(
                vectors, segments, input, windows, capacity, nonlinearity));
    if (pooled) {
      addNextPooling(bias, activation);
    }
  }

  private void addNormalization(NetworkLayer current, BatchNormalization normalization) {
    ActivationShape shape = current.output();
    Activation activation = activation(Activation.LINEAR);
    boolean pooled = beforeMaxPooling();
    Tensor input = input();
    Nonlinearity nonlinearity =
        pooled ? Nonlinearity.none() : nonlinearity(null, activation, shape);
    stages.add(
        new BatchNormalizationStage(
            normalization, vectors, current.segments(), input, shape, capacity, nonlinearity));
    if (pooled) {
      addNextPooling(null, activation);
    }
  }

  private void addNextPooling(Bias bias, Activation activation) {
    NetworkLayer current = layers.get(next);
    Pooling2d pooling = (Pooling2d) layer();
    advance();
    addPooling(current, pooling, bias, activation);
  }

  private void addPooling(
      NetworkLayer current, Pooling2d pooling, Bias bias, Activation activation) {
    stages.add(
        new PoolingStage(
            pooling.statistic(),
            Windows.of(pooling.window(), (Image) current.input(), (Image) current.output()),
            input(),
            capacity,
            nonlinearity(bias, activation, current.output())));
  }

  /** The layer's bias; null if it has none. */
  private Bias bias(NetworkLayer layer) {
    List<Segment> segments = layer.segments();
    return Vectors.has(segments, DefaultParamInitializer.BIAS_KEY)
        ? new Bias(
            vectors,
            Vectors.segment(segments, DefaultParamInitializer.BIAS_KEY),
            layer.output(),
            capacity)
        : null;
  }

  /**
   * {@code bias}, {@code own} activation, and what the activation and dropout that come next do.
   */
  private Nonlinearity nonlinearity(Bias bias, Activation own, ActivationShape shape) {
    Activation activation = activation(own);
    if (next == layers.size()) {
      return OutputLoss.differentiates(network.loss())
          ? Nonlinearity.ofOutput(bias, activation, shape.size(), capacity)
          : Nonlinearity.of(bias, activation, shape.size(), capacity);
    }
    if (layer() instanceof Dropout dropout && activation != Activation.SOFTMAX) {
      int number = dl4jLayer;
      advance();
      // The fraction as DL4J comes by it from the probability of being kept.
      return Nonlinearity.withDropout(bias, activation, number, 1 - (1 - dropout.rate()), capacity);
    }
    return Nonlinearity.of(bias, activation, shape.size(), capacity);
  }

  /** {@code own}, or that of the activation layer which comes next if there is none yet. */
  private Activation activation(Activation own) {
    skipFlattenOfVector();
    if (own == Activation.LINEAR
        && next < layers.size()
        && layer() instanceof ActivationLayer activation) {
      advance();
      skipFlattenOfVector();
      return activation.activation();
    }
    return own;
  }

  private boolean beforeMaxPooling() {
    return next < layers.size()
        && layer() instanceof Pooling2d pooling
        && pooling.statistic() == Pooling2d.Statistic.MAX;
  }

  private Tensor input() {
    return stages.get(stages.size() - 1).output();
  }

  private Layer layer() {
    return layers.get(next).definition().orElseThrow();
  }

  private void advance() {
    shape = layers.get(next).output();
    next++;
    dl4jLayer++;
  }

  private void skipFlattenOfVector() {
    while (next < layers.size()
        && layer() instanceof Flatten
        && layers.get(next).input() instanceof ActivationShape.Flat) {
      next++;
    }
  }
}
