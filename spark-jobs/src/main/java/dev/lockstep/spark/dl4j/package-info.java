/**
 * Lockstep behind DL4J's own interface for training on Spark: programs that are written for DL4J
 * exchange its training master for this one. Updaters, their state and data sets are translated at
 * the boundary; the gang in between knows nothing of them.
 *
 * <p>May import {@code trainer} and {@code gang}, and is imported by none.
 */
package dev.lockstep.spark.dl4j;
