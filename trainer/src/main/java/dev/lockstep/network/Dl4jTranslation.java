package dev.lockstep.network;

import java.util.Arrays;
import java.util.Optional;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.layers.BaseLayer;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.DropoutLayer;
import org.deeplearning4j.nn.conf.layers.FeedForwardLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.nd4j.linalg.activations.IActivation;

/**
 * DL4J's layers in our words, where we have a word for all that they compute. Read from a layer's
 * settings, a definition counts only if DL4J's layer of that definition is equal to the one that
 * was read, in everything but initial values, updaters and regularisation: a setting that we do not
 * know makes them differ.
 */
final class Dl4jTranslation {
  private static final Regularizer NONE = new Regularizer(0, 0);

  private Dl4jTranslation() {}

  /** The definition that computes what {@code layer} does; none if we have none. */
  static Optional<Layer> of(org.deeplearning4j.nn.conf.layers.Layer layer) {
    return candidate(layer).filter(definition -> same(layer, definition));
  }

  private static Optional<Layer> candidate(org.deeplearning4j.nn.conf.layers.Layer layer) {
    if (layer.getClass() == DenseLayer.class || layer.getClass() == OutputLayer.class) {
      FeedForwardLayer dense = (FeedForwardLayer) layer;
      return activation(dense.getActivationFn()).map(activation -> dense(layer, activation));
    } else if (layer.getClass() == ConvolutionLayer.class) {
      ConvolutionLayer convolution = (ConvolutionLayer) layer;
      return activation(convolution.getActivationFn())
          .filter(Activation.ELEMENTWISE::contains)
          .map(activation -> convolution(convolution, activation));
    } else if (layer.getClass() == SubsamplingLayer.class) {
      return Optional.of(pooling((SubsamplingLayer) layer));
    } else if (layer.getClass() == org.deeplearning4j.nn.conf.layers.BatchNormalization.class) {
      var normalization = (org.deeplearning4j.nn.conf.layers.BatchNormalization) layer;
      return normalization.getDecay() >= 0
              && normalization.getDecay() < 1
              && normalization.getEps() > 0
          ? Optional.of(new BatchNormalization(normalization.getDecay(), normalization.getEps()))
          : Optional.empty();
    } else if (layer.getClass() == DropoutLayer.class) {
      return layer.getIDropout() instanceof org.deeplearning4j.nn.conf.dropout.Dropout dropout
              && dropout.getP() > 0
              && dropout.getP() <= 1
          ? Optional.of(new Dropout(1 - dropout.getP()))
          : Optional.empty();
    } else if (layer.getClass() == org.deeplearning4j.nn.conf.layers.ActivationLayer.class) {
      var activation = (org.deeplearning4j.nn.conf.layers.ActivationLayer) layer;
      return activation(activation.getActivationFn()).map(ActivationLayer::new);
    }
    return Optional.empty();
  }

  private static Optional<Activation> activation(IActivation function) {
    return Activation.ALL.stream().filter(known -> known.dl4j().equals(function)).findFirst();
  }

  private static Layer dense(org.deeplearning4j.nn.conf.layers.Layer layer, Activation activation) {
    boolean hasBias =
        layer instanceof OutputLayer output ? output.hasBias() : ((DenseLayer) layer).hasBias();
    int units = Math.toIntExact(((FeedForwardLayer) layer).getNOut());
    return new Dense(
        units, activation, hasBias, Initializer.GLOROT_UNIFORM, Initializer.ZEROS, NONE);
  }

  private static Layer convolution(ConvolutionLayer layer, Activation activation) {
    return new Conv2d(
        Math.toIntExact(layer.getNOut()),
        window(layer.getKernelSize(), layer.getStride(), layer.getConvolutionMode()),
        activation,
        layer.hasBias(),
        Initializer.GLOROT_UNIFORM,
        Initializer.ZEROS,
        NONE);
  }

  private static Layer pooling(SubsamplingLayer layer) {
    return new Pooling2d(
        layer.getPoolingType() == PoolingType.MAX
            ? Pooling2d.Statistic.MAX
            : Pooling2d.Statistic.AVERAGE,
        window(layer.getKernelSize(), layer.getStride(), layer.getConvolutionMode()));
  }

  private static Window window(int[] size, int[] strides, ConvolutionMode mode) {
    return new Window(
        new Size(size[0], size[1]),
        new Size(strides[0], strides[1]),
        Arrays.stream(Padding.values())
            .filter(padding -> padding.dl4j() == mode)
            .findFirst()
            .orElse(Padding.VALID));
  }

  private static boolean same(org.deeplearning4j.nn.conf.layers.Layer layer, Layer definition) {
    org.deeplearning4j.nn.conf.layers.Layer ours = ours(layer, definition);
    org.deeplearning4j.nn.conf.layers.Layer theirs = layer.clone();
    theirs.setLayerName(ours.getLayerName());
    theirs.setConstraints(ours.getConstraints());
    if (definition instanceof Dropout) {
      theirs.setIDropout(ours.getIDropout()); // whose number may differ in its last bit
    }
    if (theirs instanceof ConvolutionLayer convolution) {
      convolution.setCudnnAlgoMode(((ConvolutionLayer) ours).getCudnnAlgoMode()); // of no processor
    }
    if (theirs instanceof BaseLayer base) {
      forgetTraining(base, (BaseLayer) ours);
    }
    if (theirs instanceof FeedForwardLayer inputs) {
      inputs.setNIn(((FeedForwardLayer) ours).getNIn());
      if (definition instanceof BatchNormalization) {
        inputs.setNOut(((FeedForwardLayer) ours).getNOut()); // as many as there are inputs
      }
    }
    return theirs.equals(ours);
  }

  private static org.deeplearning4j.nn.conf.layers.Layer ours(
      org.deeplearning4j.nn.conf.layers.Layer layer, Layer definition) {
    if (layer instanceof OutputLayer output) {
      Dense dense = (Dense) definition;
      OutputLayer ours = dense.dl4j(dense.activation(), Loss.MSE);
      ours.setLossFn(output.getLossFn());
      return ours;
    }
    return definition.dl4j().orElseThrow();
  }

  private static void forgetTraining(BaseLayer theirs, BaseLayer ours) {
    theirs.setWeightInitFn(ours.getWeightInitFn());
    theirs.setBiasInit(ours.getBiasInit());
    theirs.setGainInit(ours.getGainInit());
    theirs.setRegularization(ours.getRegularization());
    theirs.setRegularizationBias(ours.getRegularizationBias());
    theirs.setIUpdater(ours.getIUpdater());
    theirs.setBiasUpdater(ours.getBiasUpdater());
    theirs.setGradientNormalization(ours.getGradientNormalization());
    theirs.setGradientNormalizationThreshold(ours.getGradientNormalizationThreshold());
    if (ours instanceof DropoutLayer
        || ours instanceof org.deeplearning4j.nn.conf.layers.BatchNormalization) {
      theirs.setActivationFn(ours.getActivationFn()); // DL4J's default, which they do not apply
    }
  }
}
