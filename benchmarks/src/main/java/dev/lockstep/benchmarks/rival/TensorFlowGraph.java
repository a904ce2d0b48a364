package dev.lockstep.benchmarks.rival;

import dev.lockstep.data.Dataset;
import dev.lockstep.network.Activation;
import dev.lockstep.network.ActivationShape;
import dev.lockstep.network.Conv2d;
import dev.lockstep.network.Dense;
import dev.lockstep.network.Dropout;
import dev.lockstep.network.Flatten;
import dev.lockstep.network.Layer;
import dev.lockstep.network.Pooling2d;
import dev.lockstep.network.Window;
import dev.lockstep.optimizer.Adam;
import dev.lockstep.optimizer.RmsProp;
import dev.lockstep.random.CounterRandom;
import java.util.List;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.framework.optimizers.Optimizer;
import org.tensorflow.framework.optimizers.RMSProp;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/**
 * The graph of one training step: images as rows of pixels in, labels as ones and zeros in, loss
 * and update out. Inside, an image is height, width, channels, which is TensorFlow's fastest on a
 * processor. Kernels begin with the same numbers as Lockstep's, in another order.
 */
final class TensorFlowGraph {
  private static final String WEIGHTS = "W";

  private final Ops tf;
  private final long seed;
  private final Placeholder<TFloat32> features;
  private final Placeholder<TFloat32> labels;
  private final Operand<TFloat32> loss;
  private final Op update;

  TensorFlowGraph(Graph graph, Assignment assignment, Dataset dataset) {
    this.tf = Ops.create(graph);
    this.seed = assignment.configuration().seed();
    int inputs = dataset.shape().size();
    int outputs = dataset.classes();
    this.features =
        tf.placeholder(TFloat32.class, Placeholder.shape(Shape.of(Shape.UNKNOWN_SIZE, inputs)));
    this.labels =
        tf.placeholder(TFloat32.class, Placeholder.shape(Shape.of(Shape.UNKNOWN_SIZE, outputs)));
    Operand<TFloat32> logits = layers(assignment.layers(), dataset);
    this.loss =
        tf.math.mean(tf.nn.softmaxCrossEntropyWithLogits(logits, labels).loss(), tf.constant(0));
    this.update = optimizer(graph, assignment.configuration().plan().optimizer()).minimize(loss);
  }

  Placeholder<TFloat32> features() {
    return features;
  }

  Placeholder<TFloat32> labels() {
    return labels;
  }

  Operand<TFloat32> loss() {
    return loss;
  }

  Op update() {
    return update;
  }

  private static Optimizer optimizer(Graph graph, dev.lockstep.optimizer.Optimizer optimizer) {
    float rate = (float) optimizer.learningRate().at(0);
    if (optimizer instanceof RmsProp rmsProp) {
      return new RMSProp(
          graph,
          rate,
          (float) rmsProp.rho(),
          (float) rmsProp.momentum(),
          (float) rmsProp.epsilon(),
          rmsProp.centered());
    }
    if (optimizer instanceof Adam adam) {
      return new org.tensorflow.framework.optimizers.Adam(
          graph, rate, (float) adam.beta1(), (float) adam.beta2(), (float) adam.epsilon());
    }
    throw new IllegalArgumentException("TensorFlow is measured with rmsprop or adam only");
  }

  private Operand<TFloat32> layers(List<Layer> layers, Dataset dataset) {
    boolean flat = layers.get(0) instanceof Dense;
    int height = dataset.shape().height();
    int width = dataset.shape().width();
    int channels = dataset.shape().channels();
    ActivationShape shape =
        flat
            ? new ActivationShape.Flat(dataset.shape().size())
            : new ActivationShape.Image(height, width, channels);
    Operand<TFloat32> x =
        flat ? features : tf.reshape(features, tf.array(-1, height, width, channels));
    for (int i = 0; i < layers.size(); i++) {
      x = layer(layers.get(i), i, x, shape);
      shape = layers.get(i).output(shape);
    }
    return x;
  }

  private Operand<TFloat32> layer(
      Layer layer, int number, Operand<TFloat32> x, ActivationShape input) {
    if (layer instanceof Dense dense) {
      Operand<TFloat32> kernel = kernel(layer, number, input, input.size(), dense.units());
      return activated(
          tf.nn.biasAdd(tf.linalg.matMul(x, kernel), zeros(dense.units())), dense.activation());
    }
    if (layer instanceof Conv2d conv) {
      Window window = conv.window();
      int channels = ((ActivationShape.Image) input).channels();
      Operand<TFloat32> kernel =
          kernel(
              layer,
              number,
              input,
              window.size().height(),
              window.size().width(),
              channels,
              conv.filters());
      List<Long> strides =
          List.of(1L, (long) window.strides().height(), (long) window.strides().width(), 1L);
      return activated(
          tf.nn.biasAdd(tf.nn.conv2d(x, kernel, strides, padding(window)), zeros(conv.filters())),
          conv.activation());
    }
    if (layer instanceof Pooling2d pooling && pooling.statistic() == Pooling2d.Statistic.MAX) {
      Window window = pooling.window();
      Operand<TInt32> size = tf.array(1, window.size().height(), window.size().width(), 1);
      Operand<TInt32> strides = tf.array(1, window.strides().height(), window.strides().width(), 1);
      return tf.nn.maxPool(x, size, strides, padding(window));
    }
    if (layer instanceof Flatten) {
      return tf.reshape(x, tf.array(-1, input.size()));
    }
    if (layer instanceof Dropout dropout) {
      return dropout(x, (float) dropout.rate());
    }
    throw new IllegalArgumentException("TensorFlow is not measured with a layer " + layer.kind());
  }

  /** As Keras computes it: scale first, then set to zero. */
  private Operand<TFloat32> dropout(Operand<TFloat32> x, float rate) {
    Operand<TFloat32> drawn = tf.random.randomUniform(tf.shape(x), TFloat32.class);
    Operand<TFloat32> kept =
        tf.dtypes.cast(tf.math.greaterEqual(drawn, tf.constant(rate)), TFloat32.class);
    return tf.math.mul(tf.math.mul(x, tf.constant(1 / (1 - rate))), kept);
  }

  /** The loss takes the numbers before softmax. */
  private Operand<TFloat32> activated(Operand<TFloat32> x, Activation activation) {
    return switch (activation) {
      case RELU -> tf.nn.relu(x);
      case LINEAR, SOFTMAX -> x;
      default ->
          throw new IllegalArgumentException(
              "TensorFlow is not measured with activation " + activation.word());
    };
  }

  private static String padding(Window window) {
    return window.padding().name();
  }

  private Operand<TFloat32> kernel(
      Layer layer, int number, ActivationShape input, long... dimensions) {
    Shape shape = Shape.of(dimensions);
    float[] values = new float[Math.toIntExact(shape.size())];
    CounterRandom random = new CounterRandom(CounterRandom.key(seed, number));
    layer.initialize(WEIGHTS, input, random, values, 0);
    return tf.variable(tf.constant(shape, DataBuffers.of(values, true, false)));
  }

  private Operand<TFloat32> zeros(int units) {
    return tf.variable(tf.constant(new float[units]));
  }
}
