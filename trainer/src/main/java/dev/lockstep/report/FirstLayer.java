package dev.lockstep.report;

import dev.lockstep.data.Shape;
import dev.lockstep.network.ActivationShape;
import dev.lockstep.network.Network;
import dev.lockstep.network.NetworkLayer;
import dev.lockstep.network.Segment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/** What the first layer with weights looks for in an example, as pictures. */
public final class FirstLayer {
  /** How many units or filters are shown, at most. */
  static final int MOST = 64;

  private FirstLayer() {}

  /**
   * The weights of the units of a dense layer that sees the whole example, each a picture of the
   * example's shape; or the filters of a convolution. Of many, those with the largest sum of
   * squares, in their order.
   *
   * @param parameters all of the network's
   * @return empty if the network begins with something else, such as a recurrent layer
   */
  public static List<Pictures> of(Network network, float[] parameters) {
    return network.layers().stream()
        .filter(layer -> layer.parameters() > 0)
        .findFirst()
        .flatMap(layer -> pictures(network, layer, parameters))
        .map(List::of)
        .orElse(List.of());
  }

  private static Optional<Pictures> pictures(
      Network network, NetworkLayer layer, float[] parameters) {
    Optional<Segment> weights =
        layer.segments().stream().filter(segment -> segment.name().equals("W")).findFirst();
    boolean recurrent = layer.segments().stream().anyMatch(segment -> segment.name().equals("RW"));
    if (weights.isEmpty() || recurrent) {
      return Optional.empty();
    }
    int units = units(layer.output());
    return shape(network, layer, weights.get().length() / units)
        .filter(Picture::canShow)
        .map(shape -> pictures(layer, shape, units, weights.get(), parameters));
  }

  private static int units(ActivationShape output) {
    return output instanceof ActivationShape.Image image ? image.channels() : output.size();
  }

  /** The shape of what one unit or filter sees. */
  private static Optional<Shape> shape(Network network, NetworkLayer layer, int weights) {
    if (weights == network.input().size()) {
      return Optional.of(network.input());
    }
    if (layer.input() instanceof ActivationShape.Image image && weights % image.channels() == 0) {
      int area = weights / image.channels();
      int side = (int) Math.round(Math.sqrt(area));
      return side * side == area
          ? Optional.of(new Shape(side, side, image.channels()))
          : Optional.empty();
    }
    return Optional.empty();
  }

  /** Both kinds of layer keep the weights of one unit or filter together. */
  private static Pictures pictures(
      NetworkLayer layer, Shape shape, int units, Segment weights, float[] parameters) {
    float[][] each = new float[units][];
    for (int unit = 0; unit < units; unit++) {
      int from = weights.offset() + unit * shape.size();
      each[unit] = Arrays.copyOfRange(parameters, from, from + shape.size());
    }
    int[] shown = largest(each);
    float strongest = strongest(each, shown);
    List<Picture> pictures = new ArrayList<>();
    for (int unit : shown) {
      pictures.add(Picture.ofWeights("unit " + unit, shape, each[unit], strongest));
    }
    return new Pictures(title(layer, shape, units, shown.length), pictures);
  }

  private static int[] largest(float[][] weights) {
    double[] squares = new double[weights.length];
    for (int unit = 0; unit < weights.length; unit++) {
      for (float weight : weights[unit]) {
        squares[unit] += (double) weight * weight;
      }
    }
    return IntStream.range(0, weights.length)
        .boxed()
        .sorted(Comparator.comparingDouble((Integer unit) -> squares[unit]).reversed())
        .limit(MOST)
        .sorted()
        .mapToInt(Integer::intValue)
        .toArray();
  }

  /** The amount that few weights exceed, so that one alone does not pale all others. */
  private static float strongest(float[][] weights, int[] shown) {
    float[] amounts = new float[Arrays.stream(shown).map(unit -> weights[unit].length).sum()];
    int i = 0;
    for (int unit : shown) {
      for (float weight : weights[unit]) {
        amounts[i++] = Math.abs(weight);
      }
    }
    Arrays.sort(amounts);
    return Math.max(amounts[(int) (amounts.length * 0.995)], Float.MIN_NORMAL);
  }

  private static String title(NetworkLayer layer, Shape shape, int units, int shown) {
    String which =
        units == shown
            ? "%d units".formatted(units)
            : "the %d strongest of %d units".formatted(shown, units);
    return "Layer %d (%s): %s, each of %s weights. Blue is above zero, red below."
        .formatted(layer.number(), layer.kind(), which, shape);
  }
}
