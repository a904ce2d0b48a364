package dev.lockstep.spark.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.AbstractFileSystem;
import org.apache.hadoop.fs.FileContext;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class CheckpointDirectoryTest {
  private static final byte[] VECTOR = {1, 2, 3, 4, 5, 6, 7, 8};
  private static final CheckpointName NAME = new CheckpointName(2, 780);
  private static final ObjectNode ABOUT =
      JsonNodeFactory.instance.objectNode().put("workers", 2).put("é", "\"x\"");

  @TempDir Path run;
  private CheckpointDirectory checkpoints;

  @BeforeEach
  void open() {
    checkpoints = new CheckpointDirectory(new LocalLocation(run));
  }

  private void write(CheckpointName name) throws IOException {
    checkpoints.write(name, Map.of("vector.bin", out -> out.write(VECTOR)), ABOUT);
  }

  private byte[] read() throws IOException {
    return checkpoints.open(NAME).bytes("vector.bin", 100);
  }

  @ParameterizedTest
  @EnumSource
  void whatIsWrittenIsReadOnEveryFileSystem(LocationTest.Access access) throws IOException {
    CheckpointDirectory there = new CheckpointDirectory(access.of(run));

    there.write(NAME, Map.of("vector.bin", out -> out.write(VECTOR)), ABOUT);
    there.write(NAME, Map.of("vector.bin", out -> out.write(VECTOR)), ABOUT);

    assertThat(there.open(NAME).bytes("vector.bin", 8)).isEqualTo(VECTOR);
    assertThat(there.open(NAME).about().path("workers").asInt()).isEqualTo(2);
    assertThat(run.resolve("checkpoints").toFile().list())
        .containsExactly("epoch-0002-step-00000780");
  }

  @Test
  void everyByteOfEveryFileIsGuarded() throws IOException {
    write(NAME);
    for (String name : List.of("vector.bin", "manifest.json")) {
      Path file = run.resolve("checkpoints/" + NAME + "/" + name);
      byte[] whole = Files.readAllBytes(file);
      for (int at = 0; at < whole.length; at++) {
        for (int bit = 0; bit < Byte.SIZE; bit++) {
          byte[] flipped = whole.clone();
          flipped[at] ^= (byte) (1 << bit);
          assertDamaged(file, flipped);
        }
        assertDamaged(file, Arrays.copyOf(whole, at));
      }
      assertDamaged(file, Arrays.copyOf(whole, whole.length + 1));
      Files.delete(file);
      assertThatThrownBy(this::read)
          .isInstanceOf(DamagedException.class)
          .hasMessage(file + " is missing");
      Files.write(file, whole);
      assertThat(read()).isEqualTo(VECTOR);
    }
  }

  private void assertDamaged(Path file, byte[] content) throws IOException {
    Files.write(file, content);
    assertThatThrownBy(this::read)
        .isInstanceOf(DamagedException.class)
        .hasMessageContaining(file.toString());
  }

  @Test
  void aFileOfAnotherLengthThanNeededIsNotRead() throws IOException {
    write(NAME);

    assertThatThrownBy(() -> checkpoints.open(NAME).read("vector.bin", 12, in -> {}))
        .isInstanceOf(DamagedException.class)
        .hasMessageContaining("has 8 bytes by its manifest, but such a training needs 12");
    assertThatThrownBy(() -> checkpoints.open(NAME).bytes("vector.bin", 7))
        .isInstanceOf(DamagedException.class)
        .hasMessageContaining("has 8 bytes by its manifest, but must have from 0 to 7");
    assertThatThrownBy(() -> checkpoints.open(NAME).bytes("other.bin", 7))
        .isInstanceOf(DamagedException.class)
        .hasMessageContaining("other.bin");
  }

  @Test
  void theNewestAreKeptByEpochThenStep() throws IOException {
    List<CheckpointName> names =
        Stream.of(99_999_999_999L, 5L, 780L, 12L).map(s -> new CheckpointName(2, s)).toList();
    for (CheckpointName name : names) {
      write(name);
    }
    write(new CheckpointName(12_345, 1));

    assertThat(checkpoints.newestFirst())
        .startsWith(new CheckpointName(12_345, 1), names.get(0), NAME);
    checkpoints.prune(2);
    assertThat(checkpoints.newestFirst())
        .containsExactly(new CheckpointName(12_345, 1), names.get(0));
  }

  @Test
  void anErrorInMidWriteLeavesTheOldOneAndNoOther() throws IOException {
    write(NAME);

    assertThatThrownBy(
            () ->
                checkpoints.write(
                    NAME,
                    Map.of(
                        "vector.bin",
                        out -> {
                          throw new IOException("the disk is full");
                        }),
                    ABOUT))
        .hasMessage("the disk is full");

    assertThat(read()).isEqualTo(VECTOR);
    assertThat(run.resolve("checkpoints").toFile().list()).hasSize(1);
  }

  @Test
  void whatAKilledWriterLeftIsNoCheckpointAndIsCleared() throws IOException {
    write(NAME);
    Path unfinished = run.resolve("checkpoints/.epoch-0003-step-00001170.4f.tmp");
    Files.createDirectory(unfinished);
    Files.write(unfinished.resolve("vector.bin"), VECTOR);

    assertThat(checkpoints.newestFirst()).containsExactly(NAME);
    checkpoints.deleteUnfinished();

    assertThat(unfinished).doesNotExist();
    assertThat(read()).isEqualTo(VECTOR);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2})
  void whereARenameGoesFileByFileOneThatStopsHalfWayIsDamagedAndTheOlderOneStays(int renamed)
      throws IOException {
    Configuration configuration = new Configuration();
    configuration.setClass(
        "fs.AbstractFileSystem.store.impl", StoreWithoutRename.class, AbstractFileSystem.class);
    URI uri = URI.create("store:" + run);
    CheckpointDirectory store =
        new CheckpointDirectory(
            new HadoopLocation(
                FileContext.getFileContext(uri, configuration),
                new org.apache.hadoop.fs.Path(uri)));
    CheckpointName newer = new CheckpointName(3, 1170);
    StoreWithoutRename.diesAfter(Integer.MAX_VALUE);
    store.write(NAME, Map.of("vector.bin", out -> out.write(VECTOR)), ABOUT);

    StoreWithoutRename.diesAfter(renamed);
    assertThatThrownBy(
            () -> store.write(newer, Map.of("vector.bin", out -> out.write(VECTOR)), ABOUT))
        .hasMessage("the process has died");
    StoreWithoutRename.diesAfter(Integer.MAX_VALUE);

    assertThat(run.resolve("checkpoints/" + newer).toFile().list()).hasSize(renamed);
    store.deleteUnfinished();
    assertThat(store.newestFirst()).containsExactly(newer, NAME);
    if (renamed < 2) {
      assertThatThrownBy(() -> store.open(newer).bytes("vector.bin", 8))
          .isInstanceOf(DamagedException.class)
          .hasMessageEndingWith("is missing");
    } else {
      assertThat(store.open(newer).bytes("vector.bin", 8)).isEqualTo(VECTOR);
    }
    assertThat(store.open(NAME).bytes("vector.bin", 8)).isEqualTo(VECTOR);
  }

  @Test
  void aRunWithoutCheckpointsHasNone() throws IOException {
    assertThat(checkpoints.newestFirst()).isEmpty();
    checkpoints.deleteUnfinished();
    assertThat(run).isEmptyDirectory();
  }
}
