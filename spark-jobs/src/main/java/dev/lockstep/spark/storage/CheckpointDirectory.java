package dev.lockstep.spark.storage;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/**
 * The checkpoints of a run, a directory each. One is written under a name that no reader looks at,
 * its manifest last, and takes its own name by one rename, so that it is there whole or not at all.
 * Where a file system has no atomic rename, one without its manifest, or with fewer bytes than that
 * says, is as good as none.
 *
 * <p>Of all processes only one may write.
 */
public final class CheckpointDirectory {
  /** The name of this directory in the run directory. */
  public static final String NAME = "checkpoints";

  private static final String UNFINISHED = ".tmp";
  private static final String DAMAGED = "damaged-";

  private final Location location;

  /** The checkpoints of the run at {@code run}; the directory need not be there. */
  public CheckpointDirectory(Location run) {
    this.location = run.child(NAME);
  }

  /** Where they lie. */
  public Location location() {
    return location;
  }

  /** Where {@code name} lies. */
  public Location location(CheckpointName name) {
    return location.child(name.toString());
  }

  /** All checkpoints, whole or damaged, the newest first. */
  public List<CheckpointName> newestFirst() throws IOException {
    return location.directories().stream()
        .map(CheckpointName::of)
        .flatMap(Optional::stream)
        .sorted(Comparator.reverseOrder())
        .toList();
  }

  /**
   * Writes a checkpoint, in place of the one of the same name that may be there.
   *
   * @param parts names of files and what they hold
   * @param about what its manifest says besides
   */
  public void write(CheckpointName name, Map<String, Content> parts, ObjectNode about)
      throws IOException {
    Location unfinished = location.child(".%s.%s%s".formatted(name, UUID.randomUUID(), UNFINISHED));
    try {
      unfinished.createDirectory();
      Seal seal = new Seal(about);
      for (Map.Entry<String, Content> part : parts.entrySet()) {
        Digest digest = new Digest();
        unfinished.child(part.getKey()).write(out -> part.getValue().writeTo(digest.over(out)));
        seal.add(part.getKey(), digest);
      }
      unfinished.child(Seal.NAME).write(out -> out.write(seal.toBytes()));
      location(name).delete();
      unfinished.rename(name.toString());
    } catch (IOException | RuntimeException | Error e) {
      try {
        unfinished.delete();
      } catch (IOException suppressed) {
        e.addSuppressed(suppressed);
      }
      throw e;
    }
  }

  /**
   * Opens a checkpoint.
   *
   * @throws DamagedException if its manifest is missing or was altered
   */
  public StoredCheckpoint open(CheckpointName name) throws IOException {
    return StoredCheckpoint.open(location(name));
  }

  /** Keeps the newest {@code keep} checkpoints and deletes the others. */
  public void prune(int keep) throws IOException {
    List<CheckpointName> all = newestFirst();
    for (CheckpointName old : all.subList(Math.min(keep, all.size()), all.size())) {
      location(old).delete();
    }
  }

  /** Takes {@code name} out of the way of {@link #newestFirst} without deleting it. */
  public void setAside(CheckpointName name) throws IOException {
    location.child(DAMAGED + name).delete();
    location(name).rename(DAMAGED + name);
  }

  /** Deletes what a process left that was killed while it wrote. */
  public void deleteUnfinished() throws IOException {
    for (String name : location.directories()) {
      if (name.startsWith(".") && name.endsWith(UNFINISHED)) {
        location.child(name).delete();
      }
    }
  }
}
