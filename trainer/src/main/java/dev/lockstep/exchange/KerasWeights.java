package dev.lockstep.exchange;

import dev.lockstep.network.Network;
import dev.lockstep.yaml.ConfigurationException;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A network's parameters from the weights that Keras keeps of the same layers. Which number goes
 * where is not said here a second time: {@link NumpyWeights} is asked where it would put each
 * parameter, and that way is gone back.
 */
final class KerasWeights {
  /** A float holds every whole number up to 2^24, so a parameter's place needs two. */
  private static final int LOW_BITS = 12;

  private static final int LOW = (1 << LOW_BITS) - 1;

  private KerasWeights() {}

  /**
   * All parameters, in DL4J's order.
   *
   * @param where what errors call the file
   * @throws ConfigurationException if the file has other layers or other shapes than the network
   */
  static float[] read(String where, Network network, Hdf5Weights file) {
    float[] parameters = new float[network.layout().length()];
    Map<String, INDArray> low = places(where, network, i -> i & LOW);
    Map<String, INDArray> high = places(where, network, i -> i >>> LOW_BITS);
    Map<String, List<String>> layers = new LinkedHashMap<>();
    for (String name : low.keySet()) {
      int slash = name.indexOf('/');
      layers.computeIfAbsent(name.substring(0, slash), layer -> new ArrayList<>()).add(name);
    }
    Hdf5Weights.Layers stored =
        file.layers(layers.keySet().stream().map(KerasWeights::kind).toList());
    int place = 0;
    for (List<String> names : layers.values()) {
      for (int i = 0; i < names.size(); i++) {
        INDArray lowPlaces = low.get(names.get(i));
        float[] values = stored.read(place, i, names, lowPlaces.shape());
        scatter(values, lowPlaces, high.get(names.get(i)), parameters);
      }
      place++;
    }
    return parameters;
  }

  private interface Part {
    int of(int place);
  }

  /** Where in Keras' arrays each parameter stands: the parameters are their own places. */
  private static Map<String, INDArray> places(String where, Network network, Part part) {
    float[] places = new float[network.layout().length()];
    for (int i = 0; i < places.length; i++) {
      places[i] = part.of(i);
    }
    return NumpyWeights.arrays(where, network, places);
  }

  private static void scatter(float[] values, INDArray low, INDArray high, float[] parameters) {
    FloatBuffer lows = low.data().asNioFloat();
    FloatBuffer highs = high.data().asNioFloat();
    for (int i = 0; i < values.length; i++) {
      parameters[(int) highs.get(i) << LOW_BITS | (int) lows.get(i)] = values[i];
    }
  }

  /** {@code max_pooling2d} of {@code max_pooling2d_3}. */
  private static String kind(String layer) {
    return layer.substring(0, layer.lastIndexOf('_'));
  }
}
