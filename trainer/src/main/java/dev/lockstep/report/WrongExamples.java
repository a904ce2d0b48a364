package dev.lockstep.report;

import dev.lockstep.data.Examples;
import dev.lockstep.engine.Batch;
import dev.lockstep.engine.Engine;
import dev.lockstep.engine.FloatVector;
import dev.lockstep.network.Loss;
import dev.lockstep.network.Network;
import java.nio.FloatBuffer;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;

/** Finds the examples that a network gets wrong with the greatest confidence. */
public final class WrongExamples {
  /** How many are kept. */
  static final int MOST = 24;

  /** How many examples are worth a look, so that a large data set does not hold up a report. */
  public static final int MOST_SEARCHED = 10_000;

  private record Wrong(int index, int label, int predicted, double probability) {}

  private static final Comparator<Wrong> WORST_FIRST =
      Comparator.comparingDouble(Wrong::probability).reversed().thenComparingInt(Wrong::index);

  private WrongExamples() {}

  /**
   * The worst of some examples, worst first; none if they have no picture.
   *
   * @param part what the report calls these examples: {@code test}
   * @param searched indices into {@code examples}
   * @param engine has the network's parameters
   * @param capacity the most examples that a batch of the engine can have
   */
  public static List<WrongExample> of(
      String part,
      Examples examples,
      int[] searched,
      Network network,
      Engine engine,
      int capacity) {
    if (!Picture.canShow(examples.shape())) {
      return List.of();
    }
    PriorityQueue<Wrong> worst = new PriorityQueue<>(WORST_FIRST.reversed());
    float[] rows = new float[capacity * network.outputs()];
    Batch batch = new Batch(network.input(), capacity);
    FloatBuffer outputs = FloatVector.allocate(capacity * network.outputs());
    for (int from = 0; from < searched.length; from += capacity) {
      batch.fill(examples, searched, from, Math.min(from + capacity, searched.length));
      engine.predict(batch, outputs);
      outputs.get(0, rows, 0, batch.size() * network.outputs());
      collect(examples, searched, from, batch.size(), rows, network.outputs(), worst);
    }
    return pictured(part, examples, worst);
  }

  /**
   * The worst of some predictions, worst first; none if the examples have no picture.
   *
   * @param part what the report calls these examples: {@code validation}
   * @param predicted indices into {@code examples}
   * @param rows the activations of the last layer, {@code units} for each of {@code predicted}
   */
  public static List<WrongExample> ofPredictions(
      String part, Examples examples, int[] predicted, float[] rows, int units) {
    if (!Picture.canShow(examples.shape())) {
      return List.of();
    }
    PriorityQueue<Wrong> worst = new PriorityQueue<>(WORST_FIRST.reversed());
    collect(examples, predicted, 0, predicted.length, rows, units, worst);
    return pictured(part, examples, worst);
  }

  /** The worst of all, worst first, of what {@link #of} found in parts of them. */
  public static List<WrongExample> worst(List<WrongExample> found) {
    return found.stream()
        .sorted(
            Comparator.comparingDouble(WrongExample::probability)
                .reversed()
                .thenComparingInt(WrongExample::index))
        .limit(MOST)
        .toList();
  }

  private static void collect(
      Examples examples,
      int[] searched,
      int from,
      int count,
      float[] rows,
      int units,
      PriorityQueue<Wrong> worst) {
    for (int i = 0; i < count; i++) {
      int index = searched[from + i];
      int predicted = Loss.predictedClass(rows, i * units, units);
      double probability = probability(rows, i * units, units, predicted);
      if (predicted != examples.label(index) && Double.isFinite(probability)) {
        worst.add(new Wrong(index, examples.label(index), predicted, probability));
        if (worst.size() > MOST) {
          worst.remove();
        }
      }
    }
  }

  /** Outputs of another loss than cross-entropy need not be probabilities. */
  private static double probability(float[] rows, int offset, int units, int predicted) {
    double output = units > 1 ? rows[offset + predicted] : rows[offset];
    double probability = units == 1 && predicted == 0 ? 1 - output : output;
    return Math.max(0, Math.min(1, probability));
  }

  private static List<WrongExample> pictured(
      String part, Examples examples, PriorityQueue<Wrong> worst) {
    return worst.stream()
        .sorted(WORST_FIRST)
        .map(wrong -> pictured(part, examples, wrong))
        .toList();
  }

  private static WrongExample pictured(String part, Examples examples, Wrong wrong) {
    float[] pixels = new float[examples.shape().size()];
    examples.copy(wrong.index(), pixels, 0);
    String name = "%s example %d".formatted(part, wrong.index());
    return new WrongExample(
        part,
        wrong.index(),
        wrong.label(),
        wrong.predicted(),
        wrong.probability(),
        Picture.ofExample(name, examples.shape(), pixels));
  }
}
