package dev.lockstep.spark.source;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lockstep.data.Dataset;
import dev.lockstep.data.IdxDirectory;
import dev.lockstep.data.MnistRelative;
import dev.lockstep.spark.storage.Digest;
import dev.lockstep.spark.storage.Location;
import dev.lockstep.spark.storage.StoredFile;
import dev.lockstep.yaml.ConfigurationException;
import dev.lockstep.yaml.Section;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.apache.spark.TaskContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One of MNIST's relatives, whose four files lie in a directory of the user's. A file that is not
 * there is fetched if the user says from where, and only by the driver. Every file is compared with
 * a SHA-256: the one that the user gives, or else the published one, or else the one in the
 * directory's {@code SHA256SUMS}, where the driver writes that of a file of which none is known
 * when it first sees it.
 *
 * @param directory absolute path or URI
 * @param url what the files' names are appended to, with a slash at its end; empty to fetch nothing
 * @param sums by the files' names, those that the user gives
 */
record NamedDataset(
    MnistRelative relative, String directory, String url, SortedMap<String, String> sums)
    implements DatasetSource {
  /** What tells that a mapping is of this kind, and the data set's name. */
  static final String KEY = "name";

  /** The known sums of a directory, in the format of {@code sha256sum}. */
  static final String SUMS = "SHA256SUMS";

  private static final int LONGEST_SUMS = 1 << 16;
  private static final Logger LOG = LoggerFactory.getLogger(NamedDataset.class);

  /** The data set {@code relative} in the user's cache. */
  static NamedDataset cached(MnistRelative relative) {
    return new NamedDataset(
        relative,
        cache(relative, System.getenv(), System.getProperty("user.home")),
        "",
        new TreeMap<>());
  }

  /** Where it lies unless told otherwise: {@code lockstep/<name>} in the user's cache directory. */
  static String cache(MnistRelative relative, Map<String, String> environment, String home) {
    String base = environment.getOrDefault("XDG_CACHE_HOME", "");
    // The standard says that a relative path there counts for nothing.
    Path caches = Path.of(base).isAbsolute() ? Path.of(base) : Path.of(home, ".cache");
    return Location.of(caches.resolve("lockstep").resolve(relative.word()).toString()).absolute();
  }

  /**
   * Reads {@code name}, {@code directory} (the user's cache), {@code url} (none) and {@code sha256}
   * (a mapping of files' names to sums; none).
   *
   * @throws ConfigurationException if a key is missing or unknown, or a value cannot be used
   */
  static NamedDataset read(Section section) {
    if (section.text(KEY, "").equals(DatasetSource.MNIST)) {
      throw new ConfigurationException(
          "%s: 'mnist' comes with the program, and has no settings; write dataset: mnist, or dataset: {idx: <directory>} for files of your own"
              .formatted(section.where()));
    }
    MnistRelative relative =
        section.choice(KEY, null, List.of(MnistRelative.values()), MnistRelative::word);
    String directory =
        section.has("directory")
            ? Location.of(section.text("directory")).absolute()
            : cached(relative).directory();
    String url = section.has("url") ? Download.base(section) : "";
    SortedMap<String, String> sums = new TreeMap<>();
    Section given = section.section("sha256");
    for (String file : relative.files()) {
      if (given.has(file)) {
        String sum = given.text(file);
        if (!sum.matches("[0-9a-f]{64}")) {
          throw given.wrong(file, given.value(file), "64 hexadecimal digits");
        }
        sums.put(file, sum);
      }
    }
    given.done();
    section.done();
    return new NamedDataset(relative, directory, url, sums);
  }

  /** Without the URL: whoever is told where a model was trained is not asked to fetch anything. */
  @Override
  public String written() {
    ObjectNode tree =
        JsonNodeFactory.instance.objectNode().put(KEY, relative.word()).put("directory", directory);
    if (!sums.isEmpty()) {
      ObjectNode given = tree.putObject("sha256");
      sums.forEach(given::put);
    }
    return tree.toString();
  }

  @Override
  public Dataset load() {
    Location location = Location.of(directory);
    List<StoredFile> files = present(location);
    return DatasetCache.SHARED.get(
        this,
        files,
        () -> {
          SortedMap<String, String> found = verified(location);
          Dataset read = named(files(location).dataset());
          note(location, found);
          return read;
        });
  }

  @Override
  public Dataset outline() {
    Location location = Location.of(directory);
    present(location);
    SortedMap<String, String> found = verified(location);
    Dataset read = named(files(location).outline());
    note(location, found);
    return read;
  }

  private Dataset named(Dataset read) {
    return new Dataset(relative.word(), read.training(), read.test());
  }

  private IdxDirectory files(Location location) {
    return relative.in(directory, name -> location.child(name).open());
  }

  /** The data set's files, after those that were missing have been fetched. */
  private List<StoredFile> present(Location location) {
    List<StoredFile> files = stored(location);
    List<String> missing = missing(files);
    if (missing.isEmpty()) {
      return files;
    }
    if (url.isEmpty() || TaskContext.get() != null) {
      throw absent(location, missing);
    }
    SortedMap<String, String> noted = noted(location);
    for (String name : missing) {
      fetch(location, name, noted);
    }
    return stored(location);
  }

  private List<StoredFile> stored(Location location) {
    try {
      return location.files().orElse(List.of()).stream()
          .filter(file -> relative.files().contains(file.name()))
          .toList();
    } catch (IOException e) {
      throw new ConfigurationException(
          "%s: cannot be listed: %s; expected a directory with the files of %s"
              .formatted(location, Location.reason(e), relative.word()),
          e);
    }
  }

  private List<String> missing(List<StoredFile> files) {
    List<String> missing = new ArrayList<>(relative.files());
    files.forEach(file -> missing.remove(file.name()));
    return missing;
  }

  private ConfigurationException absent(Location location, List<String> missing) {
    String remedy =
        TaskContext.get() == null
            ? "they are published at %s and are fetched only if you say from where: dataset: {name: %s, url: <address of the directory that has them>}"
                .formatted(relative.home(), relative.word())
            : "an executor reads them itself: name a directory that all machines see, with dataset.directory";
    return new ConfigurationException(
        "data set %s: %s has no %s; put the files there, or name their directory with dataset: {name: %s, directory: <path>}; %s"
            .formatted(
                relative.word(), location, String.join(", ", missing), relative.word(), remedy));
  }

  private void fetch(Location location, String name, SortedMap<String, String> noted) {
    Optional<String> expected = expected(name, noted);
    try (Download download = Download.of(url + name)) {
      if (expected.isPresent() && !expected.get().equals(download.sha256())) {
        throw new ConfigurationException(
            "%s: has SHA-256 %s but must have %s; nothing was kept, name another url%s"
                .formatted(url + name, download.sha256(), expected.get(), source(location, name)));
      }
      location.createDirectory();
      location.child(name).write(download::copy);
      LOG.warn("fetched {} to {}", url + name, location.child(name));
    } catch (IOException e) {
      throw new ConfigurationException(
          "%s: cannot be fetched to %s: %s; nothing was kept"
              .formatted(url + name, location.child(name), Location.reason(e)),
          e);
    }
  }

  private Optional<String> expected(String name, SortedMap<String, String> noted) {
    return Optional.ofNullable(sums.get(name))
        .or(() -> relative.sum(name))
        .or(() -> Optional.ofNullable(noted.get(name)));
  }

  /** Where the sum that {@code name} must have is from, if a user can change that. */
  private String source(Location location, String name) {
    return sums.containsKey(name) || relative.sum(name).isPresent()
        ? ""
        : " (so says %s; if the new file is right, delete its line there)"
            .formatted(location.child(SUMS));
  }

  /** The sums of all files; those that are known are right. */
  private SortedMap<String, String> verified(Location location) {
    SortedMap<String, String> noted = noted(location);
    SortedMap<String, String> all = new TreeMap<>(noted);
    for (String name : relative.files()) {
      String found = sum(location.child(name));
      String expected = expected(name, noted).orElse(null);
      if (expected == null) {
        all.put(name, found);
      } else if (!found.equals(expected)) {
        throw new ConfigurationException(
            "%s: has SHA-256 %s but must have %s; delete it, and get the file again%s"
                .formatted(location.child(name), found, expected, source(location, name)));
      }
    }
    return all;
  }

  private static String sum(Location file) {
    Digest digest = new Digest();
    try (InputStream in =
        file.open()
            .orElseThrow(() -> new ConfigurationException("%s: is gone again".formatted(file)))) {
      in.transferTo(digest.over(OutputStream.nullOutputStream()));
      return digest.sha256();
    } catch (IOException e) {
      throw new ConfigurationException(
          "%s: cannot be read: %s".formatted(file, Location.reason(e)), e);
    }
  }

  /** What {@link #SUMS} says; empty if there is none. */
  private SortedMap<String, String> noted(Location location) {
    SortedMap<String, String> noted = new TreeMap<>();
    Location file = location.child(SUMS);
    try (InputStream in = file.open().orElse(InputStream.nullInputStream())) {
      String text = new String(in.readNBytes(LONGEST_SUMS), StandardCharsets.UTF_8);
      for (String line : text.lines().toList()) {
        if (!line.matches("[0-9a-f]{64} [ *].+")) {
          throw new ConfigurationException(
              "%s: has the line '%s' but must have lines as sha256sum writes them: 64 hexadecimal digits, two spaces, a file's name"
                  .formatted(file, line));
        }
        noted.put(line.substring(66), line.substring(0, 64));
      }
    } catch (IOException e) {
      throw new ConfigurationException(
          "%s: cannot be read: %s".formatted(file, Location.reason(e)), e);
    }
    return noted;
  }

  /** Writes down the sums of files that could be read, if these are not known yet. */
  private void note(Location location, SortedMap<String, String> all) {
    if (TaskContext.get() != null || all.equals(noted(location))) {
      return;
    }
    StringBuilder lines = new StringBuilder();
    all.forEach((name, sum) -> lines.append(sum).append("  ").append(name).append('\n'));
    try {
      location
          .child(SUMS)
          .write(out -> out.write(lines.toString().getBytes(StandardCharsets.UTF_8)));
      LOG.warn(
          "no SHA-256 of the files of {} is known; from now on they must be those that are there now, written down in {}:\n{}",
          relative.word(),
          location.child(SUMS),
          lines.toString().strip());
    } catch (IOException e) {
      LOG.warn(
          "no SHA-256 of the files of {} is known, and {} cannot be written: {}; give them with dataset.sha256:\n{}",
          relative.word(),
          location.child(SUMS),
          Location.reason(e),
          lines.toString().strip());
    }
  }
}
