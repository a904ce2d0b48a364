package dev.lockstep.report;

/**
 * A stretch of time in which something ran.
 *
 * @param lane the row of the timeline: {@code worker 0}, {@code fold 3}
 * @param place where it ran: a host, an executor
 * @param attempt from 0, the first
 * @param start seconds since the run began, at least 0
 * @param end seconds since the run began, at least {@code start}
 * @param outcome how it ended, a word: {@code done}, {@code failed}, {@code killed}
 */
public record Span(
    String lane, String place, int attempt, double start, double end, String outcome) {
  /**
   * @throws IllegalArgumentException if a part is missing or the times are not in order
   */
  public Span {
    Values.require("lane", lane);
    Values.require("place", place);
    Values.require("outcome", outcome);
    if (!(start >= 0 && end >= start && end < Double.POSITIVE_INFINITY) || attempt < 0) {
      throw new IllegalArgumentException(
          "attempt %d of %s from %s to %s seconds, but times must ascend from 0"
              .formatted(attempt, lane, start, end));
    }
  }

  /** The same, {@code seconds} later; at least 0. */
  public Span later(double seconds) {
    return new Span(lane, place, attempt, start + seconds, end + seconds, outcome);
  }
}
