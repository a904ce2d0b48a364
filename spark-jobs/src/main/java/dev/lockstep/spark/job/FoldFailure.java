package dev.lockstep.spark.job;

/**
 * A fold that failed for good.
 *
 * @param name of the fold
 * @param reason what its last attempt ended with, in one line
 */
public record FoldFailure(String name, String reason) {}
