package dev.lockstep.spark.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.spark.storage.Location;
import dev.lockstep.yaml.ConfigurationException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelRegistryTest {
  @TempDir Path directory;
  private ModelRegistry registry;

  @BeforeEach
  void makeTwentyVersions() throws Exception {
    for (int version = 1; version <= 20; version++) {
      Files.createDirectories(directory.resolve("versions/%06d".formatted(version)));
    }
    registry = new ModelRegistry(Location.of(directory.toString()));
  }

  @Test
  void aNameFollowsTheChampion() throws Exception {
    String champion = "registry:" + directory + "/champion";
    assertThatThrownBy(() -> ModelReference.resolve(champion))
        .isInstanceOf(ConfigurationException.class)
        .hasMessageContaining("there is no champion yet");

    assertThat(registry.promote(3, Optional.empty())).isTrue();
    assertThat(ModelReference.resolve(champion).name()).isEqualTo("000003");
    assertThat(registry.promote(5, registry.champion())).isTrue();
    assertThat(ModelReference.resolve(champion).name()).isEqualTo("000005");
    assertThat(ModelReference.resolve("registry:" + directory + "/3").name()).isEqualTo("000003");
  }

  @Test
  void ofTwentyPromotionsOfOneParentOneSucceeds() throws Exception {
    assertThat(registry.promote(1, Optional.empty())).isTrue();
    Optional<Champion> parent = registry.champion();

    int[] promoted =
        IntStream.rangeClosed(1, 20).parallel().filter(v -> promote(v, parent)).toArray();

    assertThat(promoted).hasSize(1);
    assertThat(registry.champion()).contains(new Champion(2, promoted[0]));
    assertThat(directory.resolve("champions")).isDirectoryNotContaining("glob:**.tmp");
  }

  private boolean promote(int version, Optional<Champion> parent) {
    try {
      return registry.promote(version, parent);
    } catch (java.io.IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  @Test
  void whatIsNoVersionIsNamed() {
    assertThatThrownBy(() -> ModelReference.resolve("registry:" + directory + "/21"))
        .isInstanceOf(ConfigurationException.class)
        .hasMessageContaining("there is no version 21 of the model");
    assertThatThrownBy(() -> ModelReference.resolve("registry:champion"))
        .isInstanceOf(ConfigurationException.class)
        .hasMessageContaining("expected registry:<directory>/champion");
  }
}
