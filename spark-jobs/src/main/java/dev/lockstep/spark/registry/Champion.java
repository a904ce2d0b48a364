package dev.lockstep.spark.registry;

/**
 * One entry of the history of champions; the one with the highest sequence is in force.
 *
 * @param sequence from 1
 * @param version of the model, from 1
 */
public record Champion(long sequence, int version) {}
