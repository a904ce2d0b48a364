package dev.lockstep.network;

import dev.lockstep.data.Shape;
import dev.lockstep.yaml.ConfigurationException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.deeplearning4j.nn.api.OptimizationAlgorithm;
import org.deeplearning4j.nn.conf.BackpropType;
import org.deeplearning4j.nn.conf.CacheMode;
import org.deeplearning4j.nn.conf.GradientNormalization;
import org.deeplearning4j.nn.conf.InputPreProcessor;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.dropout.IDropout;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.BaseLayer;
import org.deeplearning4j.nn.conf.layers.BasePretrainNetwork;
import org.deeplearning4j.nn.conf.layers.BaseRecurrentLayer;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.Convolution1DLayer;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DropoutLayer;
import org.deeplearning4j.nn.conf.layers.FeedForwardLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.Subsampling1DLayer;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayerWithBackprop;
import org.deeplearning4j.nn.conf.layers.recurrent.Bidirectional;
import org.deeplearning4j.nn.conf.layers.wrapper.BaseWrapperLayer;
import org.deeplearning4j.nn.conf.preprocessor.CnnToFeedForwardPreProcessor;
import org.deeplearning4j.nn.conf.preprocessor.FeedForwardToCnnPreProcessor;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.activations.impl.ActivationRReLU;
import org.nd4j.linalg.activations.impl.ActivationSigmoid;
import org.nd4j.linalg.activations.impl.ActivationSoftmax;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.lossfunctions.ILossFunction;
import org.nd4j.linalg.lossfunctions.impl.LossBinaryXENT;
import org.nd4j.linalg.lossfunctions.impl.LossMCXENT;
import org.nd4j.linalg.lossfunctions.impl.LossMSE;
import org.nd4j.linalg.lossfunctions.impl.LossNegativeLogLikelihood;

/** Reads DL4J's JSON and refuses what would not train here as it says. */
final class Dl4jReader {
  private final String where;
  private final String name;
  private final Shape input;
  private final int classes;

  Dl4jReader(String name, Shape input, int classes) {
    this.where = "network '" + name + "'";
    this.name = name;
    this.input = input;
    this.classes = classes;
  }

  Network read(String json) {
    MultiLayerConfiguration dl4j = new Dl4jJson(where).parse(json);
    check(dl4j);
    reset(dl4j);
    InputLayout inputLayout = inputLayout(dl4j);
    OutputLayer output = output(dl4j);
    Loss loss = loss(dl4j.getConfs().size() - 1, output);
    List<InputType> types = types(dl4j, inputLayout);
    ParameterLayout layout = layout(dl4j);
    tryOneExample(dl4j, inputLayout, layout);
    String checked = dl4j.toJson();
    return new Network(
        name,
        input,
        classes,
        (int) output.getNOut(),
        loss,
        inputLayout,
        layers(dl4j, inputLayout, types, layout),
        layout,
        dl4j,
        seed -> initialParameters(checked, seed));
  }

  /** As {@link Network#ofArrays}. */
  Network readOfArrays(String json) {
    MultiLayerConfiguration dl4j = new Dl4jJson(where).parse(json);
    check(dl4j);
    checkMiniBatch(dl4j);
    reset(dl4j);
    String checked = dl4j.toJson();
    return new Network(
        name,
        input,
        classes,
        1,
        Loss.MSE,
        InputLayout.FLAT,
        List.of(),
        layout(dl4j),
        dl4j,
        seed -> initialParameters(checked, seed));
  }

  /** The coordinator divides by the number of examples, as DL4J does unless told otherwise. */
  private void checkMiniBatch(MultiLayerConfiguration dl4j) {
    if (!dl4j.getConf(0).isMiniBatch()) {
      throw new ConfigurationException(
          where + ": miniBatch is false but must be true: gradients are averaged over examples");
    }
  }

  private void check(MultiLayerConfiguration dl4j) {
    if (dl4j.getDataType() != DataType.FLOAT) {
      throw new ConfigurationException(
          "%s: dataType is %s but must be FLOAT".formatted(where, dl4j.getDataType()));
    }
    if (dl4j.getBackpropType() != BackpropType.Standard) {
      throw new ConfigurationException(
          "%s: backpropType is %s but must be Standard".formatted(where, dl4j.getBackpropType()));
    }
    List<NeuralNetConfiguration> confs = dl4j.getConfs();
    for (int i = 0; i < confs.size(); i++) {
      Layer layer = confs.get(i).getLayer();
      if (layer == null) {
        throw new ConfigurationException("%s: layer %d has no 'layer'".formatted(where, i + 1));
      }
      checkOptimization(confs.get(i));
      for (Layer inner : unwrapped(i, layer)) {
        check(i, inner);
      }
    }
  }

  /** The updater of the training, or the training's own optimizer, makes every step down. */
  private void checkOptimization(NeuralNetConfiguration conf) {
    OptimizationAlgorithm algorithm = conf.getOptimizationAlgo();
    if (algorithm != null && algorithm != OptimizationAlgorithm.STOCHASTIC_GRADIENT_DESCENT) {
      throw new ConfigurationException(
          "%s: optimizationAlgo is %s but must be STOCHASTIC_GRADIENT_DESCENT"
              .formatted(where, algorithm));
    }
    if (!conf.isMinimize()) {
      throw new ConfigurationException(
          where + ": minimize is false but must be true: training goes down the loss");
    }
  }

  /** Training begins anew, and keeps nothing but what it must. */
  private static void reset(MultiLayerConfiguration dl4j) {
    dl4j.setCacheMode(CacheMode.NONE);
    dl4j.setIterationCount(0);
    dl4j.setEpochCount(0);
    for (NeuralNetConfiguration conf : dl4j.getConfs()) {
      conf.setCacheMode(CacheMode.NONE);
      conf.setIterationCount(0);
      conf.setEpochCount(0);
    }
  }

  /** The layer and what it wraps. */
  private List<Layer> unwrapped(int index, Layer layer) {
    if (layer instanceof FrozenLayer || layer instanceof FrozenLayerWithBackprop) {
      throw wrong(index, layer, "every layer is trained here; take the frozen wrapper away");
    }
    List<Layer> layers = new ArrayList<>(List.of(layer));
    if (layer instanceof BaseWrapperLayer wrapper) {
      layers.addAll(unwrapped(index, wrapper.getUnderlying()));
    } else if (layer instanceof Bidirectional both) {
      layers.addAll(unwrapped(index, both.getFwd()));
      layers.addAll(unwrapped(index, both.getBwd()));
    }
    return layers;
  }

  private void check(int index, Layer layer) {
    if (layer.getConstraints() != null && !layer.getConstraints().isEmpty()) {
      throw wrong(index, layer, "constraints are not applied here; take them away");
    }
    if (layer instanceof BasePretrainNetwork) {
      throw wrong(index, layer, "layers for pretraining are not trained here");
    }
    checkDropout(index, layer, layer.getIDropout());
    if (layer instanceof BaseLayer base) {
      checkBase(index, base);
    }
    if (layer instanceof Bidirectional both) {
      checkHalf(index, both, both.getFwd());
      checkHalf(index, both, both.getBwd());
    }
  }

  /** Both halves have the number of one layer, by which dropout is drawn. */
  private void checkHalf(int index, Bidirectional both, Layer half) {
    if (unwrapped(index, half).stream().anyMatch(layer -> layer.getIDropout() != null)) {
      throw wrong(
          index, both, "dropout inside it is not known here; put a DropoutLayer in front of it");
    }
  }

  private void checkDropout(int index, Layer layer, IDropout dropout) {
    if (dropout == null) {
      return;
    }
    if (dropout.getClass() != org.deeplearning4j.nn.conf.dropout.Dropout.class) {
      throw wrong(
          index,
          layer,
          "%s draws random numbers that another worker could not repeat; use Dropout"
              .formatted(dropout.getClass().getSimpleName()));
    }
    if (((org.deeplearning4j.nn.conf.dropout.Dropout) dropout).getPSchedule() != null) {
      throw wrong(index, layer, "Dropout with a schedule is not known here; give p as a number");
    }
  }

  private void checkBase(int index, BaseLayer layer) {
    if (layer.getWeightNoise() != null) {
      throw wrong(
          index,
          layer,
          "%s draws random numbers that another worker could not repeat; take weightNoise away"
              .formatted(layer.getWeightNoise().getClass().getSimpleName()));
    }
    if (layer.getActivationFn() instanceof ActivationRReLU) {
      throw wrong(
          index,
          layer,
          "RReLU draws random numbers that another worker could not repeat; use LReLU");
    }
    GradientNormalization normalization = layer.getGradientNormalization();
    if (normalization != null && normalization != GradientNormalization.None) {
      throw wrong(
          index,
          layer,
          "gradientNormalization is %s but must be None; clip with the training's optimizer"
              .formatted(normalization));
    }
  }

  /** By the preprocessor of the input, or by the first layer to which its form matters. */
  private InputLayout inputLayout(MultiLayerConfiguration dl4j) {
    if (dl4j.getInputPreProcess(0) instanceof FeedForwardToCnnPreProcessor image) {
      checkImage(image);
      return InputLayout.IMAGE;
    }
    for (int i = 0; i < dl4j.getConfs().size(); i++) {
      List<Layer> unwrapped = unwrapped(i, dl4j.getConf(i).getLayer());
      Layer layer = unwrapped.get(unwrapped.size() - 1);
      if (layer instanceof BaseRecurrentLayer recurrent) {
        checkInputs(i, recurrent, input.width() * input.channels(), "columns x channels");
        return InputLayout.SEQUENCE;
      }
      if (layer instanceof ConvolutionLayer convolution && !(layer instanceof Convolution1DLayer)) {
        checkInputs(i, convolution, input.channels(), "channels");
        return InputLayout.IMAGE;
      }
      if (layer instanceof SubsamplingLayer && !(layer instanceof Subsampling1DLayer)) {
        return InputLayout.IMAGE;
      }
      if (!isElementwise(layer)) {
        if (layer instanceof FeedForwardLayer flat) {
          checkInputs(i, flat, input.size(), "numbers");
        }
        return InputLayout.FLAT;
      }
    }
    return InputLayout.FLAT;
  }

  private static boolean isElementwise(Layer layer) {
    return layer instanceof DropoutLayer
        || layer instanceof BatchNormalization
        || layer instanceof org.deeplearning4j.nn.conf.layers.ActivationLayer;
  }

  private void checkImage(FeedForwardToCnnPreProcessor image) {
    if (image.getInputHeight() != input.height()
        || image.getInputWidth() != input.width()
        || image.getNumChannels() != input.channels()) {
      throw new ConfigurationException(
          "%s: its input is %d x %d x %d but the data is %d x %d x %d"
              .formatted(
                  where,
                  image.getInputHeight(),
                  image.getInputWidth(),
                  image.getNumChannels(),
                  input.height(),
                  input.width(),
                  input.channels()));
    }
  }

  private void checkInputs(int index, FeedForwardLayer layer, int inputs, String what) {
    if (layer.getNIn() != inputs) {
      throw wrong(
          index,
          layer,
          "nin is %d but the data, %s, has %d %s".formatted(layer.getNIn(), input, inputs, what));
    }
  }

  private OutputLayer output(MultiLayerConfiguration dl4j) {
    int last = dl4j.getConfs().size() - 1;
    Layer layer = dl4j.getConf(last).getLayer();
    if (layer.getClass() != OutputLayer.class) {
      throw wrong(last, layer, "the last layer must be an OutputLayer");
    }
    OutputLayer output = (OutputLayer) layer;
    boolean single =
        output.getNOut() == 1
            && classes == 2
            && output.getActivationFn() instanceof ActivationSigmoid;
    if (output.getNOut() != classes && !single) {
      throw wrong(
          last,
          layer,
          "nout is %d but the data has %d classes".formatted(output.getNOut(), classes));
    }
    return output;
  }

  private Loss loss(int index, OutputLayer output) {
    ILossFunction function = output.getLossFn();
    if (isCrossentropy(function) && ((LossMCXENT) function).getWeights() == null) {
      if (!(output.getActivationFn() instanceof ActivationSoftmax)) {
        throw wrong(
            index,
            output,
            "activation %s cannot go with loss %s; use softmax"
                .formatted(output.getActivationFn(), name(function)));
      }
      return Loss.CATEGORICAL_CROSSENTROPY;
    }
    if (function != null && function.getClass() == LossBinaryXENT.class) {
      checkBinary(index, output, (LossBinaryXENT) function);
      return Loss.BINARY_CROSSENTROPY;
    }
    if (function != null
        && function.getClass() == LossMSE.class
        && ((LossMSE) function).getWeights() == null) {
      return Loss.MSE;
    }
    throw wrong(
        index,
        output,
        "loss %s is not known here; use LossMCXENT, LossNegativeLogLikelihood or LossMSE without weights, or LossBinaryXENT"
            .formatted(name(function)));
  }

  /** Not so its other subclasses, such as that for sparse labels, which take other labels. */
  private static boolean isCrossentropy(ILossFunction function) {
    return function != null
        && (function.getClass() == LossMCXENT.class
            || function.getClass() == LossNegativeLogLikelihood.class);
  }

  private void checkBinary(int index, OutputLayer output, LossBinaryXENT loss) {
    if (!(output.getActivationFn() instanceof ActivationSigmoid)) {
      throw wrong(
          index,
          output,
          "activation %s cannot go with loss LossBinaryXENT; use sigmoid"
              .formatted(output.getActivationFn()));
    }
    float weight = 1f / output.getNOut();
    INDArray weights = loss.getWeights();
    boolean mean =
        weights == null
            ? output.getNOut() == 1
            : weights.length() == output.getNOut()
                && weights.castTo(DataType.DOUBLE).sub(weight).norm1Number().doubleValue() < 1e-6;
    if (!mean) {
      throw wrong(
          index,
          output,
          "LossBinaryXENT sums over the %d units, but binary_crossentropy is their mean; give it weights of 1/%d each"
              .formatted(output.getNOut(), output.getNOut()));
    }
  }

  private static String name(ILossFunction function) {
    return function == null ? "null" : function.getClass().getSimpleName();
  }

  private List<InputType> types(MultiLayerConfiguration dl4j, InputLayout inputLayout) {
    InputType type =
        switch (inputLayout) {
          case FLAT -> InputType.feedForward(input.size());
          case IMAGE ->
              dl4j.getInputPreProcess(0) == null
                  ? InputType.convolutional(input.height(), input.width(), input.channels())
                  : InputType.convolutionalFlat(input.height(), input.width(), input.channels());
          case SEQUENCE ->
              InputType.recurrent((long) input.width() * input.channels(), input.height());
        };
    try {
      return dl4j.getLayerActivationTypes(type);
    } catch (RuntimeException e) {
      throw doesNotFit(e);
    }
  }

  private ParameterLayout layout(MultiLayerConfiguration dl4j) {
    try {
      return ParameterLayout.of(where, dl4j.clone());
    } catch (ConfigurationException e) {
      throw e;
    } catch (RuntimeException e) {
      throw doesNotFit(e);
    }
  }

  /** DL4J's own checks do not see everything; running it does. */
  private void tryOneExample(
      MultiLayerConfiguration dl4j, InputLayout inputLayout, ParameterLayout layout) {
    long[] shape =
        switch (inputLayout) {
          case FLAT -> new long[] {1, input.size()};
          case IMAGE -> new long[] {1, input.channels(), input.height(), input.width()};
          case SEQUENCE -> new long[] {1, (long) input.width() * input.channels(), input.height()};
        };
    long[] found;
    try {
      MultiLayerNetwork network = new MultiLayerNetwork(dl4j.clone());
      network.init(Nd4j.create(DataType.FLOAT, 1, layout.length()), false);
      found = network.output(Nd4j.create(DataType.FLOAT, shape)).shape();
    } catch (RuntimeException e) {
      throw doesNotFit(e);
    }
    OutputLayer output = (OutputLayer) dl4j.getConf(dl4j.getConfs().size() - 1).getLayer();
    if (found.length != 2 || found[0] != 1 || found[1] != output.getNOut()) {
      throw new ConfigurationException(
          "%s: for one example its output has the shape %s but must have [1, %d]"
              .formatted(where, Arrays.toString(found), output.getNOut()));
    }
  }

  private List<NetworkLayer> layers(
      MultiLayerConfiguration dl4j,
      InputLayout inputLayout,
      List<InputType> types,
      ParameterLayout layout) {
    List<NetworkLayer> layers = new ArrayList<>();
    ActivationShape shape = Network.inputShape(inputLayout, input);
    for (int i = 0; i < types.size(); i++) {
      Layer layer = dl4j.getConf(i).getLayer();
      ActivationShape output = shape(i, layer, types.get(i));
      InputPreProcessor before = dl4j.getInputPreProcess(i);
      boolean flattens = before instanceof CnnToFeedForwardPreProcessor;
      boolean known = before == null || flattens || i == 0;
      ActivationShape seen = flattens ? new ActivationShape.Flat(shape.size()) : shape;
      layers.add(
          new NetworkLayer(
              i + 1,
              layer.getClass().getSimpleName(),
              description(i, layer),
              seen,
              output,
              layout.of(i),
              known ? Dl4jTranslation.of(layer) : Optional.empty()));
      shape = output;
    }
    return layers;
  }

  private String description(int index, Layer layer) {
    List<Layer> unwrapped = unwrapped(index, layer);
    Layer inner = unwrapped.get(unwrapped.size() - 1);
    String wrapped = inner == layer ? "" : inner.getClass().getSimpleName() + ", ";
    if (inner instanceof FeedForwardLayer flat && !isElementwise(inner)) {
      return wrapped + "nOut %d, %s".formatted(flat.getNOut(), flat.getActivationFn());
    }
    return inner == layer ? "" : inner.getClass().getSimpleName();
  }

  private ActivationShape shape(int index, Layer layer, InputType type) {
    if (type instanceof InputType.InputTypeFeedForward flat) {
      return new ActivationShape.Flat(Math.toIntExact(flat.getSize()));
    }
    if (type instanceof InputType.InputTypeConvolutionalFlat flat) {
      return new ActivationShape.Flat(Math.toIntExact(flat.getFlattenedSize()));
    }
    if (type instanceof InputType.InputTypeConvolutional image) {
      return new ActivationShape.Image(
          Math.toIntExact(image.getHeight()),
          Math.toIntExact(image.getWidth()),
          Math.toIntExact(image.getChannels()));
    }
    if (type instanceof InputType.InputTypeRecurrent sequence) {
      return new ActivationShape.Sequence(
          Math.toIntExact(sequence.getTimeSeriesLength()), Math.toIntExact(sequence.getSize()));
    }
    throw wrong(index, layer, "its output, " + type + ", is not known here");
  }

  private static float[] initialParameters(String json, long seed) {
    MultiLayerConfiguration dl4j = MultiLayerConfiguration.fromJson(json);
    dl4j.getConfs().forEach(layer -> layer.setSeed(seed));
    MultiLayerNetwork network = new MultiLayerNetwork(dl4j);
    network.init();
    float[] parameters = new float[Math.toIntExact(network.numParams())];
    network.params().data().asNioFloat().get(parameters);
    return parameters;
  }

  private ConfigurationException doesNotFit(RuntimeException e) {
    return new ConfigurationException(
        "%s: DL4J cannot run it on examples of %s: %s".formatted(where, input, Dl4jJson.reason(e)),
        e);
  }

  private ConfigurationException wrong(int index, Layer layer, String what) {
    return new ConfigurationException(
        "%s: layer %d (%s): %s"
            .formatted(where, index + 1, layer.getClass().getSimpleName(), what));
  }
}
