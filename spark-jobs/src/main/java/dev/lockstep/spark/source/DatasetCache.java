package dev.lockstep.spark.source;

import dev.lockstep.data.Dataset;
import dev.lockstep.spark.storage.StoredFile;
import java.lang.ref.SoftReference;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/**
 * Data sets that were loaded in this JVM: one copy of each, given up when memory is short or when
 * its files have changed. Safe for use by many threads; loads one data set at a time.
 */
final class DatasetCache {
  static final DatasetCache SHARED = new DatasetCache();

  private final Map<DatasetSource, Entry> entries = new HashMap<>();

  private record Entry(List<StoredFile> files, SoftReference<Dataset> dataset) {}

  /**
   * The data set of {@code source} if it is here and came from just these {@code files}; otherwise
   * what {@code loading} gives. If that fails, nothing is kept.
   */
  synchronized Dataset get(
      DatasetSource source, List<StoredFile> files, Supplier<Dataset> loading) {
    Entry entry = entries.get(source);
    Dataset kept = entry == null || !entry.files().equals(files) ? null : entry.dataset().get();
    if (kept != null) {
      return kept;
    }
    entries.remove(source);
    entries.values().removeIf(other -> other.dataset().refersTo(null));
    Dataset loaded = loading.get();
    entries.put(source, new Entry(files, new SoftReference<>(loaded)));
    return loaded;
  }
}
