package dev.lockstep.spark.dl4j;

import dev.lockstep.engine.ExampleArrays;
import dev.lockstep.spark.gang.Notice;
import dev.lockstep.yaml.ConfigurationException;
import java.io.Serializable;
import java.util.Arrays;
import java.util.List;
import org.apache.spark.api.java.JavaRDD;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;

/**
 * DL4J's data sets of an RDD as one, in the order in which Spark collects them. They travel as
 * plain floats: serialised INDArrays take a hundred times as long.
 */
final class CollectedDataSets {
  /** An example is known by its number as a float. */
  private static final int MOST = 1 << 24;

  private CollectedDataSets() {}

  /**
   * One data set, or the reason why it cannot be trained on. A class, for Kryo cannot make records.
   */
  private static final class Part implements Serializable {
    private static final long serialVersionUID = 1L;

    final String wrong;
    final int size;
    final long[] featureShape;
    final float[] features;
    final long[] labelShape;
    final float[] labels;

    private Part(
        String wrong,
        int size,
        long[] featureShape,
        float[] features,
        long[] labelShape,
        float[] labels) {
      this.wrong = wrong;
      this.size = size;
      this.featureShape = featureShape;
      this.features = features;
      this.labelShape = labelShape;
      this.labels = labels;
    }

    static Part wrong(String reason) {
      return new Part(reason, 0, new long[0], new float[0], new long[0], new float[0]);
    }

    static Part of(DataSet data) {
      if (data.hasMaskArrays()) {
        return wrong(
            "has masks, which are not known here; train on sequences of equal length, without masks");
      }
      INDArray features = data.getFeatures();
      INDArray labels = data.getLabels();
      if (features == null || labels == null) {
        return wrong("has no %s".formatted(features == null ? "features" : "labels"));
      }
      if (features.rank() < 2 || labels.rank() < 2 || features.size(0) != labels.size(0)) {
        return wrong(
            "has features of shape %s and labels of shape %s; the first size of both must be the number of examples"
                .formatted(Arrays.toString(features.shape()), Arrays.toString(labels.shape())));
      }
      return new Part(
          "",
          (int) features.size(0),
          shapeOfOne(features),
          numbers(features),
          shapeOfOne(labels),
          numbers(labels));
    }

    private static long[] shapeOfOne(INDArray array) {
      return Arrays.copyOfRange(array.shape(), 1, array.rank());
    }

    private static float[] numbers(INDArray array) {
      float[] numbers = new float[Math.toIntExact(array.length())];
      array.castTo(DataType.FLOAT).dup('c').data().asNioFloat().get(numbers);
      return numbers;
    }
  }

  /**
   * Collects {@code rdd} on the driver, which must have room for it.
   *
   * @throws ConfigurationException if there is no example, or a data set has masks, no labels, or
   *     another shape than the first
   */
  static ExampleArrays collect(JavaRDD<DataSet> rdd) {
    List<Part> parts = Notice.collect(rdd.context(), "the data sets", () -> rdd.map(Part::of));
    if (parts.isEmpty()) {
      throw new ConfigurationException("the RDD of data sets is empty");
    }
    Part first = parts.get(0);
    long size = 0;
    for (int i = 0; i < parts.size(); i++) {
      requireFit(i, parts.get(i), first);
      size += parts.get(i).size;
    }
    if (size < 1 || size > MOST) {
      throw new ConfigurationException(
          "the RDD has %d examples but must have from 1 to %d".formatted(size, MOST));
    }
    return new ExampleArrays(
        (int) size,
        first.featureShape,
        joined("features", parts.stream().map(part -> part.features).toList()),
        first.labelShape,
        joined("labels", parts.stream().map(part -> part.labels).toList()));
  }

  private static void requireFit(int place, Part part, Part first) {
    if (!part.wrong.isEmpty()) {
      throw new ConfigurationException(
          "data set %d of the RDD (from 0) %s".formatted(place, part.wrong));
    }
    if (!Arrays.equals(part.featureShape, first.featureShape)
        || !Arrays.equals(part.labelShape, first.labelShape)) {
      throw new ConfigurationException(
          "data set %d of the RDD (from 0) has examples with features %s and labels %s but the first has %s and %s"
              .formatted(
                  place,
                  Arrays.toString(part.featureShape),
                  Arrays.toString(part.labelShape),
                  Arrays.toString(first.featureShape),
                  Arrays.toString(first.labelShape)));
    }
  }

  private static float[] joined(String name, List<float[]> arrays) {
    long length = arrays.stream().mapToLong(array -> array.length).sum();
    if (length > Integer.MAX_VALUE - 8) {
      throw new ConfigurationException(
          "the %s of the RDD are %d numbers but at most %d can be trained on"
              .formatted(name, length, Integer.MAX_VALUE - 8));
    }
    float[] joined = new float[(int) length];
    int end = 0;
    for (float[] array : arrays) {
      System.arraycopy(array, 0, joined, end, array.length);
      end += array.length;
    }
    return joined;
  }
}
