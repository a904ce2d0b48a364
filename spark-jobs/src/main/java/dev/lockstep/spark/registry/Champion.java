package dev.lockstep.spark.registry;

import java.time.Instant;

/**
 * One entry of the history of champions; the one with the highest sequence is in force.
 *
 * @param sequence from 1, without gaps
 * @param version of the model, from 1
 * @param parent the version that was the champion before; 0 if there was none
 * @param reason why it took that one's place, for a reader
 * @param time when it did
 */
public record Champion(long sequence, int version, int parent, String reason, Instant time) {}
