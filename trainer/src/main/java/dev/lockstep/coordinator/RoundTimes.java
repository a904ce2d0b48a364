package dev.lockstep.coordinator;

import java.util.Arrays;

/** Where the time of the newest training rounds went; guarded by the coordinator. */
final class RoundTimes {
  private static final int KEPT = 1 << 14;

  private final long[] round = new long[KEPT];
  private final long[] compute = new long[KEPT];
  private final long[] wire = new long[KEPT];
  private final long[] wait = new long[KEPT];
  private final long[] update = new long[KEPT];
  private long rounds;

  /** Adds one round. */
  void add(RoundTime time) {
    int at = (int) (rounds++ % KEPT);
    round[at] = time.nanos();
    compute[at] = time.computeNanos();
    wire[at] = time.wireNanos();
    wait[at] = time.waitNanos();
    update[at] = time.updateNanos();
  }

  /** The medians over the rounds kept. */
  RoundSummary summary() {
    int kept = (int) Math.min(rounds, KEPT);
    return new RoundSummary(
        rounds,
        median(round, kept),
        median(compute, kept),
        median(wire, kept),
        median(wait, kept),
        median(update, kept));
  }

  private static double median(long[] nanos, int kept) {
    if (kept == 0) {
      return 0;
    }
    long[] sorted = Arrays.copyOf(nanos, kept);
    Arrays.sort(sorted);
    return sorted[kept / 2] * 1e-6;
  }
}
