package dev.lockstep.network;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.lockstep.yaml.ConfigurationException;
import dev.lockstep.yaml.Section;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/** The layers of Keras that have an equal here, each read from its own {@code config}. */
final class KerasLayers {
  /** Reads one kind of layer. */
  interface Kind {
    /**
     * The layer that does the same.
     *
     * @param rank how many dimensions its input has, without the batch's; 0 if not known
     * @throws ConfigurationException if a setting is out of range or cannot be had here
     */
    Layer read(Section section, int rank);
  }

  /** By Keras' names of their classes. */
  static final SortedMap<String, Kind> KINDS =
      new TreeMap<>(
          Map.ofEntries(
              Map.entry("Dense", (section, rank) -> dense(section)),
              Map.entry("Conv2D", (section, rank) -> convolution(section)),
              Map.entry(
                  "MaxPooling2D", (section, rank) -> pooling(Pooling2d.Statistic.MAX, section)),
              Map.entry(
                  "AveragePooling2D",
                  (section, rank) -> pooling(Pooling2d.Statistic.AVERAGE, section)),
              Map.entry("Flatten", (section, rank) -> flatten(section)),
              Map.entry("Dropout", (section, rank) -> dropout(section)),
              Map.entry("BatchNormalization", KerasLayers::normalization),
              Map.entry("SimpleRNN", (section, rank) -> new SimpleRnn(recurrence(section))),
              Map.entry("LSTM", (section, rank) -> lstm(section)),
              Map.entry("Activation", (section, rank) -> ActivationLayer.read(section)),
              Map.entry("ReLU", (section, rank) -> relu(section)),
              Map.entry("LeakyReLU", (section, rank) -> leaky(section)),
              Map.entry("ELU", (section, rank) -> elu(section)),
              Map.entry("Softmax", KerasLayers::softmax)));

  private KerasLayers() {}

  private static Dense dense(Section section) {
    Dense dense =
        new Dense(
            section.whole("units", 1),
            Activation.read(section, "activation", Activation.LINEAR, Activation.ALL),
            section.flag("use_bias", true),
            kernelInitializer(section),
            biasInitializer(section),
            regularizer(section, "kernel_regularizer"));
    extras(section);
    absent(section, "lora_rank", "there are no adapters here");
    absent(section, "quantization_config", "weights are not quantised here");
    return dense;
  }

  private static Conv2d convolution(Section section) {
    int filters = section.whole("filters", 1);
    if (!section.has("kernel_size")) {
      throw section.missing("kernel_size", Size.RULE);
    }
    Conv2d convolution =
        new Conv2d(
            filters,
            new Window(
                Size.read(section, "kernel_size", null),
                Size.read(section, "strides", new Size(1, 1)),
                Window.readPadding(section)),
            Activation.read(section, "activation", Activation.LINEAR, Activation.ELEMENTWISE),
            section.flag("use_bias", true),
            kernelInitializer(section),
            biasInitializer(section),
            regularizer(section, "kernel_regularizer"));
    channelsLast(section);
    Size dilation = Size.read(section, "dilation_rate", new Size(1, 1));
    if (!dilation.equals(new Size(1, 1))) {
      throw section.wrong(
          "dilation_rate", TextNode.valueOf(dilation.toString()), "1: kernels have no gaps here");
    }
    requireNumber(section, "groups", 1, "every filter sees all channels");
    extras(section);
    absent(section, "lora_rank", "there are no adapters here");
    absent(section, "quantization_config", "weights are not quantised here");
    return convolution;
  }

  private static Pooling2d pooling(Pooling2d.Statistic statistic, Section section) {
    Size size = Size.read(section, "pool_size", new Size(2, 2));
    Size strides = Size.read(section, "strides", size);
    channelsLast(section);
    return new Pooling2d(statistic, new Window(size, strides, Window.readPadding(section)));
  }

  private static Flatten flatten(Section section) {
    channelsLast(section);
    return new Flatten();
  }

  private static Dropout dropout(Section section) {
    absent(section, "noise_shape", "every number is dropped by itself");
    section.value("seed");
    return Dropout.read(section);
  }

  private static BatchNormalization normalization(Section section, int rank) {
    JsonNode axis = section.value("axis");
    JsonNode only = axis.isArray() && axis.size() == 1 ? axis.get(0) : axis;
    boolean last = only.isMissingNode() || only.asInt() == -1 || rank != 0 && only.asInt() == rank;
    if (!last || rank == 2) {
      throw new ConfigurationException(
          "%s: its axis is %s of an input of %d dimensions but must be the last, -1, of a vector's or an image's dimensions"
              .formatted(section.where(), axis.isMissingNode() ? "-1" : axis, rank));
    }
    requireFlag(section, "center", true, "a beta is always added");
    requireFlag(section, "scale", true, "it always scales by a gamma");
    requireFlag(section, "synchronized", false, "statistics are per micro-batch");
    requireFlag(section, "renorm", false, "batches are not renormalised");
    section.value("fused"); // the same result by another way
    absent(section, "virtual_batch_size", "statistics are per micro-batch");
    initial(section, "beta_initializer", Initializer.ZEROS);
    initial(section, "gamma_initializer", Initializer.ONES);
    initial(section, "moving_mean_initializer", Initializer.ZEROS);
    initial(section, "moving_variance_initializer", Initializer.ONES);
    for (String key : List.of("beta_regularizer", "gamma_regularizer")) {
      absent(section, key, "only kernels are regularised here");
    }
    for (String key : List.of("beta_constraint", "gamma_constraint")) {
      absent(section, key, "constraints are not applied here");
    }
    return BatchNormalization.read(section);
  }

  private static void initial(Section section, String key, Initializer only) {
    Initializer found = initializer(section, key, only, Initializer.ALL);
    if (found != only) {
      throw section.wrong(key, TextNode.valueOf(found.word()), only.word());
    }
  }

  private static Lstm lstm(Section section) {
    return new Lstm(
        recurrence(section),
        Activation.read(
            section, "recurrent_activation", Activation.SIGMOID, Activation.ELEMENTWISE),
        section.flag("unit_forget_bias", true));
  }

  private static Recurrence recurrence(Section section) {
    Regularizer regularizer = regularizer(section, "kernel_regularizer");
    if (!regularizer.equals(regularizer(section, "recurrent_regularizer"))) {
      throw new ConfigurationException(
          "%s: kernel_regularizer and recurrent_regularizer differ but must be equal: DL4J's configuration cannot tell the two kernels apart"
              .formatted(section.where()));
    }
    requireFlag(section, "use_bias", true, "recurrent layers always have a bias");
    for (String key :
        List.of(
            "return_state",
            "go_backwards",
            "stateful",
            "time_major",
            "zero_output_for_mask",
            "reset_after")) {
      requireFlag(section, key, false, "sequences are read from the first step to the last, whole");
    }
    for (String key : List.of("dropout", "recurrent_dropout")) {
      requireNumber(section, key, 0, "put a Dropout layer before it");
    }
    absent(section, "recurrent_constraint", "constraints are not applied here");
    for (String key : List.of("unroll", "implementation", "seed", "use_cudnn")) {
      section.value(key); // the same result by another way
    }
    extras(section);
    return new Recurrence(
        section.whole("units", 1),
        Activation.read(section, "activation", Activation.TANH, Activation.ELEMENTWISE),
        section.flag("return_sequences", false),
        kernelInitializer(section),
        initializer(section, "recurrent_initializer", Initializer.ORTHOGONAL, Initializer.ALL),
        biasInitializer(section),
        regularizer);
  }

  private static ActivationLayer relu(Section section) {
    absent(section, "max_value", "relu has no upper end here");
    requireNumber(section, "threshold", 0, "relu begins at 0 here");
    requireNumber(section, "negative_slope", 0, "use LeakyReLU(0.2)");
    return new ActivationLayer(Activation.RELU);
  }

  /** Keras 2 calls its slope alpha. Both default to 0.3, which its activation function does not. */
  private static ActivationLayer leaky(Section section) {
    String key = section.has("alpha") ? "alpha" : "negative_slope";
    double slope = section.number(key, 0.3, "a number", value -> true);
    section.value("alpha");
    // Keras 2 keeps it as a float32.
    if (Math.abs(slope - Activation.LEAKY_SLOPE) > 1e-7) {
      throw section.wrong(
          key,
          TextNode.valueOf(Double.toString(slope)),
          Activation.LEAKY_SLOPE + ", the slope of leaky_relu here");
    }
    return new ActivationLayer(Activation.LEAKY_RELU);
  }

  private static ActivationLayer elu(Section section) {
    requireNumber(section, "alpha", 1, "elu falls to -1 here");
    return new ActivationLayer(Activation.ELU);
  }

  private static ActivationLayer softmax(Section section, int rank) {
    JsonNode axis = section.value("axis");
    if (!axis.isMissingNode() && axis.asInt() != -1 && axis.asInt() != rank) {
      throw section.wrong("axis", axis, "-1, the last");
    }
    return new ActivationLayer(Activation.SOFTMAX);
  }

  /** What layers with kernels have and we do not. */
  private static void extras(Section section) {
    absent(section, "bias_regularizer", "only kernels are regularised here");
    absent(section, "activity_regularizer", "only kernels are regularised here");
    absent(section, "kernel_constraint", "constraints are not applied here");
    absent(section, "bias_constraint", "constraints are not applied here");
  }

  private static void channelsLast(Section section) {
    String order = section.text("data_format", "channels_last");
    if (!order.equals("channels_last")) {
      throw section.wrong(
          "data_format",
          TextNode.valueOf(order),
          "channels_last; build the model again with keras.config.set_image_data_format('channels_last')");
    }
  }

  private static void absent(Section section, String key, String reason) {
    if (section.has(key)) {
      throw section.wrong(key, section.value(key), "null: " + reason);
    }
  }

  /** Checks that {@code key}, if it is there, is {@code only}. */
  static void requireFlag(Section section, String key, boolean only, String reason) {
    if (section.flag(key, only) != only) {
      throw section.wrong(key, section.value(key), only + ": " + reason);
    }
  }

  private static void requireNumber(Section section, String key, double only, String reason) {
    double found = section.number(key, only, "a number", value -> true);
    if (found != only) {
      throw section.wrong(
          key,
          section.value(key),
          (only == Math.rint(only) ? Long.toString(Math.round(only)) : Double.toString(only))
              + ": "
              + reason);
    }
  }

  private static Regularizer regularizer(Section section, String key) {
    if (!section.has(key)) {
      return new Regularizer(0, 0);
    }
    Section object = object(section, key);
    String kind = object.text("class_name");
    if (!List.of("L1", "L2", "L1L2").contains(kind)) {
      throw section.wrong(key, TextNode.valueOf(kind), "null, L1, L2 or L1L2");
    }
    Section config = object.section("config");
    object.done();
    Regularizer regularizer = Regularizer.read(config);
    config.done();
    return regularizer;
  }

  private static Initializer kernelInitializer(Section section) {
    return initializer(section, "kernel_initializer", Initializer.GLOROT_UNIFORM, Initializer.ALL);
  }

  private static Initializer biasInitializer(Section section) {
    return initializer(section, "bias_initializer", Initializer.ZEROS, Initializer.OF_VECTORS);
  }

  private static Initializer initializer(
      Section section, String key, Initializer otherwise, List<Initializer> from) {
    JsonNode value = section.value(key);
    if (value.isMissingNode()) {
      return otherwise;
    }
    if (value.isTextual()) {
      return named(section, key, value.textValue(), from);
    }
    Section object = object(section, key);
    String kind = object.text("class_name");
    Section config = object.section("config");
    object.done();
    config.value("seed");
    config.value("dtype");
    Initializer found =
        kind.equals("VarianceScaling") ? scaled(config) : named(section, key, kind, from);
    switch (found) {
      case RANDOM_UNIFORM -> {
        requireNumber(config, "minval", -0.05, "random_uniform is within 0.05 of 0 here");
        requireNumber(config, "maxval", 0.05, "random_uniform is within 0.05 of 0 here");
      }
      case RANDOM_NORMAL -> {
        requireNumber(config, "mean", 0, "random_normal is around 0 here");
        requireNumber(config, "stddev", 0.05, "random_normal has this deviation here");
      }
      case ORTHOGONAL -> requireNumber(config, "gain", 1, "vectors are of length one here");
      default -> {}
    }
    config.done();
    return found;
  }

  private static Initializer named(
      Section section, String key, String kind, List<Initializer> from) {
    Optional<Initializer> found =
        from.stream().filter(each -> folded(each.word()).equals(folded(kind))).findFirst();
    return found.orElseThrow(
        () ->
            section.wrong(
                key,
                TextNode.valueOf(kind),
                "one of " + String.join(", ", from.stream().map(Initializer::word).toList())));
  }

  private static String folded(String name) {
    return name.replace("_", "").toLowerCase(Locale.ROOT);
  }

  /** What Glorot's, He's and LeCun's are special cases of; Keras' older versions write them so. */
  private static Initializer scaled(Section config) {
    double scale = config.number("scale", 1, "a number > 0", value -> value > 0);
    String mode = config.text("mode", "fan_in");
    String distribution = config.text("distribution", "truncated_normal");
    boolean uniform = distribution.equals("uniform");
    boolean normal = distribution.equals("truncated_normal") || distribution.equals("normal");
    if (uniform || normal) {
      if (mode.equals("fan_avg") && scale == 1) {
        return uniform ? Initializer.GLOROT_UNIFORM : Initializer.GLOROT_NORMAL;
      }
      if (mode.equals("fan_in") && scale == 2) {
        return uniform ? Initializer.HE_UNIFORM : Initializer.HE_NORMAL;
      }
      if (mode.equals("fan_in") && scale == 1) {
        return uniform ? Initializer.LECUN_UNIFORM : Initializer.LECUN_NORMAL;
      }
    }
    throw new ConfigurationException(
        "%s: scale %s, mode %s and distribution %s are those of none of the initializers known here: glorot_, he_ and lecun_ with uniform or normal"
            .formatted(config.where(), scale, mode, distribution));
  }

  /** The loss of a compiled model. */
  static Loss loss(Section compiled) {
    JsonNode value = compiled.value("loss");
    String kind = value.isObject() ? value.path("class_name").asText() : value.asText();
    Loss loss =
        switch (folded(kind)) {
          case "categoricalcrossentropy", "sparsecategoricalcrossentropy" ->
              Loss.CATEGORICAL_CROSSENTROPY;
          case "binarycrossentropy" -> Loss.BINARY_CROSSENTROPY;
          case "mse", "meansquarederror" -> Loss.MSE;
          default ->
              throw compiled.wrong(
                  "loss",
                  value.isObject() ? TextNode.valueOf(kind) : value,
                  "categorical_crossentropy, sparse_categorical_crossentropy, binary_crossentropy or mse");
        };
    if (value.isObject()) {
      Section config = object(compiled, "loss").section("config");
      requireFlag(
          config, "from_logits", false, "give the last layer its softmax or sigmoid activation");
      requireNumber(config, "label_smoothing", 0, "labels are taken as they are");
      absent(config, "ignore_class", "every class counts");
    }
    return loss;
  }

  /** Something that Keras writes as its class and its settings. */
  private static Section object(Section section, String key) {
    Section object = section.section(key);
    object.value("module");
    object.value("registered_name");
    object.value("build_config");
    return object;
  }
}
