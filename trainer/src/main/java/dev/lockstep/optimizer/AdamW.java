package dev.lockstep.optimizer;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import dev.lockstep.yaml.Section;
import java.util.List;

/**
 * Adam with decoupled weight decay (Loshchilov and Hutter: "Decoupled weight decay regularization",
 * ICLR 2019), as Keras computes it: first {@code p = p - learningRate weightDecay p}, then Adam's
 * step. The decay does not enter Adam's running means.
 *
 * <p>Every parameter that {@link #update} is given decays, biases too, as in Keras unless a
 * variable is excluded there; a caller excludes parameters by updating them with {@link #adam}.
 *
 * @param adam the step after the decay, and all settings but one
 * @param weightDecay the part of a parameter lost in a step at learning rate 1, at least 0
 */
public record AdamW(@JsonUnwrapped Adam adam, double weightDecay) implements Optimizer {
  /** With Keras' defaults. */
  public static final AdamW DEFAULT = new AdamW(Adam.DEFAULT, 0.004);

  /**
   * @throws IllegalArgumentException if {@code weightDecay} is out of range
   */
  public AdamW {
    Range.NOT_NEGATIVE.check("weightDecay", weightDecay);
  }

  @Override
  public String name() {
    return "adamw";
  }

  @Override
  public LearningRate learningRate() {
    return adam.learningRate();
  }

  @Override
  public Clipping clipping() {
    return adam.clipping();
  }

  @Override
  public List<String> slots() {
    return adam.slots();
  }

  @Override
  public AdamW with(Section section) {
    return new AdamW(
        adam.with(section), Range.NOT_NEGATIVE.read(section, "weightDecay", weightDecay));
  }

  @Override
  public void update(
      float[] parameters,
      float[] gradient,
      int length,
      float[][] state,
      long step,
      float learningRate) {
    float lost = (float) (learningRate * weightDecay);
    float rate = adam.corrected(learningRate, step);
    adam.apply(parameters, gradient, length, state, rate, lost);
  }
}
