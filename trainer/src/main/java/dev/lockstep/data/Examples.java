package dev.lockstep.data;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Labelled features in memory. Immutable: the arrays given to the constructor must not be changed
 * after. Safe for use by many threads.
 */
public final class Examples {
  /** The most classes that there may be: a label is a byte. */
  public static final int MOST_CLASSES = 256;

  private final Features features;
  private final int classes;
  private final byte[] labels;

  /** Of each example; null if all are 1. */
  private final float[] weights;

  /** Null until it is asked for: every number of the features goes into it. */
  private volatile String fingerprint;

  /**
   * Images of {@code shape}, one row of {@code pixels} and one of {@code labels} each.
   *
   * @param classes how many classes there are, 1 to 256; labels are 0 to {@code classes - 1}
   * @param pixels per example its unsigned bytes: channel, row, column
   * @param labels per example its class, an unsigned byte
   * @throws IllegalArgumentException if counts, sizes or labels do not agree
   */
  public Examples(Shape shape, int classes, byte[][] pixels, byte[] labels) {
    this(new Images(shape, pixels), classes, labels);
  }

  /**
   * Each of {@code features} with its label.
   *
   * @param classes how many classes there are, 1 to 256; labels are 0 to {@code classes - 1}
   * @param labels per input its class, an unsigned byte
   * @throws IllegalArgumentException if counts or labels do not agree
   */
  public Examples(Features features, int classes, byte[] labels) {
    if (classes < 1 || classes > MOST_CLASSES) {
      throw new IllegalArgumentException(
          "classes is %d but must be from 1 to %d".formatted(classes, MOST_CLASSES));
    }
    if (features.size() != labels.length) {
      throw new IllegalArgumentException(
          "%d inputs but %d labels".formatted(features.size(), labels.length));
    }
    for (int i = 0; i < labels.length; i++) {
      if ((labels[i] & 0xFF) >= classes) {
        throw new IllegalArgumentException(
            "label of example %d is %d but must be from 0 to %d"
                .formatted(i, labels[i] & 0xFF, classes - 1));
      }
    }
    this.features = features;
    this.classes = classes;
    this.labels = labels;
    this.weights = null;
  }

  private Examples(Examples unweighted, float[] weights) {
    this.features = unweighted.features;
    this.classes = unweighted.classes;
    this.labels = unweighted.labels;
    this.weights = weights;
  }

  /**
   * The same examples, each with a weight. Those of each part are divided by their mean over it:
   * the mean over the part of losses times weights is then the weighted mean of the losses, and
   * only the proportions of weights matter. What is in no part has the weight 1.
   *
   * @param counts per example how much it counts, at least 0; their sum over a part is more than 0
   * @param parts indices of examples, disjoint
   * @throws IllegalArgumentException if counts are too few or too many, or not such numbers
   */
  public Examples weighted(double[] counts, List<int[]> parts) {
    if (counts.length != size()) {
      throw new IllegalArgumentException(
          "%d weights but %d examples".formatted(counts.length, size()));
    }
    float[] found = new float[size()];
    Arrays.fill(found, 1f);
    for (int[] part : parts) {
      double sum = 0;
      for (int example : part) {
        if (!(counts[example] >= 0)) {
          throw new IllegalArgumentException(
              "the weight of example %d is %s but must be at least 0"
                  .formatted(example, counts[example]));
        }
        sum += counts[example];
      }
      if (part.length > 0 && !(sum > 0 && sum < Double.POSITIVE_INFINITY)) {
        throw new IllegalArgumentException(
            "the sum of %d weights is %s but must be more than 0 and finite"
                .formatted(part.length, sum));
      }
      for (int example : part) {
        found[example] = (float) (counts[example] / sum * part.length);
      }
    }
    return new Examples(this, found);
  }

  /** How many examples there are. */
  public int size() {
    return labels.length;
  }

  /** The inputs without their labels. */
  public Features features() {
    return features;
  }

  /** The shape of each example. */
  public Shape shape() {
    return features.shape();
  }

  /** How many classes there are. */
  public int classes() {
    return classes;
  }

  /** The class of {@code example}, 0 to {@code classes() - 1}. */
  public int label(int example) {
    return labels[example] & 0xFF;
  }

  /** Whether weights were given. */
  public boolean isWeighted() {
    return weights != null;
  }

  /** What the loss of {@code example} is multiplied by, with its gradient: 1 unless given. */
  public float weight(int example) {
    return weights == null ? 1 : weights[example];
  }

  /** Writes {@code example}'s numbers, to {@code target} from {@code offset}. */
  public void copy(int example, float[] target, int offset) {
    features.copy(example, target, offset);
  }

  /** The chosen examples, in the given order; their features are shared, not copied. */
  public Examples select(int[] examples) {
    byte[] chosen = new byte[examples.length];
    for (int i = 0; i < examples.length; i++) {
      chosen[i] = labels[examples[i]];
    }
    Examples selected = new Examples(features.select(examples), classes, chosen);
    if (weights == null) {
      return selected;
    }
    float[] chosenWeights = new float[examples.length];
    for (int i = 0; i < examples.length; i++) {
      chosenWeights[i] = weights[examples[i]];
    }
    return new Examples(selected, chosenWeights);
  }

  /**
   * All examples of {@code parts}, one part after the other, without weights; their features are
   * shared, not copied.
   *
   * @param parts at least one; all of one shape
   * @param classes how many classes there are
   * @throws IllegalArgumentException if shapes or labels do not agree
   */
  public static Examples concatenated(List<Examples> parts, int classes) {
    ByteArrayOutputStream labels = new ByteArrayOutputStream();
    parts.forEach(part -> labels.writeBytes(part.labels));
    return new Examples(
        Features.concatenated(parts.stream().map(Examples::features).toList()),
        classes,
        labels.toByteArray());
  }

  /** How many examples there are of each class. */
  public long[] classCounts() {
    long[] counts = new long[classes];
    for (byte label : labels) {
      counts[label & 0xFF]++;
    }
    return counts;
  }

  /**
   * Divides the examples by what their features are, and not by where they stand: an example is on
   * the same side in every data set, and so are all that have the same features, whatever their
   * labels. An example is held out if the first 53 bits of SHA-256({@code seed}, its features'
   * SHA-256) are less than {@code fraction} of what they can be.
   *
   * @param fraction about which part is held out, 0 to 1
   * @return the indices of those held out, ascending
   */
  public int[] heldOutByContent(double fraction, long seed) {
    return IntStream.range(0, size()).filter(i -> uniform(i, seed) < fraction).toArray();
  }

  private double uniform(int example, long seed) {
    MessageDigest digest = Outline.sha256();
    digest.update(ByteBuffer.allocate(Long.BYTES).putLong(seed).array());
    long bits = ByteBuffer.wrap(digest.digest(features.digest(example))).getLong();
    return (bits >>> 11) * 0x1p-53;
  }

  /**
   * SHA-256 over shape, class count, size, the SHA-256 of each example's features, and labels (not
   * weights), as 64 hexadecimal digits. An {@link Outline} of the features gives the same.
   */
  public String fingerprint() {
    String known = fingerprint;
    if (known == null) {
      known = digest();
      fingerprint = known;
    }
    return known;
  }

  private String digest() {
    MessageDigest digest = Outline.sha256();
    digest.update("lockstep examples 2".getBytes(StandardCharsets.US_ASCII));
    ByteBuffer header = ByteBuffer.allocate(20);
    header.putInt(shape().height()).putInt(shape().width()).putInt(shape().channels());
    digest.update(header.putInt(classes).putInt(size()).array());
    features.digest(digest);
    return HexFormat.of().formatHex(digest.digest(labels));
  }
}
