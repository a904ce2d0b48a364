package dev.lockstep.benchmarks.contender;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.config.Configuration;
import dev.lockstep.data.Shape;
import dev.lockstep.network.Network;
import java.util.List;
import org.junit.jupiter.api.Test;

class FloatingPointTest {
  @Test
  void aDenseNetworkUsesItsWeightsThreeTimesAndThoseOfTheFirstLayerTwice() {
    assertThat(FloatingPoint.operationsPerExample(shipped("mlp-512")))
        .isEqualTo(2 * (2 * 784 * 512 + 3 * 512 * 10));
  }

  @Test
  void aConvolutionUsesItsWeightsAtEveryPlace() {
    assertThat(FloatingPoint.operationsPerExample(shipped("lenet")))
        .isEqualTo(
            2 * (2 * 25 * 20 * 24 * 24 + 3 * 25 * 20 * 50 * 8 * 8 + 3 * 800 * 500 + 3 * 500 * 10));
  }

  private static Network shipped(String name) {
    return Configuration.read("test.yaml", "network: " + name, List.of())
        .network(new Shape(28, 28, 1), 10);
  }
}
