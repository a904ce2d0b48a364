package dev.lockstep.spark.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.yaml.ConfigurationException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class LocationTest {
  @TempDir Path directory;

  /** Both ways to reach the same directory. */
  enum Access {
    LOCAL {
      @Override
      Location of(Path path) {
        return new LocalLocation(path);
      }
    },
    HADOOP {
      @Override
      Location of(Path path) throws IOException {
        Configuration configuration = new Configuration();
        configuration.set(
            "fs.AbstractFileSystem.file.impl", "org.apache.hadoop.fs.local.RawLocalFs");
        FileContext files = FileContext.getFileContext(path.toUri(), configuration);
        return new HadoopLocation(files, new org.apache.hadoop.fs.Path(path.toUri()));
      }
    };

    abstract Location of(Path path) throws IOException;
  }

  @ParameterizedTest
  @EnumSource
  void whatIsWrittenIsReadAndNothingElseIsLeft(Access access) throws IOException {
    Location file = access.of(directory).child("a b%20.txt");

    file.write(out -> out.write(bytes("first, and longer")));
    file.write(out -> out.write(bytes("second")));

    assertThat(content(file)).isEqualTo("second");
    assertThat(names()).containsExactly("a b%20.txt");
  }

  @ParameterizedTest
  @EnumSource
  void anErrorInMidWriteLeavesTheOldFileAndNoOther(Access access) throws IOException {
    Location file = access.of(directory).child("model.zip");
    file.write(out -> out.write(bytes("whole")));
    byte[] half = new byte[1 << 20];

    assertThatThrownBy(
            () ->
                file.write(
                    out -> {
                      out.write(half);
                      throw new IOException("the disk is gone");
                    }))
        .hasMessage("the disk is gone");
    assertThatThrownBy(
            () ->
                file.write(
                    out -> {
                      out.write(half);
                      throw new OutOfMemoryError("as a test");
                    }))
        .isInstanceOf(OutOfMemoryError.class);

    assertThat(content(file)).isEqualTo("whole");
    assertThat(names()).containsExactly("model.zip");
  }

  @ParameterizedTest
  @EnumSource
  void aReaderNeverSeesHalfAFile(Access access) throws IOException {
    Location file = access.of(directory).child("history.json");
    file.write(out -> out.write(bytes("old")));

    file.write(
        out -> {
          out.write(bytes("ne"));
          out.flush();
          assertThat(content(file)).isEqualTo("old");
          out.write(bytes("w"));
        });

    assertThat(content(file)).isEqualTo("new");
  }

  @ParameterizedTest
  @EnumSource
  void aDirectoryIsListedWithoutItsDirectories(Access access) throws IOException {
    Files.createDirectory(directory.resolve("inner"));
    Files.write(directory.resolve("b"), new byte[3]);
    Files.write(directory.resolve("a"), new byte[2]);
    Location location = access.of(directory);

    List<StoredFile> files = location.files().orElseThrow();

    assertThat(files).extracting(StoredFile::name).containsExactly("a", "b");
    assertThat(files).extracting(StoredFile::length).containsExactly(2L, 3L);
    assertThat(files.get(0).modified())
        .isEqualTo(Files.getLastModifiedTime(directory.resolve("a")).toMillis());
  }

  @ParameterizedTest
  @EnumSource
  void whatIsMissingIsEmptyAndNoError(Access access) throws IOException {
    Location missing = access.of(directory).child("missing");

    assertThat(missing.open()).isEmpty();
    assertThat(missing.files()).isEmpty();
  }

  @ParameterizedTest
  @EnumSource
  void aFileIsNoDirectory(Access access) throws IOException {
    Files.write(directory.resolve("file"), new byte[1]);
    Location file = access.of(directory).child("file");

    assertThatThrownBy(file::files).isInstanceOf(IOException.class).hasMessageContaining("file");
    assertThatThrownBy(() -> file.child("inner").createDirectory()).isInstanceOf(IOException.class);
  }

  @ParameterizedTest
  @EnumSource
  void aDirectoryIsCreatedWithItsParents(Access access) throws IOException {
    Location inner = access.of(directory).child("runs").child("first");

    assertThat(inner.createDirectory()).isTrue();

    assertThat(directory.resolve("runs/first")).isEmptyDirectory();
    assertThat(directory.resolve("runs").toFile().list()).containsExactly("first");
  }

  @ParameterizedTest
  @EnumSource
  void aDirectoryIsRenamedAndDeletedWithAllThatIsInIt(Access access) throws IOException {
    Location location = access.of(directory);
    Location inner = location.child("b");
    inner.createDirectory();
    inner.child("file").write(out -> out.write(bytes("content")));
    location.child("a").createDirectory();
    assertThat(location.directories()).containsExactly("a", "b");

    inner.rename("c");

    assertThat(content(location.child("c").child("file"))).isEqualTo("content");
    assertThatThrownBy(() -> location.child("a").rename("c")).isInstanceOf(IOException.class);
    location.child("c").delete();
    location.child("c").delete();
    assertThat(names()).containsExactly("a");
    assertThat(location.child("c").directories()).isEmpty();
  }

  private static Location place(String written) {
    return ((PatientLocation) Location.of(written)).place();
  }

  @Test
  void aPathIsLocalAndRelativeToTheCurrentDirectoryUnlessItHasAScheme() {
    assertThat(place("runs/a")).isEqualTo(new LocalLocation(Path.of("runs/a")));
    assertThat(Location.of("runs/a")).hasToString("runs/a");
    assertThat(Location.of("runs/a").absolute())
        .isEqualTo(Path.of("runs/a").toAbsolutePath().toString());
    assertThat(place("file:/tmp/a b")).isEqualTo(new LocalLocation(Path.of("/tmp/a b")));
    assertThat(place("file:///tmp/a")).isEqualTo(new LocalLocation(Path.of("/tmp/a")));
    assertThat(place("hdfs://localhost:9000/runs/a")).isInstanceOf(HadoopLocation.class);
    assertThat(Location.of("hdfs://localhost:9000/runs").child("a"))
        .hasToString("hdfs://localhost:9000/runs/a");
  }

  @Test
  void aPathThatCannotBeUsedIsAnErrorForTheReader() {
    assertThatThrownBy(() -> Location.of(" "))
        .isInstanceOf(ConfigurationException.class)
        .hasMessageContaining("the path is empty");
    assertThatThrownBy(() -> Location.of("floppy://host/a"))
        .isInstanceOf(ConfigurationException.class)
        .hasMessageContainingAll("'floppy://host/a' cannot be reached", "floppy");
    assertThatThrownBy(() -> Location.of("a\0b"))
        .isInstanceOf(ConfigurationException.class)
        .hasMessageContaining("is not a path");
  }

  @Test
  void aStoreWhoseConnectorIsMissingIsAnErrorThatNamesIt() {
    assertThatThrownBy(() -> Location.of("s3a://bucket/runs"))
        .isInstanceOf(ConfigurationException.class)
        .hasMessage(
            "'s3a://bucket/runs' cannot be reached: the connector for s3a:// is missing (Class"
                + " org.apache.hadoop.fs.s3a.S3A not found); give it to Spark, with --packages"
                + " org.apache.hadoop:hadoop-aws:3.3.4 or in the image");
  }

  /** Archives are file systems to Java, and know no second names. */
  @Test
  void whereFilesCannotHaveTwoNamesOneIsCreatedIfItsNameIsFree() throws IOException {
    Path archive = directory.resolve("files.zip");
    try (FileSystem zip = FileSystems.newFileSystem(archive, Map.of("create", "true"))) {
      Location file = new LocalLocation(zip.getPath("/claim"));

      assertThat(file.create(out -> out.write(bytes("first")))).isTrue();
      assertThat(file.create(out -> out.write(bytes("second")))).isFalse();

      assertThat(content(file)).isEqualTo("first");
      assertThat(zip.getPath("/")).isDirectoryNotContaining("glob:**tmp");
    }
  }

  private static String content(Location file) throws IOException {
    Optional<InputStream> opened = file.open();
    try (InputStream in = opened.orElseThrow()) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private List<String> names() throws IOException {
    try (Stream<Path> entries = Files.list(directory)) {
      return entries.map(entry -> entry.getFileName().toString()).toList();
    }
  }
}
