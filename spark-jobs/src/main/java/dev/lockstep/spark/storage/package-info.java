/**
 * Places on the local file system and on Hadoop's, and the run directory. May import Hadoop,
 * Spark's configuration, {@code dev.lockstep.yaml} and {@code dev.lockstep.config}.
 */
package dev.lockstep.spark.storage;
