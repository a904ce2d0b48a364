package dev.lockstep.exchange;

import dev.lockstep.data.Shape;
import dev.lockstep.network.ActivationShape;
import dev.lockstep.network.ActivationShape.Image;
import dev.lockstep.network.BatchNormalization;
import dev.lockstep.network.Conv2d;
import dev.lockstep.network.Dense;
import dev.lockstep.network.Flatten;
import dev.lockstep.network.Layer;
import dev.lockstep.network.Lstm;
import dev.lockstep.network.Network;
import dev.lockstep.network.NetworkLayer;
import dev.lockstep.network.SimpleRnn;
import dev.lockstep.yaml.ConfigurationException;
import java.io.IOException;
import java.io.OutputStream;
import java.time.LocalDateTime;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * A trained network's weights as Keras has them: {@code dense_1/kernel} of {@code [inputs, units]},
 * {@code conv2d_1/kernel} of {@code [height, width, channels, filters]}, and so on, the number
 * being the layer's in the network. A dense layer after a flatten has its rows, and batch
 * normalisation between the two its numbers, in Keras' order of a flattened image: row, column,
 * channel.
 */
public final class NumpyWeights {
  /** The blocks of an LSTM in Keras' order, as places in DL4J's. */
  private static final int[] LSTM_BLOCKS = {3, 1, 0, 2};

  /** The earliest time that a zip file can name; the same weights give the same bytes. */
  private static final LocalDateTime EPOCH = LocalDateTime.of(1980, 1, 1, 0, 0);

  private final Map<String, INDArray> arrays = new LinkedHashMap<>();

  /** What the next dense layer's input was before it was flattened. */
  private Optional<Image> flattened = Optional.empty();

  private final Image example;

  private NumpyWeights(Shape example) {
    this.example = new Image(example.height(), example.width(), example.channels());
  }

  /**
   * Writes an {@code .npz} file, as {@code numpy.load} reads it; {@code out} stays open.
   *
   * @param where what errors call the model
   * @param parameters all of them, in DL4J's order
   * @throws ConfigurationException if a layer has no counterpart in Keras
   */
  public static void write(String where, Network network, float[] parameters, OutputStream out)
      throws IOException {
    ZipOutputStream zip = new ZipOutputStream(out);
    for (Map.Entry<String, INDArray> each : arrays(where, network, parameters).entrySet()) {
      byte[] array = Nd4j.toNpyByteArray(each.getValue());
      zip.putNextEntry(stored(each.getKey() + ".npy", array));
      zip.write(array);
      zip.closeEntry();
    }
    zip.finish();
  }

  /**
   * The arrays by their names, in the order of the layers and in each layer in Keras' own. Every
   * parameter is in one of them, once and as it is; what stands where does not depend on its value.
   *
   * @throws ConfigurationException as {@link #write}
   */
  static Map<String, INDArray> arrays(String where, Network network, float[] parameters) {
    NumpyWeights weights = new NumpyWeights(network.input());
    for (NetworkLayer layer : network.computation()) {
      weights.add(new LayerParameters(where, layer, parameters));
    }
    return weights.arrays;
  }

  /** Uncompressed, as {@code numpy.savez} writes it and {@code numpy.load} can map it. */
  private static ZipEntry stored(String name, byte[] content) {
    CRC32 checksum = new CRC32();
    checksum.update(content);
    ZipEntry entry = new ZipEntry(name);
    entry.setMethod(ZipEntry.STORED);
    entry.setSize(content.length);
    entry.setCrc(checksum.getValue());
    entry.setTimeLocal(EPOCH);
    return entry;
  }

  private void add(LayerParameters layer) {
    Layer definition = layer.definition();
    if (definition instanceof Flatten) {
      flatten(layer.layer().input());
    } else if (definition instanceof Dense dense) {
      put(layer, "kernel", kernel(layer, dense.units()));
      bias(layer);
      flattened = Optional.empty();
    } else if (definition instanceof Conv2d convolution) {
      put(layer, "kernel", kernel(layer, convolution));
      bias(layer);
    } else if (definition instanceof BatchNormalization) {
      normalization(layer);
    } else if (definition instanceof SimpleRnn rnn) {
      int units = rnn.recurrence().units();
      put(layer, "kernel", columns(layer.array("W"), units));
      put(layer, "recurrent_kernel", columns(layer.array("RW"), units));
      bias(layer);
    } else if (definition instanceof Lstm lstm) {
      int units = lstm.recurrence().units();
      put(layer, "kernel", blocks(columns(layer.array("W"), 4 * units), units));
      put(layer, "recurrent_kernel", blocks(columns(layer.array("RW"), 4 * units), units));
      INDArray bias = Nd4j.createFromArray(layer.array("b")).reshape(1, 4L * units);
      put(layer, "bias", blocks(bias, units).reshape(4L * units));
    }
  }

  /** What is flat already may be an example itself, which Keras would have as an image. */
  private void flatten(ActivationShape input) {
    if (input instanceof Image image) {
      flattened = Optional.of(image);
    } else if (arrays.isEmpty()) {
      flattened = Optional.of(example);
    }
  }

  private void put(LayerParameters layer, String name, INDArray array) {
    arrays.put(layer.name() + "/" + name, array.dup('c'));
  }

  private void bias(LayerParameters layer) {
    layer.find("b").ifPresent(b -> put(layer, "bias", Nd4j.createFromArray(b)));
  }

  /** A matrix with so many columns, which lies column by column. */
  private static INDArray columns(float[] values, int columns) {
    long rows = values.length / columns;
    return Nd4j.createFromArray(values).reshape(columns, rows).transpose();
  }

  private INDArray kernel(LayerParameters layer, int units) {
    INDArray kernel = columns(layer.array("W"), units);
    return flattened.isEmpty() ? kernel : inKerasOrder(kernel, flattened.get());
  }

  /** The rows of a matrix, which has one for each number of {@code image}. */
  private static INDArray inKerasOrder(INDArray rows, Image image) {
    return rows.dup('c')
        .reshape('c', image.channels(), image.height(), image.width(), rows.columns())
        .permute(1, 2, 0, 3)
        .dup('c')
        .reshape('c', image.size(), rows.columns());
  }

  private static INDArray kernel(LayerParameters layer, Conv2d convolution) {
    Image image = (Image) layer.layer().input();
    return Nd4j.createFromArray(layer.array("W"))
        .reshape(
            'c',
            convolution.filters(),
            image.channels(),
            convolution.window().size().height(),
            convolution.window().size().width())
        .permute(2, 3, 1, 0);
  }

  private void normalization(LayerParameters layer) {
    put(layer, "gamma", statistic(layer, "gamma"));
    put(layer, "beta", statistic(layer, "beta"));
    put(layer, "moving_mean", statistic(layer, "mean"));
    put(layer, "moving_variance", statistic(layer, "var"));
  }

  private INDArray statistic(LayerParameters layer, String name) {
    INDArray column = columns(layer.array(name), 1);
    return (flattened.isEmpty() ? column : inKerasOrder(column, flattened.get()))
        .reshape(column.length());
  }

  private static INDArray blocks(INDArray columns, int units) {
    INDArray[] blocks = new INDArray[LSTM_BLOCKS.length];
    for (int i = 0; i < blocks.length; i++) {
      long from = (long) LSTM_BLOCKS[i] * units;
      blocks[i] = columns.get(NDArrayIndex.all(), NDArrayIndex.interval(from, from + units));
    }
    return Nd4j.hstack(blocks);
  }
}
