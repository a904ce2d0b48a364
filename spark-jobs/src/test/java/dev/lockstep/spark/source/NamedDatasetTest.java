package dev.lockstep.spark.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.lockstep.data.Dataset;
import dev.lockstep.data.MnistRelative;
import dev.lockstep.data.Shape;
import dev.lockstep.spark.LogLines;
import dev.lockstep.yaml.ConfigurationException;
import dev.lockstep.yaml.Section;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Data sets by name, from a directory and from a server on this machine. */
class NamedDatasetTest {
  @TempDir Path temporary;

  /** What the server has, by name. */
  private final Map<String, byte[]> published = new TreeMap<>();

  private final List<String> asked = new CopyOnWriteArrayList<>();
  private Path cache;
  private HttpServer server;
  private String url;

  @BeforeEach
  void serve() throws IOException {
    cache = temporary.resolve("cache");
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/", this::answer);
    server.start();
    url = "http://127.0.0.1:%d/sets".formatted(server.getAddress().getPort());
    published.putAll(letters());
  }

  @AfterEach
  void stop() {
    server.stop(0);
  }

  private void answer(HttpExchange exchange) throws IOException {
    String path = exchange.getRequestURI().getPath();
    asked.add(path);
    byte[] content = published.get(path.replaceFirst("/sets/", ""));
    if (content == null) {
      exchange.sendResponseHeaders(404, -1);
    } else {
      exchange.sendResponseHeaders(200, content.length);
      exchange.getResponseBody().write(content);
    }
    exchange.close();
  }

  /** Three letters of two rows and three columns for training and one for the test, as EMNIST. */
  private static Map<String, byte[]> letters() throws IOException {
    return Map.of(
        "emnist-letters-train-images-idx3-ubyte.gz",
        // Column by column: the first image has the rows 1 2 3 and 4 5 6.
        images(1, 4, 2, 5, 3, 6, 11, 14, 12, 15, 13, 16, 21, 24, 22, 25, 23, 26),
        "emnist-letters-train-labels-idx1-ubyte.gz",
        labels(1, 26, 2),
        "emnist-letters-test-images-idx3-ubyte.gz",
        images(31, 34, 32, 35, 33, 36),
        "emnist-letters-test-labels-idx1-ubyte.gz",
        labels(3));
  }

  private static byte[] images(int... pixels) throws IOException {
    ByteBuffer file = ByteBuffer.allocate(16 + pixels.length);
    file.putInt(0x803).putInt(pixels.length / 6).putInt(3).putInt(2);
    for (int pixel : pixels) {
      file.put((byte) pixel);
    }
    return gzip(file.array());
  }

  private static byte[] labels(int... labels) throws IOException {
    ByteBuffer file = ByteBuffer.allocate(8 + labels.length).putInt(0x801).putInt(labels.length);
    for (int label : labels) {
      file.put((byte) label);
    }
    return gzip(file.array());
  }

  private static byte[] gzip(byte[] content) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (GZIPOutputStream out = new GZIPOutputStream(bytes)) {
      out.write(content);
    }
    return bytes.toByteArray();
  }

  private static String sha256(byte[] content) throws Exception {
    return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
  }

  private void keepInCache() throws IOException {
    Files.createDirectories(cache);
    for (Map.Entry<String, byte[]> file : published.entrySet()) {
      Files.write(cache.resolve(file.getKey()), file.getValue());
    }
  }

  private List<String> kept() throws IOException {
    if (!Files.exists(cache)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(cache)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  private DatasetSource letters(String more) {
    return DatasetSource.read(
        Section.parse(
            "a.yaml", "dataset: {name: emnist-letters, directory: '%s'%s}".formatted(cache, more)));
  }

  private void assertRefused(DatasetSource source, String... parts) {
    for (boolean outlined : new boolean[] {false, true}) {
      assertThatThrownBy(() -> load(source, outlined))
          .isInstanceOf(ConfigurationException.class)
          .hasMessageContainingAll(parts);
    }
  }

  private static Dataset load(DatasetSource source, boolean outlined) {
    return outlined ? source.outline() : source.load();
  }

  private static List<Integer> pixels(Dataset dataset, int example) {
    float[] numbers = new float[dataset.shape().size()];
    dataset.training().copy(example, numbers, 0);
    return Stream.iterate(0, i -> i < numbers.length, i -> i + 1)
        .map(i -> Math.round(numbers[i] * 255))
        .toList();
  }

  @Test
  void emnistsImagesStandUprightAndItsClassesCountFromZero() throws IOException {
    keepInCache();

    Dataset dataset = letters("").load();

    assertThat(dataset.name()).isEqualTo("emnist-letters");
    assertThat(dataset.shape()).isEqualTo(new Shape(2, 3, 1));
    assertThat(dataset.classes()).isEqualTo(26);
    assertThat(pixels(dataset, 0)).containsExactly(1, 2, 3, 4, 5, 6);
    assertThat(pixels(dataset, 1)).containsExactly(11, 12, 13, 14, 15, 16);
    assertThat(dataset.training().label(0)).isZero();
    assertThat(dataset.training().label(1)).isEqualTo(25);
    assertThat(dataset.test().label(0)).isEqualTo(2);
    assertThat(letters("").outline().training().fingerprint())
        .isEqualTo(dataset.training().fingerprint());
    assertThat(asked).isEmpty();
  }

  @Test
  void aLabelThatIsNoLetterIsRefused() throws IOException {
    published.put("emnist-letters-test-labels-idx1-ubyte.gz", labels(0));
    keepInCache();
    assertRefused(
        letters(""), "emnist-letters-test-labels-idx1-ubyte.gz: label 0 (from 0) is 0 but must");

    published.put("emnist-letters-test-labels-idx1-ubyte.gz", labels(27));
    keepInCache();
    assertRefused(letters(""), "label 0 (from 0) is 27 but must be from 1 to 26");
  }

  @Test
  void whatIsNotThereIsNamedAndNobodyIsAsked() throws IOException {
    assertRefused(
        letters(""),
        "data set emnist-letters: " + cache + " has no emnist-letters-train-images-idx3-ubyte.gz,",
        "emnist-letters-test-labels-idx1-ubyte.gz; put the files there",
        "dataset: {name: emnist-letters, directory: <path>}",
        "published at https://www.nist.gov/",
        "dataset: {name: emnist-letters, url: <address");
    assertThat(asked).isEmpty();
    assertThat(kept()).isEmpty();
  }

  @Test
  void whatIsMissingIsFetchedOnceFromTheAddressThatTheUserNames() throws IOException {
    DatasetSource source = letters(", url: '" + url + "'");

    Dataset dataset = source.load();
    Dataset again = source.outline();

    assertThat(asked).hasSize(4).allMatch(path -> path.startsWith("/sets/emnist-letters-"));
    assertThat(pixels(dataset, 0)).containsExactly(1, 2, 3, 4, 5, 6);
    assertThat(again.training().fingerprint()).isEqualTo(dataset.training().fingerprint());
    assertThat(kept()).hasSize(5).contains("SHA256SUMS").containsAll(published.keySet());
  }

  @Test
  void aDirectoryMayBeNamedByItsFileAddress() throws IOException {
    Path theirs = Files.createDirectory(temporary.resolve("theirs"));
    for (Map.Entry<String, byte[]> file : published.entrySet()) {
      Files.write(theirs.resolve(file.getKey()), file.getValue());
    }

    Dataset dataset = letters(", url: '" + theirs.toUri() + "'").load();

    assertThat(dataset.training().size()).isEqualTo(3);
    assertThat(asked).isEmpty();
  }

  @Test
  void aFileThatIsNotThePublishedOneIsRefusedAndNothingIsKept() throws IOException {
    for (String name : MnistRelative.KMNIST.files()) {
      published.put(name, images(1, 2, 3, 4, 5, 6));
    }
    DatasetSource source =
        DatasetSource.read(
            Section.parse(
                "a.yaml",
                "dataset: {name: kmnist, directory: '%s', url: '%s'}".formatted(cache, url)));

    assertRefused(
        source,
        url + "/train-images-idx3-ubyte.gz: has SHA-256 ",
        "but must have 51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4;"
            + " nothing was kept");
    assertThat(kept()).isEmpty();
  }

  @Test
  void aSumOfTheUsersIsTheOneThatCounts() throws Exception {
    String file = "emnist-letters-train-images-idx3-ubyte.gz";
    String right = sha256(published.get(file));
    String wrong = "0".repeat(64);

    assertRefused(
        letters(", url: '%s', sha256: {%s: '%s'}".formatted(url, file, wrong)),
        "has SHA-256 " + right + " but must have " + wrong);
    assertThat(kept()).isEmpty();
    DatasetSource pinned = letters(", url: '%s', sha256: {%s: '%s'}".formatted(url, file, right));
    assertThat(pinned.load().training().size()).isEqualTo(3);

    Files.write(cache.resolve(file), gzip(new byte[7]));
    assertRefused(pinned, cache.resolve(file) + ": has SHA-256 ", "but must have " + right);
  }

  @Test
  void withoutAKnownSumTheFirstFilesAreRememberedAndHeldTo() throws Exception {
    keepInCache();
    String file = "emnist-letters-train-labels-idx1-ubyte.gz";
    try (LogLines log = LogLines.open()) {
      letters("").load();

      assertThat(log.await("no SHA-256 of the files of emnist-letters is known"))
          .contains(sha256(published.get(file)) + "  " + file);
    }
    assertThat(Files.readString(cache.resolve("SHA256SUMS")))
        .isEqualTo(
            new TreeMap<>(published)
                .entrySet().stream()
                    .map(each -> sum(each.getValue()) + "  " + each.getKey() + "\n")
                    .collect(Collectors.joining()));

    Files.write(cache.resolve(file), labels(2, 2, 2));
    assertRefused(
        letters(""),
        cache.resolve(file) + ": has SHA-256 " + sha256(labels(2, 2, 2)),
        "but must have " + sha256(published.get(file)));
  }

  private static String sum(byte[] content) {
    try {
      return sha256(content);
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void aServerThatHasItNotIsQuotedAndNothingIsKept() throws IOException {
    published.clear();

    assertRefused(
        letters(", url: '" + url + "'"),
        url + "/emnist-letters-train-images-idx3-ubyte.gz: cannot be fetched to " + cache,
        "status 404 but must with 200; nothing was kept");
    assertThat(kept()).isEmpty();
  }

  @Test
  void aBodyThatEndsEarlyIsRefusedAndNothingIsKept() throws IOException {
    server.createContext(
        "/short",
        exchange -> {
          exchange.sendResponseHeaders(200, 1000);
          exchange.getResponseBody().write("begun".getBytes(StandardCharsets.UTF_8));
          exchange.close();
        });

    assertRefused(
        letters(", url: '" + url.replace("/sets", "/short") + "'"),
        "cannot be fetched to " + cache,
        "nothing was kept");
    assertThat(kept()).isEmpty();
  }

  @Test
  void aRedirectionIsNotFollowed() throws IOException {
    server.createContext(
        "/moved",
        exchange -> {
          exchange.getResponseHeaders().add("Location", "/sets/elsewhere");
          exchange.sendResponseHeaders(302, -1);
          exchange.close();
        });

    assertRefused(
        letters(", url: '" + url.replace("/sets", "/moved") + "'"),
        "answers with status 302 and sends to /sets/elsewhere, where nothing is fetched unless");
    assertThat(asked).isEmpty();
    assertThat(kept()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{name: emnist-leters} | dataset.name is 'emnist-leters' but must be one of fashion-mnist,",
        "{name: kmnist, url: 'ftp://somewhere/'} | dataset: url must be the address of a directory",
        "{name: kmnist, url: 'http://me:secret@host/'} | without user, password and query",
        "{name: kmnist, url: 'http://host/?token=secret'} | without user, password and query",
        "{name: kmnist, sha256: {train.gz: aa}} | dataset.sha256: unknown key 'train.gz'",
        "{name: kmnist, sha256: {train-images-idx3-ubyte.gz: aa}} | is 'aa' but must be 64 hex",
        "{name: kmnist, fetch: true} | dataset: unknown key 'fetch'"
      })
  void aSettingThatCannotBeUsedIsRefused(String dataset, String message) {
    assertThatThrownBy(() -> DatasetSource.read(Section.parse("a.yaml", "dataset: " + dataset)))
        .isInstanceOf(ConfigurationException.class)
        .hasMessageContaining(message)
        .hasMessageNotContaining("secret");
  }

  @Test
  void aModelRemembersItsDataSetButNotWhereItCameFrom() throws Exception {
    String file = "emnist-letters-train-images-idx3-ubyte.gz";
    String sum = sha256(published.get(file));
    DatasetSource source = letters(", url: '%s', sha256: {%s: '%s'}".formatted(url, file, sum));

    DatasetSource later = DatasetSource.of(source.written());

    assertThat(source.written()).doesNotContain("127.0.0.1");
    assertThat(later).isEqualTo(letters(", sha256: {%s: '%s'}".formatted(file, sum)));
  }

  @Test
  void itLiesInTheUsersCacheUnlessToldOtherwise() {
    assertThat(NamedDataset.cache(MnistRelative.KMNIST, Map.of(), "/home/ann"))
        .isEqualTo("/home/ann/.cache/lockstep/kmnist");
    assertThat(
            NamedDataset.cache(
                MnistRelative.KMNIST, Map.of("XDG_CACHE_HOME", "/var/cache"), "/home/ann"))
        .isEqualTo("/var/cache/lockstep/kmnist");
    assertThat(DatasetSource.of("fashion-mnist"))
        .isEqualTo(DatasetSource.read(Section.parse("a.yaml", "dataset: fashion-mnist")));
  }
}
