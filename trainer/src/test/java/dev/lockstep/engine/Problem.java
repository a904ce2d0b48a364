package dev.lockstep.engine;

import dev.lockstep.data.Examples;
import dev.lockstep.data.MicroBatch;
import dev.lockstep.data.Shape;
import dev.lockstep.network.Layer;
import dev.lockstep.network.Network;
import dev.lockstep.network.NetworkDefinition;
import dev.lockstep.network.Segment;
import dev.lockstep.random.CounterRandom;
import dev.lockstep.yaml.Section;
import java.nio.FloatBuffer;
import java.util.List;

/** A network with parameters and examples drawn at random. */
record Problem(Network network, Examples examples, FloatBuffer parameters) {
  static final Shape IMAGE = new Shape(6, 5, 2);
  static final int CLASSES = 3;
  static final long SEED = 11;

  /** One layer a line. */
  static Problem of(String loss, String... layers) {
    return of(IMAGE, CLASSES, loss, layers);
  }

  static Problem of(Shape shape, int classes, String loss, String... layers) {
    Network network = definition(loss, List.of(layers)).build(shape, classes);
    return new Problem(network, examples(shape, classes, 12), parameters(network));
  }

  private static NetworkDefinition definition(String loss, List<String> layers) {
    String yaml = "layers:\n  - " + String.join("\n  - ", layers) + "\nloss: " + loss + "\n";
    return NetworkDefinition.read("test", Section.parse("net.yaml", yaml));
  }

  /** The layers alone, which need not be a network. */
  static List<Layer> layers(List<String> layers) {
    return layers.isEmpty() ? List.of() : definition("mse", layers).layers();
  }

  /** Followed by the usual last layer. */
  static Problem classifier(String... layers) {
    String[] all = java.util.Arrays.copyOf(layers, layers.length + 1);
    all[layers.length] = "dense: {units: 3, activation: softmax}";
    return of("categorical_crossentropy", all);
  }

  /** The same, with its network read from DL4J's JSON. */
  Problem asJson() {
    Network json =
        Network.fromDl4j("json", network.dl4j().toJson(), network.input(), network.classes());
    return new Problem(json, examples, parameters);
  }

  static Examples examples(Shape shape, int classes, int count) {
    CounterRandom random = new CounterRandom(5);
    byte[][] pixels = new byte[count][shape.size()];
    byte[] labels = new byte[count];
    for (int i = 0; i < count; i++) {
      labels[i] = (byte) random.nextInt(classes);
      for (int p = 0; p < shape.size(); p++) {
        pixels[i][p] = (byte) random.nextInt(256);
      }
    }
    return new Examples(shape, classes, pixels, labels);
  }

  private static FloatBuffer parameters(Network network) {
    FloatBuffer parameters = FloatVector.of(network.initialParameters(SEED));
    CounterRandom random = new CounterRandom(3);
    for (int i = 0; i < parameters.capacity(); i++) {
      parameters.put(i, parameters.get(i) + (float) (0.2 * random.nextGaussian()));
    }
    for (Segment segment : network.layout().segments()) {
      for (int i = 0; segment.name().equals("var") && i < segment.length(); i++) {
        int at = segment.offset() + i;
        parameters.put(at, 0.1f + Math.abs(parameters.get(at)));
      }
    }
    return parameters;
  }

  /** The first {@code size} examples, at places of a larger batch. */
  Batch batch(int size, int capacity) {
    MicroBatch part = new MicroBatch(size);
    for (int i = 0; i < size; i++) {
      part.add(i % examples.size(), 3 * i + 1);
    }
    Batch batch = new Batch(network.input(), capacity);
    batch.fill(examples, part);
    return batch;
  }

  /** What {@code engines} gives for the sum of the gradients of {@code batch}. */
  float[] gradient(EngineFactory engines, Batch batch, long step, StepSums sums) {
    FloatBuffer gradient = FloatVector.allocate(parameters.capacity());
    try (Engine engine = engines.open(network, SEED, parameters, gradient, batch.capacity())) {
      engine.gradient(batch, step, sums);
      return FloatVector.copy(gradient);
    }
  }

  /** What an engine gives for a batch: its gradient, and then its predictions, a row an example. */
  record Computed(float[] gradient, float[] predictions) {}

  /** Both by one engine: DL4J's collects the whole heap's garbage when it is closed. */
  Computed computed(EngineFactory engines, Batch batch, long step, StepSums sums) {
    FloatBuffer gradient = FloatVector.allocate(parameters.capacity());
    FloatBuffer outputs = FloatVector.allocate(batch.size() * network.outputs());
    try (Engine engine = engines.open(network, SEED, parameters, gradient, batch.capacity())) {
      engine.gradient(batch, step, sums);
      float[] computed = FloatVector.copy(gradient);
      engine.predict(batch, outputs);
      return new Computed(computed, FloatVector.copy(outputs));
    }
  }
}
