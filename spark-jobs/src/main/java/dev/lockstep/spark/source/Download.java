package dev.lockstep.spark.source;

import dev.lockstep.spark.storage.Digest;
import dev.lockstep.yaml.ConfigurationException;
import dev.lockstep.yaml.Section;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLConnection;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A file that was fetched, whole, into a temporary file that {@link #close} deletes. Redirections
 * are not followed: nobody is asked but whom the user named.
 */
final class Download implements AutoCloseable {
  /** No file of MNIST's relatives is as large, nor is any of them as long in coming. */
  private static final long MOST_BYTES = 1L << 30;

  private static final Duration LONGEST = Duration.ofHours(1);

  /** How long a server is waited for, in milliseconds: for its answer, and for its next bytes. */
  private static final int SILENCE = 60_000;

  private static final long REPORT_SECONDS = 10;
  private static final Logger LOG = LoggerFactory.getLogger(Download.class);

  private final Path file;
  private final String sha256;

  private Download(Path file, String sha256) {
    this.file = file;
    this.sha256 = sha256;
  }

  /**
   * The key {@code url}: what names of files are appended to.
   *
   * @return with a slash at its end
   * @throws ConfigurationException if it is not an address that can be fetched from, or has a
   *     password, which would go into the run's files
   */
  static String base(Section section) {
    String written = section.text("url");
    String rule =
        "the address of a directory, http://..., https://... or file:/..., without user, password and query";
    try {
      URI uri = new URI(written.endsWith("/") ? written : written + "/");
      String scheme = uri.getScheme() == null ? "" : uri.getScheme().toLowerCase(Locale.ROOT);
      boolean web = List.of("http", "https").contains(scheme) && uri.getHost() != null;
      boolean local = scheme.equals("file") && uri.getPath() != null;
      if ((web || local)
          && uri.getUserInfo() == null
          && uri.getQuery() == null
          && uri.getFragment() == null) {
        return uri.toString();
      }
    } catch (URISyntaxException e) {
      // Said below.
    }
    // Not the value, which may hold a password.
    throw new ConfigurationException("%s: url must be %s".formatted(section.where(), rule));
  }

  /**
   * Fetches {@code url}. Whoever waits for more than 10 seconds says so.
   *
   * @throws IOException if it cannot be fetched, or not all of it came; the message does not name
   *     {@code url}
   */
  static Download of(String url) throws IOException {
    Path file = Files.createTempFile("lockstep", ".part");
    AtomicLong arrived = new AtomicLong();
    ScheduledExecutorService reports =
        Executors.newSingleThreadScheduledExecutor(
            task -> {
              Thread thread = new Thread(task, "lockstep-download");
              thread.setDaemon(true);
              return thread;
            });
    Future<?> report =
        reports.scheduleAtFixedRate(
            () ->
                LOG.warn(
                    "still fetching {}: {} bytes have come; giving up after {} s without any",
                    url,
                    arrived.get(),
                    SILENCE / 1000),
            REPORT_SECONDS,
            REPORT_SECONDS,
            TimeUnit.SECONDS);
    try {
      return new Download(file, fetch(URI.create(url).toURL().openConnection(), file, arrived));
    } catch (IOException | RuntimeException | Error e) {
      Files.deleteIfExists(file);
      throw e;
    } finally {
      report.cancel(false);
      reports.shutdownNow();
    }
  }

  private static String fetch(URLConnection connection, Path file, AtomicLong arrived)
      throws IOException {
    long end = System.nanoTime() + LONGEST.toNanos();
    connection.setConnectTimeout(SILENCE);
    connection.setReadTimeout(SILENCE);
    if (connection instanceof HttpURLConnection http) {
      http.setInstanceFollowRedirects(false);
      requireOk(http);
    }
    long announced = connection.getContentLengthLong();
    Digest digest = new Digest();
    try (InputStream in = connection.getInputStream();
        OutputStream out = digest.over(Files.newOutputStream(file))) {
      byte[] buffer = new byte[1 << 16];
      for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
        out.write(buffer, 0, count);
        if (arrived.addAndGet(count) > MOST_BYTES || System.nanoTime() - end > 0) {
          throw new IOException(
              "more than %d bytes, or longer than %d minutes"
                  .formatted(MOST_BYTES, LONGEST.toMinutes()));
        }
      }
    }
    if (announced >= 0 && announced != arrived.get()) {
      throw new IOException(
          "%d bytes came of the %d that were announced".formatted(arrived.get(), announced));
    }
    return digest.sha256();
  }

  private static void requireOk(HttpURLConnection http) throws IOException {
    int status = http.getResponseCode();
    String elsewhere = http.getHeaderField("Location");
    if (status >= 300 && status < 400 && elsewhere != null) {
      throw new IOException(
          "the server answers with status %d and sends to %s, where nothing is fetched unless you name it"
              .formatted(status, elsewhere.replaceAll("\\p{Cntrl}", "?")));
    }
    if (status != HttpURLConnection.HTTP_OK) {
      throw new IOException(
          "the server answers with status %d but must with 200".formatted(status));
    }
  }

  /** The SHA-256 of its content, as 64 hexadecimal digits. */
  String sha256() {
    return sha256;
  }

  /** Writes its content. */
  void copy(OutputStream out) throws IOException {
    Files.copy(file, out);
  }

  @Override
  public void close() throws IOException {
    Files.deleteIfExists(file);
  }
}
