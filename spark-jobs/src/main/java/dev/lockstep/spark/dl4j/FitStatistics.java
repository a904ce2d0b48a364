package dev.lockstep.spark.dl4j;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.apache.spark.SparkContext;
import org.deeplearning4j.spark.api.stats.SparkTrainingStats;
import org.deeplearning4j.spark.stats.BaseEventStats;
import org.deeplearning4j.spark.stats.EventStats;
import org.deeplearning4j.spark.stats.StatsUtils;

/** How long the parts of each pass took on the driver. Belongs to one thread. */
final class FitStatistics implements SparkTrainingStats {
  /** Data sets came to the driver. */
  static final String COLLECT = "CollectDataSets";

  /** The gang trained. */
  static final String TRAIN = "Train";

  private static final long serialVersionUID = 1L;

  private final Map<String, List<EventStats>> events = new LinkedHashMap<>();

  /** What {@code work} gives; its time is noted under {@code key}. */
  <T> T time(String key, Supplier<T> work) {
    long started = System.currentTimeMillis();
    T result = work.get();
    long took = System.currentTimeMillis() - started;
    events.computeIfAbsent(key, unused -> new ArrayList<>()).add(new BaseEventStats(started, took));
    return result;
  }

  @Override
  public Set<String> getKeySet() {
    return Collections.unmodifiableSet(events.keySet());
  }

  @Override
  public List<EventStats> getValue(String key) {
    if (!events.containsKey(key)) {
      throw new IllegalArgumentException(
          "there is no statistic '%s'; there are %s".formatted(key, events.keySet()));
    }
    return List.copyOf(events.get(key));
  }

  @Override
  public String getShortNameForKey(String key) {
    return key;
  }

  @Override
  public boolean defaultIncludeInPlots(String key) {
    return true;
  }

  @Override
  public void addOtherTrainingStats(SparkTrainingStats other) {
    for (String key : other.getKeySet()) {
      events.computeIfAbsent(key, unused -> new ArrayList<>()).addAll(other.getValue(key));
    }
  }

  /** None: the driver alone measures. */
  @Override
  public SparkTrainingStats getNestedTrainingStats() {
    return null;
  }

  @Override
  public String statsAsString() {
    StringBuilder text = new StringBuilder();
    events.forEach(
        (key, values) ->
            text.append(
                "%s: %d times, %d ms%n"
                    .formatted(
                        key,
                        values.size(),
                        values.stream().mapToLong(EventStats::getDurationMs).sum())));
    return text.toString();
  }

  @Override
  public void exportStatFiles(String outputPath, SparkContext spark) throws IOException {
    for (Map.Entry<String, List<EventStats>> each : events.entrySet()) {
      StatsUtils.exportStats(each.getValue(), outputPath, each.getKey() + ".txt", ",", spark);
    }
  }
}
