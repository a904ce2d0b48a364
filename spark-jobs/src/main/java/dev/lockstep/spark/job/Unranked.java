package dev.lockstep.spark.job;

import java.util.List;

/**
 * A candidate that is not compared with the others.
 *
 * @param candidate its number
 * @param missing the numbers of the splits that it lacks and another candidate has finished
 */
public record Unranked(int candidate, List<Integer> missing) {}
