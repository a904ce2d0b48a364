package dev.lockstep.spark.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.lockstep.spark.storage.Location;
import dev.lockstep.yaml.ConfigurationException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
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

    assertThat(registry.promote(3, Optional.empty(), "the first")).isTrue();
    assertThat(ModelReference.resolve(champion).name()).isEqualTo("000003");
    assertThat(registry.promote(5, registry.champion(), "better")).isTrue();
    assertThat(ModelReference.resolve(champion).name()).isEqualTo("000005");
    assertThat(ModelReference.resolve("registry:" + directory + "/3").name()).isEqualTo("000003");
  }

  @Test
  void ofTwentyPromotionsOfOneParentOneSucceeds() throws Exception {
    assertThat(registry.promote(1, Optional.empty(), "the first")).isTrue();
    Optional<Champion> parent = registry.champion();

    int[] promoted =
        IntStream.rangeClosed(1, 20).parallel().filter(v -> promote(v, parent)).toArray();

    assertThat(promoted).hasSize(1);
    assertThat(registry.champion())
        .hasValueSatisfying(
            champion -> {
              assertThat(champion.sequence()).isEqualTo(2);
              assertThat(champion.version()).isEqualTo(promoted[0]);
              assertThat(champion.parent()).isEqualTo(1);
              assertThat(champion.reason()).isEqualTo("one of twenty");
            });
    assertThat(directory.resolve("champions")).isDirectoryNotContaining("glob:**.tmp");
  }

  private boolean promote(int version, Optional<Champion> parent) {
    try {
      return registry.promote(version, parent, "one of twenty");
    } catch (java.io.IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  @Test
  void aRollbackLeadsToTheChampionBefore() throws Exception {
    for (int version : new int[] {2, 4, 7}) {
      registry.promote(version, registry.champion(), "better");
    }
    assertThat(ModelRegistry.previous(registry.history())).contains(4);

    registry.promote(4, registry.champion(), "rolled back");

    assertThat(ModelRegistry.previous(registry.history())).contains(2);
    registry.promote(2, registry.champion(), "rolled back");
    assertThat(ModelRegistry.previous(registry.history())).isEmpty();
  }

  @Test
  void whatTheHistoryNamesIsNeverPruned() throws Exception {
    registry.promote(3, Optional.empty(), "the first");
    registry.promote(5, registry.champion(), "better");

    assertThat(registry.prune(2)).doesNotContain(3, 5, 18, 19, 20).hasSize(15);

    assertThat(registry.numbers()).containsExactly(3, 5, 18, 19, 20);
    assertThat(registry.prune(0)).containsExactly(18, 19);
  }

  @Test
  void whatATrainingLeftThatDiedIsNoVersion() throws Exception {
    Location unfinished = registry.unfinished(7);
    assertThat(unfinished.name()).isEqualTo("000021.unfinished-7");
    unfinished.createDirectory();

    assertThat(registry.numbers()).doesNotContain(21);
    registry.deleteUnfinished();

    assertThat(directory.resolve("versions/000021.unfinished-7")).doesNotExist();
  }

  @Test
  void oldFilesOfWritersThatDiedAreDeleted() throws Exception {
    registry.promote(1, Optional.empty(), "the first");
    Path dead = Files.writeString(directory.resolve("champions/.000002.json.a.tmp"), "{");
    Files.setLastModifiedTime(dead, FileTime.from(Instant.now().minus(Duration.ofDays(1))));
    Path alive = Files.writeString(directory.resolve("champions/.000002.json.b.tmp"), "{");

    registry.deleteUnfinished();

    assertThat(dead).doesNotExist();
    assertThat(alive).exists();
    assertThat(registry.history()).hasSize(1);
  }

  @Test
  void aVersionSaysWhatItWasMadeFrom() throws Exception {
    Version about =
        new Version(
            Instant.parse("2026-11-22T02:00:00Z"),
            new Version.Lineage(7, 2, 5, "champion", "ab"),
            JsonNodeFactory.instance.objectNode().put("start", "champion"),
            new Version.Data("cd", "mnist", 900, 100, List.of(600L, 400L)),
            true,
            List.of("accuracy 0.9 is at least 0.8"),
            JsonNodeFactory.instance.objectNode());
    Location unfinished = registry.unfinished(7);
    unfinished.createDirectory();

    assertThat(registry.publish(unfinished, about)).isEqualTo(21);

    assertThat(registry.about(21)).contains(about);
    assertThat(registry.about(20)).isEmpty();
  }

  @Test
  void aNumberIsTakenOnce() throws Exception {
    Location slow = registry.unfinished(7);
    slow.createDirectory();
    Version about =
        new Version(
            Instant.EPOCH,
            new Version.Lineage(7, 0, 0, "scratch", "ab"),
            JsonNodeFactory.instance.objectNode(),
            new Version.Data("cd", "mnist", 1, 1, List.of()),
            true,
            List.of("good"),
            JsonNodeFactory.instance.objectNode());
    Location fast = registry.unfinished(8);
    fast.createDirectory();
    registry.publish(fast, about);

    assertThatThrownBy(() -> registry.publish(slow, about)).isInstanceOf(IOException.class);
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
