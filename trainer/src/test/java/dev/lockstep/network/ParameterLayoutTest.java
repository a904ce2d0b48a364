package dev.lockstep.network;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.lockstep.yaml.ConfigurationException;
import org.junit.jupiter.api.Test;

class ParameterLayoutTest {
  @Test
  void parametersThatNd4jHasNoRoomForAreRefusedBeforeTheyAreAllocated() {
    long limit = 100 << 20;

    assertThatCode(() -> ParameterLayout.requireRoom("network 'large'", limit / 4, limit))
        .doesNotThrowAnyException();
    assertThatCode(() -> ParameterLayout.requireRoom("network 'large'", limit, 0))
        .doesNotThrowAnyException();
    assertThatExceptionOfType(ConfigurationException.class)
        .isThrownBy(() -> ParameterLayout.requireRoom("network 'large'", 50_000_000, limit))
        .withMessage(
            "network 'large': its 50000000 parameters take 190 MiB outside the heap but ND4J may"
                + " take 100 MiB; raise -Dorg.bytedeco.javacpp.maxbytes (and .maxphysicalbytes), or"
                + " use a smaller network");
  }
}
