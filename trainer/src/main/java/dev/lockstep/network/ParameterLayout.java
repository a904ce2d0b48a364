package dev.lockstep.network;

import dev.lockstep.yaml.ConfigurationException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.bytedeco.javacpp.Pointer;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.params.BatchNormalizationParamInitializer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.regularization.L1Regularization;
import org.nd4j.linalg.learning.regularization.L2Regularization;
import org.nd4j.linalg.learning.regularization.Regularization;
import org.nd4j.linalg.schedule.FixedSchedule;
import org.nd4j.linalg.schedule.ISchedule;

/**
 * Where each parameter array lies in the flat vector: DL4J's own order, without gaps.
 *
 * @param segments by rising offset, the first at 0
 * @throws IllegalArgumentException if the segments leave a gap or overlap
 */
public record ParameterLayout(List<Segment> segments) {
  /** The most parameters a network can have: 1 GiB of floats, sent as one array. */
  public static final int MOST = 1 << 28;

  public ParameterLayout {
    segments = List.copyOf(segments);
    int end = 0;
    for (Segment segment : segments) {
      if (segment.offset() != end) {
        throw new IllegalArgumentException(
            "%s of layer %d begins at %d but the one before it ends at %d"
                .formatted(segment.name(), segment.layer(), segment.offset(), end));
      }
      end += segment.length();
    }
  }

  /** How many parameters there are. */
  public int length() {
    if (segments.isEmpty()) {
      return 0;
    }
    Segment last = segments.get(segments.size() - 1);
    return last.offset() + last.length();
  }

  /** The segments of one of DL4J's layers, from 0. */
  List<Segment> of(int layer) {
    return segments.stream().filter(segment -> segment.layer() == layer).toList();
  }

  /**
   * The layout of DL4J's network, read from the views it makes of its vector.
   *
   * @param where what errors call the network
   * @throws ConfigurationException if it has more than {@link #MOST} parameters or more than there
   *     is room for, or a penalty other than constant L1 and L2
   */
  static ParameterLayout of(String where, MultiLayerConfiguration configuration) {
    int length = length(where, configuration);
    MultiLayerNetwork network = new MultiLayerNetwork(configuration);
    network.init(Nd4j.create(DataType.FLOAT, 1, length), false);
    List<Segment> segments = new ArrayList<>();
    for (int i = 0; i < network.getnLayers(); i++) {
      int index = i;
      Layer layer = network.getLayer(i).conf().getLayer();
      network
          .getLayer(i)
          .paramTable()
          .forEach(
              (name, view) ->
                  segments.add(
                      new Segment(
                          index,
                          name,
                          Math.toIntExact(view.offset()),
                          Math.toIntExact(view.length()),
                          penalty(where, index, layer, name, L1Regularization.class),
                          penalty(where, index, layer, name, L2Regularization.class),
                          isStatistic(layer, name))));
    }
    segments.sort(Comparator.comparingInt(Segment::offset));
    return new ParameterLayout(segments);
  }

  private static int length(String where, MultiLayerConfiguration configuration) {
    long length = 0;
    for (NeuralNetConfiguration layer : configuration.getConfs()) {
      length += layer.getLayer().initializer().numParams(layer);
      if (length < 0 || length > MOST) {
        throw new ConfigurationException(
            "%s: it has %d parameters up to layer '%s' but a network can have at most %d"
                .formatted(where, length, layer.getLayer().getLayerName(), MOST));
      }
    }
    requireRoom(where, length, Pointer.maxBytes());
    return (int) length;
  }

  /**
   * DL4J needs the whole vector, outside the heap, before it says anything of the network.
   *
   * @param limit bytes that ND4J may allocate; 0 for any number
   */
  static void requireRoom(String where, long parameters, long limit) {
    long bytes = parameters * Float.BYTES;
    if (limit > 0 && bytes > limit) {
      throw new ConfigurationException(
          "%s: its %d parameters take %d MiB outside the heap but ND4J may take %d MiB; raise -Dorg.bytedeco.javacpp.maxbytes (and .maxphysicalbytes), or use a smaller network"
              .formatted(where, parameters, bytes >> 20, limit >> 20));
    }
  }

  private static boolean isStatistic(Layer layer, String name) {
    return layer instanceof BatchNormalization
        && (name.equals(BatchNormalizationParamInitializer.GLOBAL_MEAN)
            || name.equals(BatchNormalizationParamInitializer.GLOBAL_VAR)
            || name.equals(BatchNormalizationParamInitializer.GLOBAL_LOG_STD));
  }

  private static double penalty(
      String where, int index, Layer layer, String name, Class<? extends Regularization> kind) {
    List<Regularization> terms = layer.getRegularizationByParam(name);
    double sum = 0;
    for (Regularization term : terms == null ? List.<Regularization>of() : terms) {
      double coefficient = coefficient(where, index, term);
      sum += kind.isInstance(term) ? coefficient : 0;
    }
    return sum;
  }

  private static double coefficient(String where, int index, Regularization term) {
    ISchedule schedule = null;
    if (term instanceof L1Regularization l1) {
      schedule = l1.getL1();
    } else if (term instanceof L2Regularization l2) {
      schedule = l2.getL2();
    }
    if (schedule instanceof FixedSchedule fixed) {
      return fixed.getValue();
    }
    throw new ConfigurationException(
        "%s: layer %d: regularization is %s but must be L1Regularization or L2Regularization with a FixedSchedule"
            .formatted(where, index + 1, term));
  }
}
