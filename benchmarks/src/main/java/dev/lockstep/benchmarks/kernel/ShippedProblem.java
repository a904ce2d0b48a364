package dev.lockstep.benchmarks.kernel;

import dev.lockstep.data.Examples;
import dev.lockstep.data.Mnist;
import dev.lockstep.engine.Batch;
import dev.lockstep.engine.FloatVector;
import dev.lockstep.network.Network;
import dev.lockstep.network.NetworkDefinition;
import dev.lockstep.yaml.Section;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.util.stream.IntStream;

/** A network of {@code conf/networks} on MNIST, with its first parameters and a batch. */
public record ShippedProblem(
    Network network, FloatBuffer parameters, FloatBuffer gradient, Batch batch) {
  /** The network called {@code name}, and the first {@code size} examples as a micro-batch. */
  public static ShippedProblem of(String name, int size) {
    Examples examples = Mnist.load().training();
    Network network =
        NetworkDefinition.read(name, Section.parse(name + ".yaml", yaml(name)))
            .build(examples.shape(), examples.classes());
    Batch batch = new Batch(examples.shape(), size);
    batch.fill(examples, IntStream.range(0, size).toArray(), 0, size);
    FloatBuffer parameters = FloatVector.of(network.initialParameters(1));
    return new ShippedProblem(
        network, parameters, FloatVector.allocate(parameters.capacity()), batch);
  }

  private static String yaml(String name) {
    try (InputStream in =
        ShippedProblem.class.getResourceAsStream(
            "/dev/lockstep/benchmarks/conf/networks/" + name + ".yaml")) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
