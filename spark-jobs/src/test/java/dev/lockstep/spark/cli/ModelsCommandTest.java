package dev.lockstep.spark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.spark.registry.Lease;
import dev.lockstep.spark.registry.ModelRegistry;
import dev.lockstep.spark.storage.Location;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelsCommandTest {
  @TempDir Path directory;
  private ModelRegistry registry;

  @BeforeEach
  void threeVersionsOfWhichTwoWereChampions() throws Exception {
    for (int version = 1; version <= 3; version++) {
      Files.createDirectories(directory.resolve("versions/%06d".formatted(version)));
    }
    registry = new ModelRegistry(Location.of(directory.toString()));
    registry.promote(1, registry.champion(), "the first");
    registry.promote(3, registry.champion(), "better by a point");
  }

  private Invocation models(String command, String... more) {
    String[] arguments = new String[more.length + 4];
    System.arraycopy(
        new String[] {"models", command, "--registry", directory.toString()}, 0, arguments, 0, 4);
    System.arraycopy(more, 0, arguments, 4, more.length);
    return Invocation.of(arguments);
  }

  @Test
  void theListSaysWhichIsTheChampion() {
    Invocation list = models("list");

    assertThat(list.exitCode()).as(list.err()).isZero();
    assertThat(list.out()).hasSize(4);
    assertThat(list.out().get(1)).endsWith("a former champion");
    assertThat(list.out().get(2)).endsWith("never the champion");
    assertThat(list.out().get(3)).endsWith("the champion");
  }

  @Test
  void aVersionIsShownWithItsHistory() {
    assertThat(models("show").out().toString()).contains("better by a point", "000003");
    assertThat(models("show", "1").out().toString()).contains("the first", "000001");
    assertThat(models("show", "4").exitCode()).isEqualTo(2);
    assertThat(models("show", "one").err()).contains("'one' is no version");
  }

  @Test
  void aRollbackRestoresTheChampionBefore() {
    assertThat(models("rollback").lastLine()).isEqualTo("version 1 is the champion, in place of 3");
    assertThat(models("show").out().toString()).contains("rollback: by hand", "000001");

    Invocation again = models("rollback");
    assertThat(again.exitCode()).isEqualTo(2);
    assertThat(again.err()).contains("there is no champion before the present one");
  }

  @Test
  void aRunningRetrainingStopsNoRollbackButAllElse() throws Exception {
    try (Lease lease = Lease.take(registry.location(), Duration.ofMinutes(1))) {
      assertThat(models("rollback").exitCode()).isZero();
      assertThat(models("promote", "3").exitCode()).isZero();
      assertThat(models("promote", "2").exitCode()).isEqualTo(12);
      Invocation prune = models("prune", "--keep", "0");
      assertThat(prune.exitCode()).isEqualTo(12);
      assertThat(prune.err()).contains("the lease is held by process");
    }
    assertThat(models("promote", "2", "--reason", "a test").exitCode()).isZero();
    assertThat(registry.champion().orElseThrow().reason()).isEqualTo("a test");
  }

  @Test
  void aPathThatIsNoRegistryIsRefusedAndStaysAsItIs() {
    Path mistyped = directory.resolve("mnsit");

    for (String[] command :
        new String[][] {{"list"}, {"show"}, {"promote", "1"}, {"rollback"}, {"prune"}}) {
      Invocation refused =
          Invocation.of(
              Stream.concat(
                      Stream.of("models", command[0], "--registry", mistyped.toString()),
                      Stream.of(command).skip(1))
                  .toArray(String[]::new));

      assertThat(refused.exitCode()).isEqualTo(2);
      assertThat(refused.err()).contains(mistyped + ": there is no registry");
    }
    assertThat(mistyped).doesNotExist();
  }

  @Test
  void theHelpSaysThatTheLeaseMayBeHeld() {
    for (String command : new String[] {"promote", "prune"}) {
      assertThat(String.join("\n", Invocation.of("models", command, "--help").out()))
          .containsPattern("(?m)^ +12 +\\S");
    }
  }

  @Test
  void whatNeverWasTheChampionIsPruned() {
    assertThat(models("prune", "--keep", "0").lastLine()).isEqualTo("deleted versions [2]");
    assertThat(models("prune", "--keep", "0").lastLine()).isEqualTo("nothing to delete");
    assertThat(registry.numbers()).containsExactly(1, 3);
    assertThat(models("prune", "--keep", "-1").err()).contains("--keep is -1 but must be 0");
  }
}
