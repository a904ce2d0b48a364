package dev.lockstep.network;

import dev.lockstep.data.Shape;
import dev.lockstep.nativelib.NativeLibraries;
import dev.lockstep.random.CounterRandom;
import dev.lockstep.yaml.ConfigurationException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.LongFunction;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;

/**
 * A network for examples of one shape: its layers with their shapes, the layout and initial values
 * of its parameters, and DL4J's configuration of it. Immutable and safe for use by many threads.
 */
public final class Network {
  /** What its random streams are keyed by: the letters "init". */
  private static final long INITIALIZATION = 0x696E6974;

  private final String name;
  private final Shape input;
  private final int classes;
  private final int outputs;
  private final Loss loss;
  private final InputLayout inputLayout;
  private final List<NetworkLayer> layers;
  private final ParameterLayout layout;
  private final String json;
  private final LongFunction<float[]> initialParameters;

  Network(
      String name,
      Shape input,
      int classes,
      int outputs,
      Loss loss,
      InputLayout inputLayout,
      List<NetworkLayer> layers,
      ParameterLayout layout,
      MultiLayerConfiguration dl4j,
      LongFunction<float[]> initialParameters) {
    this.name = name;
    this.input = input;
    this.classes = classes;
    this.outputs = outputs;
    this.loss = loss;
    this.inputLayout = inputLayout;
    this.layers = List.copyOf(layers);
    this.layout = layout;
    this.json = dl4j.toJson();
    this.initialParameters = initialParameters;
  }

  /**
   * The network of a DL4J {@code MultiLayerConfiguration} in JSON. Its updaters and its seed are
   * not used: the training's optimizer and seed are.
   *
   * @param name what errors and reports call it
   * @throws ConfigurationException if the text is not such a configuration, does not fit the data,
   *     or asks for something that a worker cannot repeat or the coordinator does not do
   */
  public static Network fromDl4j(String name, String json, Shape input, int classes) {
    NativeLibraries.load();
    return new Dl4jReader(name, input, classes).read(json);
  }

  /**
   * The network of a DL4J {@code MultiLayerConfiguration} in JSON, whatever arrays of features and
   * labels it takes and whatever its loss is. Of the arrays it says nothing: an example of it is
   * the number of a row of them, and there are no classes. Its layers are not listed.
   *
   * @param name what errors call it
   * @throws ConfigurationException if the text is not such a configuration, or asks for something
   *     that a worker cannot repeat or the coordinator does not do
   */
  public static Network ofArrays(String name, String json) {
    NativeLibraries.load();
    return new Dl4jReader(name, Shape.vector(1), 1).readOfArrays(json);
  }

  /** What errors and reports call it. */
  public String name() {
    return name;
  }

  /** The shape of an example. */
  public Shape input() {
    return input;
  }

  /** How many classes there are. */
  public int classes() {
    return classes;
  }

  /** How many units the last layer has: the classes, or 1 where there are two. */
  public int outputs() {
    return outputs;
  }

  /** The loss. */
  public Loss loss() {
    return loss;
  }

  /** The arrays it takes. */
  public InputLayout inputLayout() {
    return inputLayout;
  }

  /** Its layers in order, with their shapes. */
  public List<NetworkLayer> layers() {
    return layers;
  }

  /**
   * The layers as they compute, each with the shape that the one before it gives: {@link #layers},
   * and a flatten wherever DL4J's JSON has none but a preprocessor that flattens. Such a flatten
   * has the number of the layer that it stands before.
   */
  public List<NetworkLayer> computation() {
    List<NetworkLayer> steps = new ArrayList<>();
    for (NetworkLayer layer : layers) {
      if (!steps.isEmpty()) {
        ActivationShape before = steps.get(steps.size() - 1).output();
        if (layer.input() instanceof ActivationShape.Flat flat && !flat.equals(before)) {
          steps.add(flatten(layer.number(), before, flat));
        }
      }
      steps.add(layer);
    }
    return List.copyOf(steps);
  }

  private static NetworkLayer flatten(
      int number, ActivationShape input, ActivationShape.Flat flat) {
    Layer flatten = new Flatten();
    return new NetworkLayer(
        number,
        flatten.kind(),
        flatten.description(),
        input,
        flat,
        List.of(),
        Optional.of(flatten));
  }

  /** Where each parameter array lies in the flat vector. */
  public ParameterLayout layout() {
    return layout;
  }

  /**
   * DL4J's configuration, new at each call (DL4J writes into it). Its updater is of no meaning. An
   * image network of it takes {@code [batch, size]} as well as {@code [batch, channels, height,
   * width]}.
   */
  public MultiLayerConfiguration dl4j() {
    return MultiLayerConfiguration.fromJson(json);
  }

  /**
   * The parameters before the first step, a function of {@code seed} alone. Those of a network that
   * came as DL4J's JSON are DL4J's own, drawn with this seed.
   */
  public float[] initialParameters(long seed) {
    return initialParameters.apply(seed);
  }

  static float[] initialParameters(List<NetworkLayer> layers, ParameterLayout layout, long seed) {
    float[] parameters = new float[layout.length()];
    for (NetworkLayer layer : layers) {
      for (int s = 0; s < layer.segments().size(); s++) {
        Segment segment = layer.segments().get(s);
        long key = CounterRandom.key(seed, INITIALIZATION, segment.layer(), s);
        layer
            .definition()
            .orElseThrow()
            .initialize(
                segment.name(),
                layer.input(),
                new CounterRandom(key),
                parameters,
                segment.offset());
      }
    }
    return parameters;
  }

  /** What the first layer sees of an example of shape {@code input}. */
  static ActivationShape inputShape(InputLayout layout, Shape input) {
    return switch (layout) {
      case FLAT -> new ActivationShape.Flat(input.size());
      case IMAGE -> new ActivationShape.Image(input.height(), input.width(), input.channels());
      case SEQUENCE ->
          new ActivationShape.Sequence(input.height(), input.width() * input.channels());
    };
  }
}
