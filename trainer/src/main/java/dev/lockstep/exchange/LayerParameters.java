package dev.lockstep.exchange;

import dev.lockstep.network.Layer;
import dev.lockstep.network.NetworkLayer;
import dev.lockstep.network.Segment;
import dev.lockstep.yaml.ConfigurationException;
import java.util.Arrays;
import java.util.Optional;

/**
 * A layer with its own part of the parameters.
 *
 * @param where what errors call the model
 * @param parameters of the whole network, in DL4J's order
 */
record LayerParameters(String where, NetworkLayer layer, float[] parameters) {
  /**
   * The layer's definition.
   *
   * @throws ConfigurationException if we have no layer that computes all that this one does
   */
  Layer definition() {
    return layer
        .definition()
        .orElseThrow(
            () ->
                new ConfigurationException(
                    "%s: layer %d (%s) is known only as DL4J's JSON sets it, so it cannot be exported in this format; use --format dl4j, or define the network with layers that `lockstep describe` lists by Keras' name"
                        .formatted(where, layer.number(), layer.kind())));
  }

  /** Keras' name of the layer: what Keras calls it, and its number in the network. */
  String name() {
    return definition().kind() + "_" + layer.number();
  }

  /** The numbers of the array that DL4J calls {@code name}, in DL4J's order. */
  float[] array(String name) {
    return find(name).orElseThrow(() -> new IllegalStateException(name() + " has no " + name));
  }

  /** The same, if the layer has it. */
  Optional<float[]> find(String name) {
    return layer.segments().stream()
        .filter(segment -> segment.name().equals(name))
        .map(this::copy)
        .findFirst();
  }

  private float[] copy(Segment segment) {
    return Arrays.copyOfRange(parameters, segment.offset(), segment.offset() + segment.length());
  }
}
