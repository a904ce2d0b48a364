package dev.lockstep.spark.job;

import dev.lockstep.spark.registry.Champion;
import dev.lockstep.spark.registry.Version;
import java.time.LocalDate;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * What a retraining came to.
 *
 * @param decision what was done
 * @param reason why, for a reader
 * @param partitions the days whose data were looked at; empty if it did not come to that
 * @param data what these are; empty if they cannot be read
 * @param version the number of the version that was made, or of the one that stands for these data
 *     already; 0 for none
 * @param about what the registry says of it
 * @param champion the one in force at the end
 */
public record RetrainingResult(
    Decision decision,
    String reason,
    List<LocalDate> partitions,
    Optional<Version.Data> data,
    int version,
    Optional<Version> about,
    Optional<Champion> champion) {

  public RetrainingResult {
    partitions = List.copyOf(partitions);
  }

  /** In one line: what was done, with which version and data, and why. */
  @Override
  public String toString() {
    String days =
        partitions.isEmpty()
            ? ""
            : ", data of %s to %s"
                .formatted(partitions.get(0), partitions.get(partitions.size() - 1));
    return "%s%s%s%s%s: %s"
        .formatted(
            decision.word(),
            version > 0 ? ", version " + version : "",
            champion.map(entry -> ", champion " + entry.version()).orElse(""),
            days,
            data.map(about -> ", fingerprint " + about.fingerprint()).orElse(""),
            reason);
  }

  /** What a retraining may do. */
  public enum Decision {
    /** The challenger is the champion now. */
    PROMOTED,
    /** Data and settings are those of a version that there is already. */
    UNCHANGED,
    /** The gate kept the champion. */
    REFUSED,
    /** The data cannot be read, or are not what they should be. */
    DATA_REFUSED,
    /** Another process has the lease. */
    LEASE_HELD,
    /** Something else went wrong. */
    FAILED;

    /** The word for it in summaries. */
    public String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }
}
