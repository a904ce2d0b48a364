package dev.lockstep.spark.registry;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lockstep.spark.storage.Location;
import dev.lockstep.spark.storage.StoredFile;
import dev.lockstep.yaml.ConfigurationException;
import dev.lockstep.yaml.Section;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * A directory of models: {@code versions/000001} and so on, each with the files of its run, and
 * {@code champions/000001.json} and so on, the history of champions. That history only grows, by
 * files that one process alone can create, so that no champion has two successors. A version is
 * there once a directory takes its name, and does not change from then on. Safe for use by many
 * threads and processes.
 *
 * @param location where it lies
 */
public record ModelRegistry(Location location) {
  private static final String NUMBER = "%06d";
  private static final String UNFINISHED = ".unfinished-";
  private static final Duration LONG_AGO = Duration.ofHours(1);

  /**
   * Whether a retraining has ever worked here.
   *
   * @throws ConfigurationException if that cannot be told
   */
  public boolean exists() {
    try {
      return location.directories().stream()
          .anyMatch(Set.of("versions", "champions", "lease")::contains);
    } catch (IOException e) {
      throw RegistryFile.unreadable(location, e);
    }
  }

  /**
   * The champion in force.
   *
   * @return empty if there has been none yet
   * @throws ConfigurationException if it cannot be read
   */
  public Optional<Champion> champion() {
    try {
      List<String> entries = RegistryFile.numbered(champions());
      return entries.isEmpty()
          ? Optional.empty()
          : Optional.of(read(entries.get(entries.size() - 1)));
    } catch (IOException e) {
      throw RegistryFile.unreadable(location, e);
    }
  }

  /**
   * All champions there have been, in their order; the last one is in force.
   *
   * @throws ConfigurationException if they cannot be read
   */
  public List<Champion> history() {
    try {
      List<Champion> history = new ArrayList<>();
      for (String entry : RegistryFile.numbered(champions())) {
        history.add(read(entry));
      }
      return history;
    } catch (IOException e) {
      throw RegistryFile.unreadable(location, e);
    }
  }

  private Champion read(String name) throws IOException {
    Section entry = RegistryFile.read(champions().child(name));
    Champion champion =
        new Champion(
            RegistryFile.number(name),
            entry.whole("version", 1),
            entry.whole("parent", 0, 0),
            entry.text("reason"),
            RegistryFile.time(entry, "time"));
    entry.done();
    return champion;
  }

  /**
   * Makes {@code version} the successor of {@code parent}.
   *
   * @param parent the champion that it was compared with; empty if there was none
   * @param reason why, for whoever reads the history
   * @return false if {@code parent} has a successor already: nothing has changed then
   * @throws ConfigurationException if there is no such version
   * @throws IOException if the registry cannot be written to
   */
  public boolean promote(int version, Optional<Champion> parent, String reason) throws IOException {
    version(version);
    create(champions());
    ObjectNode entry =
        JsonNodeFactory.instance
            .objectNode()
            .put("version", version)
            .put("parent", parent.map(Champion::version).orElse(0))
            .put("reason", reason)
            .put("time", Instant.now().truncatedTo(ChronoUnit.SECONDS).toString());
    long sequence = parent.map(Champion::sequence).orElse(0L) + 1;
    return champions().child(RegistryFile.name(sequence)).create(RegistryFile.content(entry));
  }

  /**
   * The version that was the champion before that of the last entry of {@code history} became one
   * for the first time: where a rollback leads.
   *
   * @return empty if there was none
   */
  public static Optional<Integer> previous(List<Champion> history) {
    if (history.isEmpty()) {
      return Optional.empty();
    }
    int now = history.get(history.size() - 1).version();
    int parent =
        history.stream().filter(entry -> entry.version() == now).findFirst().orElseThrow().parent();
    return parent == 0 ? Optional.empty() : Optional.of(parent);
  }

  /**
   * Where the files of {@code version} lie.
   *
   * @throws ConfigurationException if there is no such version
   */
  public Location version(int version) {
    Location directory = versions().child(NUMBER.formatted(version));
    try {
      if (directory.files().isPresent()) {
        return directory;
      }
    } catch (IOException e) {
      throw RegistryFile.unreadable(directory, e);
    }
    throw new ConfigurationException(
        "%s: there is no version %d of the model".formatted(location, version));
  }

  /**
   * The numbers of all versions, in order.
   *
   * @throws ConfigurationException if they cannot be listed
   */
  public List<Integer> numbers() {
    try {
      return versions().directories().stream()
          .filter(name -> name.matches("[0-9]{6}"))
          .map(Integer::valueOf)
          .toList();
    } catch (IOException e) {
      throw RegistryFile.unreadable(versions(), e);
    }
  }

  /**
   * What is written about a version; empty if nothing is, as of one that was put there by hand.
   *
   * @throws ConfigurationException if there is no such version, or its file is damaged
   */
  public Optional<Version> about(int version) {
    Location file = version(version).child(Version.NAME);
    try {
      if (!exists(file)) {
        return Optional.empty();
      }
      return Optional.of(Version.read(RegistryFile.read(file)));
    } catch (IOException e) {
      throw RegistryFile.unreadable(file, e);
    }
  }

  private static boolean exists(Location file) throws IOException {
    Optional<InputStream> in = file.open();
    if (in.isPresent()) {
      in.get().close();
    }
    return in.isPresent();
  }

  /**
   * Where the holder of the lease {@code fence} is to train what may become the next version.
   *
   * @throws IOException if the registry cannot be written to
   */
  public Location unfinished(long fence) throws IOException {
    create(versions());
    int next = numbers().stream().mapToInt(Integer::intValue).max().orElse(0) + 1;
    return versions().child(NUMBER.formatted(next) + UNFINISHED + fence);
  }

  /**
   * Makes a version of what {@link #unfinished} gave: writes {@code about} as the last of its
   * files, and lets the directory take its number.
   *
   * @return the number
   * @throws IOException if that number is taken, or the registry cannot be written to
   */
  public int publish(Location unfinished, Version about) throws IOException {
    unfinished.child(Version.NAME).write(RegistryFile.content(about.toJson()));
    String number = unfinished.name().substring(0, unfinished.name().indexOf(UNFINISHED));
    unfinished.rename(number);
    return Integer.parseInt(number);
  }

  /**
   * Deletes what processes left that ended before their time, trainings and files that were to take
   * a name: call it as the lease's holder. Such files may be of a process that lives and has no
   * lease, unless they are old.
   */
  public void deleteUnfinished() throws IOException {
    for (String name : versions().directories()) {
      if (name.contains(UNFINISHED)) {
        versions().child(name).delete();
      }
    }
    long old = Instant.now().minus(LONG_AGO).toEpochMilli();
    for (Location directory : List.of(champions(), location.child("lease"))) {
      for (StoredFile file : directory.files().orElse(List.of())) {
        if (file.name().matches("\\..*\\.tmp") && file.modified() < old) {
          directory.child(file.name()).delete();
        }
      }
    }
  }

  /**
   * Deletes versions that never were the champion, but for the newest {@code keep} of them: call it
   * as the lease's holder. The newest version of all stays, so that no number is given twice.
   *
   * @return their numbers
   */
  public List<Integer> prune(int keep) throws IOException {
    Set<Integer> named = history().stream().map(Champion::version).collect(Collectors.toSet());
    List<Integer> numbers = numbers();
    numbers.stream().skip(Math.max(0, numbers.size() - 1)).forEach(named::add);
    List<Integer> free = numbers.stream().filter(number -> !named.contains(number)).toList();
    List<Integer> pruned = free.subList(0, Math.max(0, free.size() - keep));
    for (int number : pruned) {
      String gone = NUMBER.formatted(number) + UNFINISHED + 0;
      version(number).rename(gone); // at once, where deleting takes a while
      versions().child(gone).delete();
    }
    return pruned;
  }

  private static void create(Location directory) throws IOException {
    if (directory.files().isEmpty()) {
      directory.createDirectory();
    }
  }

  private Location champions() {
    return location.child("champions");
  }

  private Location versions() {
    return location.child("versions");
  }
}
