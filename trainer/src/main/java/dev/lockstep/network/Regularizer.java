package dev.lockstep.network;

import dev.lockstep.yaml.Section;
import java.util.ArrayList;
import java.util.List;
import org.nd4j.linalg.learning.regularization.L1Regularization;
import org.nd4j.linalg.learning.regularization.L2Regularization;
import org.nd4j.linalg.learning.regularization.Regularization;

/**
 * What a layer's kernels add to the loss: {@code l1 * sum(|w|) + l2 * sum(w^2)}, as Keras' L1L2 has
 * it. Biases add nothing. A recurrent layer's two kernels, of the input and of the recurrence, both
 * do (in Keras only the input's; DL4J's configuration cannot tell them apart).
 */
public record Regularizer(double l1, double l2) {
  public Regularizer {
    if (!(l1 >= 0) || !(l2 >= 0) || Double.isInfinite(l1 + l2)) {
      throw new IllegalArgumentException(
          "l1 is %s and l2 is %s but both must be >= 0".formatted(l1, l2));
    }
  }

  static Regularizer read(Section section) {
    return new Regularizer(
        section.number("l1", 0, "a number >= 0", value -> value >= 0),
        section.number("l2", 0, "a number >= 0", value -> value >= 0));
  }

  /** DL4J's L2 adds {@code l2 / 2 * sum(w^2)} to the loss, so it is given the double. */
  List<Regularization> dl4j() {
    List<Regularization> terms = new ArrayList<>();
    if (l1 > 0) {
      terms.add(new L1Regularization(l1));
    }
    if (l2 > 0) {
      terms.add(new L2Regularization(2 * l2));
    }
    return terms;
  }

  String description() {
    return (l1 > 0 ? ", l1 " + l1 : "") + (l2 > 0 ? ", l2 " + l2 : "");
  }
}
