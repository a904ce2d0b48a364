package dev.lockstep.network;

import dev.lockstep.data.Shape;
import dev.lockstep.yaml.Section;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Networks that tests begin with. */
final class Definitions {
  static final Shape MNIST = new Shape(28, 28, 1);

  private Definitions() {}

  static NetworkDefinition of(String yaml) {
    return NetworkDefinition.read("test", Section.parse("net.yaml", yaml));
  }

  /** A definition with one layer a line, and categorical cross-entropy. */
  static NetworkDefinition layers(String... layers) {
    return of(
        "layers:\n  - " + String.join("\n  - ", layers) + "\nloss: categorical_crossentropy\n");
  }

  static NetworkDefinition shipped(String name) throws IOException {
    Path file = Path.of("..", "conf", "networks", name + ".yaml");
    return NetworkDefinition.read(
        name, Section.parse(file.getFileName().toString(), Files.readString(file)));
  }
}
