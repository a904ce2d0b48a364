package dev.lockstep.optimizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.yaml.ConfigurationException;
import dev.lockstep.yaml.Section;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OptimizerReadTest {
  @Test
  void aNameAloneGivesKerasDefaults() {
    assertThat(read("{name: sgd}")).isEqualTo(new Sgd(constant(0.01), Clipping.NONE, 0, false));
    assertThat(read("{name: rmsprop}"))
        .isEqualTo(new RmsProp(constant(0.001), Clipping.NONE, 0.9, 0, 1e-7, false));
    Adam adam = new Adam(constant(0.001), Clipping.NONE, 0.9, 0.999, 1e-7);
    assertThat(read("{name: adam}")).isEqualTo(adam);
    assertThat(read("{name: adamw}")).isEqualTo(new AdamW(adam, 0.004));
  }

  @Test
  void everySettingIsRead() {
    assertThat(
            read("{name: sgd, learningRate: 0.1, momentum: 0.8, nesterov: true, clipValue: 0.5}"))
        .isEqualTo(new Sgd(constant(0.1), new Clipping(0.5, 0), 0.8, true));
    assertThat(
            read(
                "{name: rmsprop, learningRate: 0.1, rho: 0.8, momentum: 0.7, epsilon: 0.01,"
                    + " centered: true, globalClipNorm: 2}"))
        .isEqualTo(new RmsProp(constant(0.1), new Clipping(0, 2), 0.8, 0.7, 0.01, true));
    Adam adam = new Adam(constant(0.1), new Clipping(0, 2), 0.8, 0.9, 0.01);
    String settings = "learningRate: 0.1, beta1: 0.8, beta2: 0.9, epsilon: 0.01, globalClipNorm: 2";
    assertThat(read("{name: adam, " + settings + "}")).isEqualTo(adam);
    assertThat(read("{name: adamw, weightDecay: 0.1, " + settings + "}"))
        .isEqualTo(new AdamW(adam, 0.1));
  }

  @Test
  void everyScheduleIsRead() {
    assertThat(rate("0.5")).isEqualTo(constant(0.5));
    assertThat(rate("{schedule: constant, initial: 0.5}")).isEqualTo(constant(0.5));
    assertThat(rate("{schedule: step, boundaries: [100, 200], values: [1, 0.5, 0.1]}"))
        .isEqualTo(new LearningRate.Step(List.of(100L, 200L), List.of(1.0, 0.5, 0.1)));
    assertThat(rate("{schedule: exponential, initial: 0.5, decaySteps: 100, decayRate: 0.9}"))
        .isEqualTo(new LearningRate.Exponential(0.5, 100, 0.9, false));
    assertThat(
            rate(
                "{schedule: exponential, initial: 0.5, decaySteps: 100, decayRate: 0.9,"
                    + " staircase: true}"))
        .isEqualTo(new LearningRate.Exponential(0.5, 100, 0.9, true));
    assertThat(rate("{schedule: cosine, initial: 0.5, decaySteps: 100}"))
        .isEqualTo(new LearningRate.Cosine(0.5, 100, 0));
    assertThat(
            rate("{schedule: cosine, initial: 0.5, decaySteps: 100, alpha: 0.1, warmupSteps: 10}"))
        .isEqualTo(new LearningRate.WarmUp(new LearningRate.Cosine(0.5, 100, 0.1), 10, 0));
    assertThat(rate("{schedule: constant, initial: 0.5, warmupSteps: 10, warmupFrom: 0.1}"))
        .isEqualTo(new LearningRate.WarmUp(constant(0.5), 10, 0.1));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          {}                              | : 'name' is missing; it must be one of sgd, rmsprop, adam, adamw
          {name: rmsProp}                 | .name is 'rmsProp' but must be one of sgd, rmsprop, adam, adamw; did you mean 'rmsprop'?
          {name: [adam]}                  | .name is a list but must be one of sgd, rmsprop, adam, adamw
          {name: sgd, rho: 0.9}           | : 'rho' is a setting of rmsprop, and not of sgd; leave it out, or say the whole optimizer, as in --set 'training.optimizer={name: sgd}'
          {name: adam, learning_rate: 1}  | : unknown key 'learning_rate'; did you mean 'learningRate'?; known here: beta1, beta2, clipValue, epsilon, globalClipNorm, learningRate, name
          {name: sgd, momentum: 1.5}      | .momentum is '1.5' but must be a number from 0 to 1
          {name: sgd, nesterov: 1}        | .nesterov is '1' but must be true or false
          {name: sgd, nesterov: true}     | : nesterov is true but momentum is 0, so it would change nothing; set momentum (0.9 is usual) or leave nesterov out
          {name: rmsprop, rho: 1}         | .rho is '1' but must be a number >= 0 and < 1
          {name: rmsprop, epsilon: 0}     | .epsilon is '0' but must be a number > 0
          {name: rmsprop, centered: x}    | .centered is 'x' but must be true or false
          {name: adam, beta1: -0.1}       | .beta1 is '-0.1' but must be a number >= 0 and < 1
          {name: adam, beta2: high}       | .beta2 is 'high' but must be a number >= 0 and < 1
          {name: adamw, weightDecay: -1}  | .weightDecay is '-1' but must be a number >= 0
          {name: adam, clipValue: 0}      | .clipValue is '0' but must be a number > 0
          {name: adam, globalClipNorm: 0} | .globalClipNorm is '0' but must be a number > 0
          {name: adam, clipValue: 1, globalClipNorm: 1} | : clipValue and globalClipNorm are both set, but a gradient is clipped one way; leave one of them out
          {name: adam, learningRate: 0}   | .learningRate is '0' but must be a number > 0
          {name: adam, learningRate: 1.0e400} | .learningRate is 'Infinity' but must be a number > 0
          {name: adam, learningRate: fast} | .learningRate is 'fast' but must be a number > 0
          {name: adam, learningRate: [1]} | .learningRate is a list but must be a number > 0 or a mapping with a schedule
          """)
  void aMistakeInTheOptimizerIsNamed(String yaml, String message) {
    assertThatThrownBy(() -> read(yaml))
        .isInstanceOf(ConfigurationException.class)
        .hasMessage("train.yaml: optimizer" + message);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          {initial: 1}                                           | : 'schedule' is missing; it must be one of constant, step, exponential, cosine
          {schedule: cosin}                                      | .schedule is 'cosin' but must be one of constant, step, exponential, cosine; did you mean 'cosine'?
          {schedule: constant}                                   | : 'initial' is missing; it must be a number > 0
          {schedule: constant, initial: -1}                      | .initial is '-1' but must be a number > 0
          {schedule: constant, initial: 1, alpha: 1}             | : unknown key 'alpha'; known here: initial, schedule, warmupFrom, warmupSteps
          {schedule: cosine, initial: 1}                         | : 'decaySteps' is missing; it must be a whole number of at least 1
          {schedule: cosine, initial: 1, decaySteps: 0}          | .decaySteps is '0' but must be a whole number of at least 1
          {schedule: cosine, initial: 1, decaySteps: 1, alpha: 2} | .alpha is '2' but must be a number from 0 to 1
          {schedule: exponential, initial: 1, decaySteps: 1}     | : 'decayRate' is missing; it must be a number > 0
          {schedule: step, boundaries: 5, values: [1]}           | .boundaries is '5' but must be a list
          {schedule: step, boundaries: [5, 5], values: [1, 1, 1]} | .boundaries[1] is '5' but must be a whole number of at least 6: steps that ascend
          {schedule: step, boundaries: [0.5], values: [1, 1]}    | .boundaries[0] is '0.5' but must be a whole number of at least 0: steps that ascend
          {schedule: step, boundaries: [5], values: [1, 0]}      | .values[1] is '0' but must be a number > 0
          {schedule: step, boundaries: [5], values: [1]}         | : values has 1 numbers and boundaries 1, but there must be one more value than boundaries
          {schedule: constant, initial: 1, warmupSteps: -1}      | .warmupSteps is '-1' but must be a whole number of at least 0
          {schedule: constant, initial: 1, warmupSteps: 1, warmupFrom: -1} | .warmupFrom is '-1' but must be a number >= 0
          {schedule: constant, initial: 1, warmupFrom: 0.1}      | .warmupFrom is '0.1' but must be left out where warmupSteps is 0
          """)
  void aMistakeInTheScheduleIsNamed(String yaml, String message) {
    assertThatThrownBy(() -> rate(yaml))
        .isInstanceOf(ConfigurationException.class)
        .hasMessage("train.yaml: optimizer.learningRate" + message);
  }

  private static Optimizer read(String yaml) {
    return Optimizer.read(Section.parse("train.yaml", "optimizer: " + yaml).section("optimizer"));
  }

  private static LearningRate rate(String yaml) {
    return read("{name: adam, learningRate: " + yaml + "}").learningRate();
  }

  private static LearningRate constant(double value) {
    return new LearningRate.Constant(value);
  }
}
