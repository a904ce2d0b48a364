package dev.lockstep.engine;

import dev.lockstep.network.Segment;
import java.nio.FloatBuffer;
import java.util.List;
import org.bytedeco.javacpp.FloatPointer;

/** The two flat vectors that an engine is bound to, by the names of their segments. */
record Vectors(FloatBuffer parameters, FloatBuffer gradient) {
  /** The parameters of {@code segment}, for native code. */
  FloatPointer parameters(Segment segment) {
    return new FloatPointer(parameters).position(segment.offset());
  }

  /** The gradient of {@code segment}, for native code. */
  FloatPointer gradient(Segment segment) {
    return new FloatPointer(gradient).position(segment.offset());
  }

  static boolean has(List<Segment> segments, String name) {
    return segments.stream().anyMatch(segment -> segment.name().equals(name));
  }

  /** The segment that DL4J calls {@code name}. */
  static Segment segment(List<Segment> segments, String name) {
    return segments.stream()
        .filter(segment -> segment.name().equals(name))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("no " + name + " in " + segments));
  }
}
