package dev.lockstep.network;

import dev.lockstep.random.CounterRandom;
import dev.lockstep.yaml.Section;
import java.util.Optional;
import org.deeplearning4j.nn.conf.layers.DropoutLayer;

/**
 * While training, sets each number to zero with probability {@code rate} and divides the others by
 * {@code 1 - rate} (Srivastava et al., 2014).
 *
 * @param rate the fraction dropped, from 0 to less than 1
 */
public record Dropout(double rate) implements Layer {
  public Dropout {
    if (!(rate >= 0 && rate < 1)) {
      throw new IllegalArgumentException("rate is " + rate + " but must be >= 0 and < 1");
    }
  }

  static Dropout read(Section section) {
    if (!section.has("rate")) {
      throw section.missing("rate", "the fraction dropped, a number >= 0 and < 1");
    }
    return new Dropout(
        section.number("rate", 0, "a number >= 0 and < 1", value -> value >= 0 && value < 1));
  }

  @Override
  public String kind() {
    return "dropout";
  }

  @Override
  public String description() {
    return "rate " + rate;
  }

  @Override
  public ActivationShape output(ActivationShape input) {
    return input;
  }

  /** DL4J's number is the probability of being kept. */
  @Override
  public Optional<org.deeplearning4j.nn.conf.layers.Layer> dl4j() {
    return Optional.of(
        new DropoutLayer.Builder(new org.deeplearning4j.nn.conf.dropout.Dropout(1 - rate)).build());
  }

  @Override
  public void initialize(
      String parameter, ActivationShape input, CounterRandom random, float[] target, int offset) {
    throw Layer.noParameter(this, parameter);
  }
}
