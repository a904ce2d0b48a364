package dev.lockstep.network;

import java.util.List;
import java.util.Optional;

/**
 * One layer of a network with what follows from its input.
 *
 * @param number from 1, in the order of the definition
 * @param kind Keras' name; DL4J's class where the network came as DL4J's JSON
 * @param description its settings in a few words, perhaps empty
 * @param segments its parameters, perhaps none
 * @param input the shape of what it computes with: flat after a preprocessor of DL4J's that
 *     flattens
 * @param definition the layer as defined; none where the network came as DL4J's JSON and we have no
 *     layer that computes all that this one does
 */
public record NetworkLayer(
    int number,
    String kind,
    String description,
    ActivationShape input,
    ActivationShape output,
    List<Segment> segments,
    Optional<Layer> definition) {
  public NetworkLayer {
    segments = List.copyOf(segments);
  }

  /** How many parameters it has. */
  public int parameters() {
    return segments.stream().mapToInt(Segment::length).sum();
  }
}
