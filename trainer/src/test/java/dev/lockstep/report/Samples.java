package dev.lockstep.report;

import dev.lockstep.data.Dataset;
import dev.lockstep.data.Digits;
import dev.lockstep.data.Shape;
import dev.lockstep.metrics.ConfusionMatrix;
import dev.lockstep.metrics.EpochRecord;
import dev.lockstep.metrics.History;
import dev.lockstep.metrics.Metrics;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;

/** Reports as trainings leave them. */
final class Samples {
  private static final Dataset MNIST = Digits.MNIST;
  static final int CLASSES = 10;
  static final int EPOCHS = 12;

  private Samples() {}

  /** A training and its validation, from which it departs in the end. */
  static History history(int epochs, double offset) {
    List<EpochRecord> records = new ArrayList<>();
    for (int epoch = 1; epoch <= epochs; epoch++) {
      double training = 0.5 / epoch + 0.01;
      double validation = 0.3 / epoch + 0.012 * epoch + offset;
      records.add(
          new EpochRecord(
              epoch,
              training,
              1 - training / 4,
              metrics(validation, (int) (40 * validation)),
              0.001,
              0.31,
              50_000));
    }
    return new History(records);
  }

  /** Of 100 examples a class, {@code wrong} of each are taken for the next class. */
  static Metrics metrics(double loss, int wrong) {
    long[] counts = new long[CLASSES * CLASSES];
    for (int c = 0; c < CLASSES; c++) {
      int missed = Math.min(100, wrong + c % 4);
      counts[c * CLASSES + c] = 100 - missed;
      counts[c * CLASSES + (c + 1 + c % 3) % CLASSES] = missed;
    }
    ConfusionMatrix confusion = new ConfusionMatrix(CLASSES, counts);
    return new Metrics(100 * CLASSES, confusion.accuracy(), loss, loss / 10, confusion);
  }

  static ReportedRun training(String name, List<String> classes) {
    return run(
        name,
        classes,
        List.of(new Curves("training", history(EPOCHS, 0))),
        List.of(),
        List.of(
            new Span("worker 0", "localhost", 0, 0.8, 2.1, "failed"),
            new Span("worker 0", "localhost", 1, 2.15, 5.4, "done"),
            new Span("worker 1", "localhost", 0, 0.8, 5.4, "done")));
  }

  static ReportedRun crossValidation(String name, int folds) {
    return crossValidation(name, IntStream.range(0, folds).map(fold -> EPOCHS).toArray());
  }

  /** A cross-validation with a fold for each of {@code epochs}, which is how many it has. */
  static ReportedRun crossValidation(String name, int[] epochs) {
    int folds = epochs.length;
    List<Curves> curves =
        IntStream.range(0, folds)
            .mapToObj(fold -> new Curves("fold " + (fold + 1), history(epochs[fold], fold * 0.02)))
            .toList();
    List<Span> timeline =
        IntStream.range(0, folds)
            .mapToObj(
                fold ->
                    new Span(
                        "fold " + (fold + 1),
                        "slot " + fold % 2,
                        0,
                        fold / 2 * 3.1,
                        fold / 2 * 3.1 + 3,
                        "done"))
            .toList();
    List<List<String>> scores =
        IntStream.range(0, folds)
            .mapToObj(fold -> List.of("fold " + (fold + 1), "0.9" + fold + "123456", "12"))
            .toList();
    return run(
        name,
        digits(),
        curves,
        List.of(new Table("Folds", "Scores of each.", List.of("fold", "accuracy", "n"), scores)),
        timeline);
  }

  static List<String> digits() {
    return IntStream.range(0, CLASSES).mapToObj(Integer::toString).toList();
  }

  private static ReportedRun run(
      String name,
      List<String> classes,
      List<Curves> curves,
      List<Table> tables,
      List<Span> timeline) {
    return new ReportedRun(
        name,
        classes,
        curves,
        Map.of("test", metrics(0.0734, 1)),
        tables,
        IntStream.range(0, 24).mapToObj(i -> wrong(i)).toList(),
        List.of(weights(MNIST.shape())),
        timeline,
        "seed: 1\nnetwork:\n  layers:\n    - dense: {units: 512, activation: relu}\n",
        new TreeMap<>(Map.of("network", "mlp-512, 407,050 parameters", "dataset", "mnist")));
  }

  private static WrongExample wrong(int i) {
    float[] pixels = new float[MNIST.shape().size()];
    MNIST.test().copy(i, pixels, 0);
    int label = MNIST.test().label(i);
    return new WrongExample(
        "test",
        i,
        label,
        (label + 3) % CLASSES,
        1 - i * 0.01,
        Picture.ofExample("test example " + i, MNIST.shape(), pixels));
  }

  private static Pictures weights(Shape shape) {
    List<Picture> pictures =
        IntStream.range(0, 32)
            .mapToObj(
                unit -> {
                  float[] weights = new float[shape.size()];
                  for (int i = 0; i < weights.length; i++) {
                    weights[i] = (float) Math.sin((i / 28 + unit) * 0.4) * (i % 28 - 14) / 14;
                  }
                  return Picture.ofWeights("unit " + unit, shape, weights, 1);
                })
            .toList();
    return new Pictures("Layer 1 (dense): 32 units, each of 28 x 28 weights.", pictures);
  }
}
