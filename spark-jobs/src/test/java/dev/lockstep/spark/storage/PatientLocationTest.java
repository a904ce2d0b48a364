package dev.lockstep.spark.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.spark.LogLines;
import dev.lockstep.yaml.ConfigurationException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.DelegateToFileSystem;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** File systems that do not answer: a name node that is mute, a pipe that nobody fills. */
@Timeout(60)
class PatientLocationTest {
  private static final Duration TIMEOUT = Duration.ofSeconds(2);

  @TempDir Path directory;

  private Path pipe() throws Exception {
    Path pipe = directory.resolve("pipe");
    new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor();
    return pipe;
  }

  @Test
  void whoeverWaitsForAMuteNameNodeSaysSoOnceAndGivesUp() throws Exception {
    try (ServerSocket mute = new ServerSocket(0, 50, InetAddress.getByName("127.0.0.1"));
        LogLines log = LogLines.open()) {
      String path = "hdfs://127.0.0.1:%d/data".formatted(mute.getLocalPort());
      Location location =
          new PatientLocation(
              HadoopLocation.of(new org.apache.hadoop.fs.Path(path), new Configuration()), TIMEOUT);

      assertThatThrownBy(location::files)
          .isInstanceOf(IOException.class)
          .hasMessage(
              path
                  + ": its file system did not answer for 2 s (spark.lockstep.storageTimeout) when it"
                  + " was to be listed");
      assertThatThrownBy(() -> location.child("file").write(out -> out.write(1)))
          .hasMessageStartingWith(path + "/file: its file system did not answer for 2 s");
      assertThat(log.with("waiting since"))
          .containsExactly(
              "waiting since 1 s for %s to be listed: its file system does not answer; giving up in 1 s"
                  .formatted(path),
              "waiting since 1 s for %s/file to be written: its file system does not answer; giving up in 1 s"
                  .formatted(path));
    }
  }

  @Test
  @DisabledOnOs(OS.WINDOWS)
  void aFileThatCannotBeOpenedIsGivenUp() throws Exception {
    Location location = new PatientLocation(new LocalLocation(pipe()), TIMEOUT);

    assertThatThrownBy(location::open)
        .isInstanceOf(IOException.class)
        .hasMessageContaining("did not answer for 2 s")
        .hasMessageEndingWith("when it was to be opened");
  }

  @Test
  @DisabledOnOs(OS.WINDOWS)
  void aFileThatEndsInSilenceIsReadAsFarAsItGoesAndThenGivenUp() throws Exception {
    Path pipe = pipe();
    Location location = new PatientLocation(new LocalLocation(pipe), TIMEOUT);
    CompletableFuture<OutputStream> writing =
        CompletableFuture.supplyAsync(
            () -> {
              try {
                OutputStream out = Files.newOutputStream(pipe);
                out.write(new byte[] {7, 8});
                return out;
              } catch (IOException e) {
                throw new IllegalStateException(e);
              }
            });
    try (InputStream in = location.open().orElseThrow()) {
      assertThat(in.readNBytes(2)).containsExactly(7, 8);

      assertThatThrownBy(in::read).hasMessageEndingWith("when it was to be read");
      writing.join().close();
    }
  }

  @Test
  void aFileThatCannotBeClosedIsGivenUp() throws Exception {
    try (LogLines log = LogLines.open()) {
      InputStream reading =
          new Patience("the file", TIMEOUT)
              .reading(
                  new FilterInputStream(InputStream.nullInputStream()) {
                    @Override
                    public void close() {
                      waitForEver();
                    }
                  });

      assertThatThrownBy(reading::close)
          .isInstanceOf(IOException.class)
          .hasMessageStartingWith("the file: its file system did not answer for 2 s")
          .hasMessageEndingWith("when it was to be closed");
      assertThat(log.with("waiting since 1 s for the file to be closed")).hasSize(1);
    }
  }

  private static void waitForEver() {
    try {
      new CountDownLatch(1).await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Test
  void aFileSystemThatIsLongInComingIsGivenUp() {
    System.setProperty("spark.lockstep.storageTimeout", "2s");
    System.setProperty("spark.hadoop.fs.AbstractFileSystem.late.impl", Late.class.getName());
    try (LogLines log = LogLines.open()) {
      assertThatThrownBy(() -> Location.of("late://there/data"))
          .isInstanceOf(ConfigurationException.class)
          .hasMessageStartingWith(
              "'late://there/data' cannot be reached: late://there/data: its file system did not"
                  + " answer for 2 s (spark.lockstep.storageTimeout) when it was to be reached");
      assertThat(log.with("waiting since 1 s for late://there/data to be reached")).hasSize(1);
    } finally {
      System.clearProperty("spark.lockstep.storageTimeout");
      System.clearProperty("spark.hadoop.fs.AbstractFileSystem.late.impl");
    }
  }

  /** A file system that asks somebody who does not answer before it is there. */
  public static final class Late extends DelegateToFileSystem {
    /** As Hadoop asks for it. */
    public Late(URI uri, Configuration configuration) throws IOException, URISyntaxException {
      super(afterEver(uri), new RawLocalFileSystem(), configuration, "late", false);
    }

    private static URI afterEver(URI uri) {
      waitForEver();
      return uri;
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"soon", "0s", "-1s"})
  void aTimeoutThatIsNoneIsRefused(String value) {
    System.setProperty("spark.lockstep.storageTimeout", value);
    try {
      assertThatThrownBy(() -> Location.of("data"))
          .isInstanceOf(ConfigurationException.class)
          .hasMessage(
              "spark.lockstep.storageTimeout is '%s' but must be a time of at least 1s, such as 30s or 10min"
                  .formatted(value));
    } finally {
      System.clearProperty("spark.lockstep.storageTimeout");
    }
  }
}
