package dev.lockstep.spark.source;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.lockstep.data.Dataset;
import dev.lockstep.data.Examples;
import dev.lockstep.data.IdxDirectory;
import dev.lockstep.spark.source.ParquetRows.Label;
import dev.lockstep.spark.storage.Location;
import dev.lockstep.spark.storage.StoredFile;
import dev.lockstep.yaml.ConfigurationException;
import dev.lockstep.yaml.Section;
import java.io.IOException;
import java.io.Serializable;
import java.time.LocalDate;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.IntStream;

/**
 * A directory of partitions, one a day: {@code dt=2026-11-22} and so on, of which each holds IDX
 * files ({@link IdxDirectory#examples(boolean)}) or Parquet files. Their examples stand in the
 * order of the days. Which of them are test examples is decided by what they are ({@link
 * Examples#heldOutByContent}), so that one that is held out today is held out on all days to come,
 * and a copy of it as well.
 *
 * @param directory absolute path or URI
 * @param days how many days before and with the last one are taken; 0 for all
 * @param through the last day, {@code 2026-11-22}; empty for the newest there is
 * @param classes how many there are; 0 for as many as the highest label and one
 * @param fraction about which part is held out for tests, more than 0 and less than 1
 * @param seed what decides which
 */
public record PartitionedDataset(
    String directory,
    int days,
    String through,
    Format format,
    int classes,
    double fraction,
    long seed)
    implements DatasetSource {
  /** What tells that a mapping is of this kind, and its path. */
  static final String KEY = "partitions";

  private static final String PREFIX = "dt=";
  private static final String ALL = "all";
  private static final int MOST_DAYS = 100_000;
  private static final double DEFAULT_FRACTION = 0.1;
  private static final long DEFAULT_SEED = 1;

  /** What the files of a partition are. */
  sealed interface Format extends Serializable {}

  /** IDX files. */
  record Idx() implements Format {}

  /** Parquet files with these columns. */
  record Parquet(ParquetColumns columns, String label) implements Format {}

  /**
   * Reads {@code partitions} (a path), {@code window} ({@code all}, or a number of days), {@code
   * through} (a day), {@code classes}, {@code test} ({@code {fraction: 0.1, seed: 1}}) and, for
   * Parquet files, {@code features}, {@code shape} and {@code label}.
   *
   * @throws ConfigurationException if a key is missing or unknown, or a value cannot be used
   */
  static PartitionedDataset read(Section section) {
    String directory = Location.of(section.text(KEY)).absolute();
    int days = window(section);
    String through = through(section);
    Format format =
        ParquetColumns.readIfAny(section)
            .<Format>map(columns -> new Parquet(columns, section.text("label")))
            .orElseGet(Idx::new);
    int classes = (int) section.whole("classes", 0, 1, Examples.MOST_CLASSES);
    Section test = section.section("test");
    double fraction =
        test.number(
            "fraction", DEFAULT_FRACTION, "more than 0 and less than 1", f -> f > 0 && f < 1);
    long seed = test.whole("seed", DEFAULT_SEED, 0, Long.MAX_VALUE);
    test.done();
    section.done();
    return new PartitionedDataset(directory, days, through, format, classes, fraction, seed);
  }

  private static int window(Section section) {
    return section.text("window", ALL).equals(ALL)
        ? 0
        : (int) section.whole("window", 0, 1, MOST_DAYS);
  }

  private static String through(Section section) {
    String written = section.text("through", "");
    if (!written.isEmpty() && day(written).isEmpty()) {
      throw section.wrong("through", TextNode.valueOf(written), "a day such as '2026-11-22'");
    }
    return written;
  }

  private static Optional<LocalDate> day(String written) {
    try {
      return Optional.of(LocalDate.parse(written));
    } catch (DateTimeParseException e) {
      return Optional.empty();
    }
  }

  @Override
  public String written() {
    return tree().toString();
  }

  /** As a configuration says it. */
  public JsonNode tree() {
    ObjectNode tree = JsonNodeFactory.instance.objectNode().put(KEY, directory);
    if (days > 0) {
      tree.put("window", days);
    }
    if (!through.isEmpty()) {
      tree.put("through", through);
    }
    if (format instanceof Parquet parquet) {
      parquet.columns().write(tree);
      tree.put("label", parquet.label());
    }
    if (classes > 0) {
      tree.put("classes", classes);
    }
    tree.putObject("test").put("fraction", fraction).put("seed", seed);
    return tree;
  }

  /** Whether {@code other} holds out every example, of those that both have, that this one does. */
  public boolean holdsOutOnlyWhat(PartitionedDataset other) {
    return seed == other.seed && fraction <= other.fraction;
  }

  /**
   * The same data set without the partitions of later days that may come to be.
   *
   * @throws ConfigurationException if there is no partition
   */
  public PartitionedDataset asOfNow() {
    List<LocalDate> partitions = partitions();
    return new PartitionedDataset(
        directory,
        days,
        partitions.get(partitions.size() - 1).toString(),
        format,
        classes,
        fraction,
        seed);
  }

  /**
   * The days of the partitions that belong to it, in order.
   *
   * @throws ConfigurationException if there is none, or a directory is called after no day
   */
  public List<LocalDate> partitions() {
    Location location = Location.of(directory);
    List<LocalDate> all = new ArrayList<>();
    try {
      if (location.files().isEmpty()) {
        throw new ConfigurationException(
            "%s: there is no such directory; expected one that holds directories such as dt=2026-11-22"
                .formatted(location));
      }
      for (String name : location.directories()) {
        if (name.startsWith(PREFIX)) {
          all.add(day(name.substring(PREFIX.length())).orElseThrow(() -> noDay(location, name)));
        }
      }
    } catch (IOException e) {
      throw new ConfigurationException(
          "%s: cannot be listed: %s; expected a directory of partitions"
              .formatted(location, Location.reason(e)),
          e);
    }
    LocalDate last =
        through.isEmpty()
            ? all.stream().max(LocalDate::compareTo).orElse(null)
            : LocalDate.parse(through);
    List<LocalDate> chosen =
        all.stream()
            .filter(day -> !day.isAfter(last) && (days == 0 || day.isAfter(last.minusDays(days))))
            .sorted()
            .toList();
    if (chosen.isEmpty()) {
      throw new ConfigurationException(
          "%s: there is no partition%s; expected directories such as dt=2026-11-22"
              .formatted(location, through.isEmpty() ? "" : " of " + through + " or before"));
    }
    return chosen;
  }

  private static ConfigurationException noDay(Location location, String name) {
    return new ConfigurationException(
        "%s: '%s' is called after no day; expected directories such as dt=2026-11-22"
            .formatted(location, name));
  }

  @Override
  public Dataset load() {
    List<Location> partitions = locations();
    return DatasetCache.SHARED.get(this, stored(partitions), () -> read(partitions, false));
  }

  @Override
  public Dataset outline() {
    return read(locations(), true);
  }

  private List<Location> locations() {
    Location location = Location.of(directory);
    return partitions().stream().map(day -> location.child(PREFIX + day)).toList();
  }

  /** What tells whether the files have changed. */
  private static List<StoredFile> stored(List<Location> partitions) {
    List<StoredFile> all = new ArrayList<>();
    for (Location partition : partitions) {
      try {
        for (StoredFile file : partition.files().orElse(List.of())) {
          all.add(
              new StoredFile(partition.name() + "/" + file.name(), file.length(), file.modified()));
        }
      } catch (IOException e) {
        throw new ConfigurationException(
            "%s: cannot be listed: %s".formatted(partition, Location.reason(e)), e);
      }
    }
    return all;
  }

  private Dataset read(List<Location> partitions, boolean outlined) {
    Examples all =
        format instanceof Parquet parquet
            ? parquet(partitions, parquet, outlined)
            : idx(partitions, outlined);
    int[] test = all.heldOutByContent(fraction, seed);
    if (test.length == 0 || test.length == all.size()) {
      throw new ConfigurationException(
          "%s: test.fraction %s holds %d of %d examples out but must hold out at least one and leave one"
              .formatted(directory, fraction, test.length, all.size()));
    }
    boolean[] held = new boolean[all.size()];
    for (int example : test) {
      held[example] = true;
    }
    int[] training = IntStream.range(0, held.length).filter(i -> !held[i]).toArray();
    return new Dataset(directory, all.select(training), all.select(test));
  }

  private Examples idx(List<Location> partitions, boolean outlined) {
    List<Examples> parts = new ArrayList<>();
    for (Location partition : partitions) {
      Examples examples =
          new IdxDirectory(partition.toString(), name -> partition.child(name).open())
              .examples(outlined);
      if (!parts.isEmpty() && !examples.shape().equals(parts.get(0).shape())) {
        throw new ConfigurationException(
            "%s: images are %s but must be %s as in %s"
                .formatted(partition, examples.shape(), parts.get(0).shape(), partitions.get(0)));
      }
      if (classes > 0 && examples.classes() > classes) {
        throw new ConfigurationException(
            "%s: the highest label is %d but must be less than classes, which is %d"
                .formatted(partition, examples.classes() - 1, classes));
      }
      parts.add(examples);
    }
    return Examples.concatenated(parts, classes(parts.stream().mapToInt(Examples::classes).max()));
  }

  private int classes(OptionalInt found) {
    return classes > 0 ? classes : found.orElseThrow();
  }

  private Examples parquet(List<Location> partitions, Parquet parquet, boolean outlined) {
    Label wanted =
        classes > 0
            ? new Label(parquet.label(), classes - 1, "for there are %d classes".formatted(classes))
            : new Label(
                parquet.label(), Examples.MOST_CLASSES - 1, "the highest that there may be");
    ParquetRows rows =
        new ParquetRows(parquet.columns(), Optional.of(wanted), Optional.empty(), outlined);
    for (Location partition : partitions) {
      ParquetTable.at(partition.absolute()).read(rows);
    }
    return new Examples(
        rows.features(), classes(OptionalInt.of(rows.highest() + 1)), rows.labels());
  }
}
