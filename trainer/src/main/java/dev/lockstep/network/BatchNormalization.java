package dev.lockstep.network;

import dev.lockstep.random.CounterRandom;
import dev.lockstep.yaml.Section;
import java.util.Arrays;
import java.util.Optional;
import org.deeplearning4j.nn.params.BatchNormalizationParamInitializer;

/**
 * Normalises each unit, or each channel of an image, over the batch; then scales by gamma and adds
 * beta (Ioffe and Szegedy, 2015).
 *
 * @param momentum of the running mean and variance, from 0 to less than 1
 * @param epsilon added to the variance, positive
 */
public record BatchNormalization(double momentum, double epsilon) implements Layer {
  public BatchNormalization {
    if (!(momentum >= 0 && momentum < 1) || !(epsilon > 0)) {
      throw new IllegalArgumentException(
          "momentum is %s but must be >= 0 and < 1; epsilon is %s but must be > 0"
              .formatted(momentum, epsilon));
    }
  }

  static BatchNormalization read(Section section) {
    return new BatchNormalization(
        section.number("momentum", 0.99, "a number >= 0 and < 1", value -> value >= 0 && value < 1),
        section.number("epsilon", 1e-3, "a number > 0", value -> value > 0));
  }

  @Override
  public String kind() {
    return "batch_normalization";
  }

  @Override
  public String description() {
    return "momentum %s, epsilon %s".formatted(momentum, epsilon);
  }

  @Override
  public ActivationShape output(ActivationShape input) {
    if (input instanceof ActivationShape.Sequence) {
      throw new IllegalArgumentException(
          "its input is %s, which DL4J cannot normalise; put it after a recurrent layer with returnSequences: false"
              .formatted(input));
    }
    return input;
  }

  @Override
  public Optional<org.deeplearning4j.nn.conf.layers.Layer> dl4j() {
    return Optional.of(
        new org.deeplearning4j.nn.conf.layers.BatchNormalization.Builder()
            .decay(momentum)
            .eps(epsilon)
            .useLogStd(false)
            .build());
  }

  @Override
  public void initialize(
      String parameter, ActivationShape input, CounterRandom random, float[] target, int offset) {
    int units = input instanceof ActivationShape.Image image ? image.channels() : input.size();
    float value =
        switch (parameter) {
          case BatchNormalizationParamInitializer.GAMMA,
              BatchNormalizationParamInitializer.GLOBAL_VAR ->
              1;
          case BatchNormalizationParamInitializer.BETA,
              BatchNormalizationParamInitializer.GLOBAL_MEAN ->
              0;
          default -> throw Layer.noParameter(this, parameter);
        };
    Arrays.fill(target, offset, offset + units, value);
  }
}
